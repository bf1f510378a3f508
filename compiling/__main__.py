"""``python -m compiling SOURCE FOLDER``."""

import sys

from compiling.build import main

if __name__ == "__main__":  # Cython's own processes import this module again.
    sys.exit(main(sys.argv[1:]))
