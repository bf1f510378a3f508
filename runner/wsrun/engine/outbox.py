"""What a worker tells its coordinator, sent from a thread of its own.

A worker tells about ten kilobytes an interval, for as long as it runs. ``Connection.send`` would pickle each
message into a buffer of its own that grows in steps and is cut to size at the end. What is cut off is often
less than a kilobyte, and the C library keeps such pieces at hand for the thread that let go of them, several
hundred of them, each between two holes of the size of a message: in half an hour the thread's heap grew by
1.5 MiB. So one pickler serves for all messages, in a buffer that is larger than any usual one.
"""

from __future__ import annotations

import contextlib
import io
import pickle
import queue
import threading
from multiprocessing.connection import Connection

from wsrun.engine.control import FromWorker

ROOM = 60_000
"""Bytes of a message for which there is room from the start; it is made when a longer one comes.

Less than the 64 KiB from which bytes are not copied into the pickler's buffer.
"""


class Packer:
    """Pickles messages one after the other, in memory that it keeps."""

    def __init__(self) -> None:
        self._file = io.BytesIO()
        self._pickler = pickle.Pickler(self._file, pickle.HIGHEST_PROTOCOL)
        # A pickler begins each buffer with the size that the last one had come to.
        self._pickler.dump(bytes(ROOM))
        self._pickler.clear_memo()

    @property
    def room(self) -> int:
        """How many bytes there are for a message, before more are needed."""
        with self._file.getbuffer() as whole:
            return len(whole)

    def send(self, message: FromWorker, pipe: Connection) -> None:
        """Send a message as ``Connection.recv`` expects it."""
        self._file.seek(0)
        self._pickler.dump(message)
        with self._file.getbuffer() as whole, whole[: self._file.tell()] as packed:
            pipe.send_bytes(packed)
        # The next one may be an interval away, and is to stand for itself.
        self._pickler.clear_memo()


class Outbox:
    """Sends from a thread of its own, because a write to a full pipe must not hold up the loop."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._packer = Packer()
        self._queue: queue.SimpleQueue[FromWorker | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def put(self, message: FromWorker) -> None:
        """Send a message, after those that were put before."""
        self._queue.put(message)

    def close(self) -> None:
        """Send what is left, for at most ten seconds."""
        self._queue.put(None)
        self._thread.join(10.0)

    def _send(self) -> None:
        with contextlib.suppress(OSError):
            while (message := self._queue.get()) is not None:
                self._packer.send(message, self._pipe)
                del message
