cdef class TimeDigits:
    cdef public long long window
    cdef bytes _ascii

    cpdef long long turn(self, long long now_us) except -1


cdef class IdMaker:
    cdef TimeDigits _time
    cdef long long _high_number, _low_number
    cdef char[20] _digits

    cdef _carry(self)
    cpdef str make(self, double now_us)
