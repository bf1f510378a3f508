cdef class Samples:
    cdef double* _values
    cdef Py_ssize_t _used, _room, _shown

    cdef int _grow(self) except -1
    cpdef add(self, double value)
