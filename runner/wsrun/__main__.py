"""``python -m wsrun``: the same as the command ``wsrun``."""

from wsrun.cli import main

if __name__ == "__main__":
    main()
