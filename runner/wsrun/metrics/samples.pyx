"""``samples.py`` on the level of C. Keep the two alike: the same tests are run on both."""

from cpython.buffer cimport PyBuffer_FillInfo
from cpython.mem cimport PyMem_Free, PyMem_Realloc

cdef Py_ssize_t _FIRST = 16
"""Room at the first number: most distributions have few in an interval."""


cdef class Samples:
    """See ``samples.py``."""

    def __dealloc__(self):
        PyMem_Free(self._values)

    cpdef add(self, double value):
        if self._used == self._room:
            self._grow()
        self._values[self._used] = value
        self._used += 1

    cdef int _grow(self) except -1:
        cdef Py_ssize_t room = 2 * self._room or _FIRST
        cdef double* values
        if self._shown:
            raise BufferError("a view of these numbers is still in use")
        values = <double*>PyMem_Realloc(self._values, room * sizeof(double))
        if values is NULL:
            raise MemoryError
        self._values, self._room = values, room

    def extend(self, numbers):
        for number in numbers:
            self.add(number)

    def pop(self):
        if not self._used:
            raise IndexError("there are none")
        if self._shown:
            raise BufferError("a view of these numbers is still in use")
        self._used -= 1
        return self._values[self._used]

    def __len__(self):
        return self._used

    def __getitem__(self, Py_ssize_t index):
        if index < 0:
            index += self._used
        if not 0 <= index < self._used:
            raise IndexError("there are not so many")
        return self._values[index]

    def __getbuffer__(self, Py_buffer* view, int flags):
        PyBuffer_FillInfo(view, self, <void*>self._values, self._used * sizeof(double), True, flags)
        self._shown += 1

    def __releasebuffer__(self, Py_buffer* view):
        self._shown -= 1
