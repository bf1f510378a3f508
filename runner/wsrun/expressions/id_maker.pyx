"""``id_maker.py`` on the level of C. Keep the two alike: the same tests are run on both."""

from cpython.unicode cimport PyUnicode_FromStringAndSize

from wsrun.expressions.ids import DIGITS, encode

cdef const char* _DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
cdef long long _BASE2 = 36 * 36
cdef long long _BASE3 = 36 * 36 * 36

assert DIGITS.encode() == _DIGITS[:36]


cdef inline void _write(char* place, bytes text) noexcept:
    cdef Py_ssize_t index
    for index in range(len(text)):
        place[index] = text[index]


cdef class TimeDigits:
    """See ``id_maker.py``."""

    def __init__(self):
        self.window = -_BASE2
        self._ascii = b""

    @property
    def text(self):
        return self._ascii.decode()

    cpdef long long turn(self, long long now_us) except -1:
        cdef long long since = now_us % _BASE2
        self.window = now_us - since
        self._ascii = encode(now_us // _BASE2, 8).encode()
        return since


cdef class IdMaker:
    """See ``id_maker.py``."""

    def __init__(self, client_number, made=0, TimeDigits time=None):
        self._time = time or TimeDigits()
        self._high_number = made // _BASE2
        self._low_number = made % _BASE2
        _write(self._digits, encode(client_number, 5).encode())
        self._carry()

    cdef _carry(self):
        _write(self._digits + 15, encode(self._high_number % _BASE3, 3).encode())

    @property
    def made(self):
        return self._high_number * _BASE2 + self._low_number

    cpdef str make(self, double now_us):
        cdef TimeDigits time = self._time
        cdef char* digits = self._digits
        cdef long long since = <long long>now_us - time.window
        if not 0 <= since < _BASE2:
            since = time.turn(<long long>now_us)
        self._low_number += 1
        if self._low_number == _BASE2:
            self._low_number = 0
            self._high_number += 1
            self._carry()
        _write(digits + 5, time._ascii)
        digits[13] = _DIGITS[since // 36]
        digits[14] = _DIGITS[since % 36]
        digits[18] = _DIGITS[self._low_number // 36]
        digits[19] = _DIGITS[self._low_number % 36]
        return PyUnicode_FromStringAndSize(digits, 20)
