"""The readers of ``readers.py``, on the level of C; in Python they would gain nothing."""

from cpython.buffer cimport Py_buffer
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport uint32_t
from posix.unistd cimport close

import os

cdef extern from "Python.h":
    Py_buffer* PyMemoryView_GET_BUFFER(object view)

cdef extern from "<sys/socket.h>" nogil:
    ssize_t recv(int number, void* place, size_t size, int flags)

cdef extern from "<sys/epoll.h>" nogil:
    ctypedef union epoll_data_t:
        int fd
    struct epoll_event:
        uint32_t events
        epoll_data_t data
    enum:
        EPOLLIN
        EPOLLRDHUP
        EPOLLHUP
        EPOLLERR
        EPOLLET
        EPOLL_CLOEXEC
        EPOLL_CTL_ADD
        EPOLL_CTL_MOD
        EPOLL_CTL_DEL
    int epoll_create1(int flags)
    int epoll_ctl(int epoll, int what, int number, epoll_event* event)
    int epoll_wait(int epoll, epoll_event* events, int most, int milliseconds)

cdef enum:
    AT_ONCE = 256  # so many sockets are read before the loop has its turn
    IN_A_ROW = 16  # so many buffers are filled from one socket before the next one has its turn

# Told once of what has come: who has not read all of it asks to be told again.
cdef uint32_t ANYTHING = <uint32_t>EPOLLIN | <uint32_t>EPOLLRDHUP | <uint32_t>EPOLLET
cdef uint32_t THE_END = <uint32_t>EPOLLRDHUP | <uint32_t>EPOLLHUP | <uint32_t>EPOLLERR
# What protocols are told of the size of the buffer that is wanted; picows has its own mind.
cdef object HINT = 65536


cdef class Readers:
    """See ``readers.Readers``."""

    cdef object _loop
    cdef int _epoll
    cdef Py_ssize_t _count
    cdef list _readers  # by descriptor

    def __cinit__(self, loop):
        self._loop = loop
        self._readers = []
        self._epoll = epoll_create1(EPOLL_CLOEXEC)
        if self._epoll < 0:
            raise OSError(errno, os.strerror(errno))

    def __dealloc__(self):
        if self._epoll >= 0:
            close(self._epoll)

    def reader(self, transport):
        """See ``readers.Readers.reader``."""
        cdef Reader reader = Reader(self, transport)
        if self._control(EPOLL_CTL_ADD, reader._number, ANYTHING) < 0:
            return None
        transport.pause_reading()
        self._add(reader)
        return reader

    cdef _add(self, Reader reader):
        while len(self._readers) <= reader._number:
            self._readers.append(None)
        # One that stands there has lost its descriptor to this one, and has not heard of it yet.
        if self._readers[reader._number] is None:
            self._count += 1
            if self._count == 1:
                self._loop.add_reader(self._epoll, self._read)
        self._readers[reader._number] = reader

    cdef _remove(self, Reader reader):
        # Its descriptor may be closed, and be another connection's by now.
        if self._readers[reader._number] is not reader:
            return
        self._readers[reader._number] = None
        epoll_ctl(self._epoll, EPOLL_CTL_DEL, reader._number, NULL)
        self._count -= 1
        if self._count == 0:
            self._loop.remove_reader(self._epoll)

    cdef _ask(self, Reader reader, uint32_t events):
        # See there; what is in the socket already counts as new.
        if self._readers[reader._number] is reader:
            self._control(EPOLL_CTL_MOD, reader._number, events)

    cdef int _control(self, int what, int number, uint32_t events) noexcept:
        cdef epoll_event event
        event.events = events
        event.data.fd = number
        return epoll_ctl(self._epoll, what, number, &event)

    def _read(self):
        cdef epoll_event events[AT_ONCE]
        cdef Reader reader = None
        cdef int number = epoll_wait(self._epoll, events, AT_ONCE, 0)
        cdef int i = 0
        while i < number:
            try:
                while i < number:
                    reader = self._readers[events[i].data.fd]
                    i += 1
                    if reader is not None:
                        reader._read(events[i - 1].events)
            except Exception as exc:  # whatever the protocol raises; the others are to be read
                reader._fail(exc)


cdef class Reader:
    """See ``readers.Reader``."""

    cdef object _buffer_updated
    cdef object _get_buffer
    cdef object _loop
    cdef object _transport
    cdef Readers _readers
    cdef int _number
    cdef bint _is_paused

    def __init__(self, Readers readers, transport):
        protocol = transport.get_protocol()
        self._get_buffer = protocol.get_buffer
        self._buffer_updated = protocol.buffer_updated
        self._loop = readers._loop
        self._transport = transport
        self._number = transport.get_extra_info("socket").fileno()
        self._is_paused = False
        self._readers = readers

    def pause(self):
        """See ``readers.Reader.pause``."""
        self._is_paused = True
        if self._readers is None:
            self._transport.pause_reading()
        else:
            # An end cannot be left unasked for; told of once, it does not keep the loop awake until reading goes on.
            self._readers._ask(self, EPOLLET)

    def resume(self):
        """See ``readers.Reader.resume``."""
        self._is_paused = False
        if self._readers is None:
            self._transport.resume_reading()
        else:
            self._readers._ask(self, ANYTHING)

    cpdef stop(self):
        """See ``readers.Reader.stop``."""
        if self._readers is not None:
            self._readers._remove(self)
            self._readers = None

    cdef _read(self, uint32_t events):
        cdef Py_buffer* place
        cdef Py_ssize_t size, number
        cdef int i
        if self._is_paused:
            return
        if events & THE_END:
            self._give_back()
            return
        for i in range(IN_A_ROW):
            view = self._get_buffer(HINT)
            place = PyMemoryView_GET_BUFFER(view)
            size = place.len
            number = recv(self._number, place.buf, size, 0)
            while number < 0 and errno == EINTR:
                number = recv(self._number, place.buf, size, 0)
            if number < 0 and errno == EAGAIN:
                return
            if number <= 0:
                self._give_back()
                return
            self._buffer_updated(number)
            if number < size or self._is_paused or self._readers is None:
                return
        self._readers._ask(self, ANYTHING)

    cdef _fail(self, exc):
        context = {"message": "a protocol failed", "exception": exc, "transport": self._transport}
        self._loop.call_exception_handler(context)
        self.stop()
        self._transport.abort()

    cdef _give_back(self):
        self.stop()
        try:
            self._transport.resume_reading()
        except RuntimeError:
            pass  # it is closing
