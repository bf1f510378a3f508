"""What every frame goes through: ``frames_python.py`` on the C level of picows. Keep the two alike."""

from picows.picows cimport WSFrame, WSListener, WSMsgType, WSTransport

cdef extern from "<time.h>" nogil:
    ctypedef long time_t
    cdef struct timespec:
        time_t tv_sec
        long tv_nsec
    ctypedef int clockid_t
    clockid_t CLOCK_MONOTONIC
    int clock_gettime(clockid_t, timespec*)


cdef inline double monotonic() noexcept nogil:
    # As CPython's time.monotonic() does where there is a clock_gettime: whole nanoseconds, as a double.
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return <double>(<long long>now.tv_sec * 1_000_000_000 + now.tv_nsec) / 1e9


cdef class FrameListener(WSListener):
    """See ``frames_python.FrameListener``."""

    cdef public WSTransport _transport
    cdef public object _received
    cdef public bint is_between
    cdef public bint is_open
    cdef public Py_ssize_t bytes_received

    def __init__(self):
        self.is_open = False
        self.is_between = True
        self.bytes_received = 0

    def send_text(self, bytes payload):
        """See ``Connection.send_text``."""
        if self.is_open:
            self._transport.send(WSMsgType.TEXT, payload)

    def send_binary(self, bytes payload):
        """See ``Connection.send_binary``."""
        if self.is_open:
            self._transport.send(WSMsgType.BINARY, payload)

    cpdef on_ws_frame(self, WSTransport transport, WSFrame frame):
        """Judge a frame and deliver the message that it completes."""
        cdef double at = monotonic()
        if self.is_between and frame.fin and not (frame.rsv1 or frame.rsv2 or frame.rsv3):
            if frame.msg_type == WSMsgType.TEXT:
                try:
                    text = frame.get_payload_as_utf8_text()
                except UnicodeDecodeError:
                    self._judge(frame, at)
                    return
                self.bytes_received += frame.payload_size
                self._received(text, at)
                return
            if frame.msg_type == WSMsgType.BINARY:
                self.bytes_received += frame.payload_size
                self._received(frame.get_payload_as_bytes(), at)
                return
        self._judge(frame, at)

    def _judge(self, frame, at):
        raise NotImplementedError

    def _part(self):
        self._transport = None
        self._received = None
