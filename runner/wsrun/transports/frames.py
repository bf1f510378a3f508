"""What every frame goes through: compiled where that fits the picows that is installed, else in Python."""

from typing import TYPE_CHECKING

from picows import version as picows

from wsrun.compiled import fits_picows

if TYPE_CHECKING or not fits_picows(picows.__version__):
    from wsrun.transports.frames_python import FrameListener
else:
    from wsrun.transports.frames_compiled import FrameListener

__all__ = ["FrameListener"]
