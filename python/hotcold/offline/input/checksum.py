"""The CRC-32 of a part of a file, by several threads.

The checksum of two parts follows from theirs by a multiplication of polynomials over GF(2) modulo
CRC-32's own, bits reversed (as in zlib's ``crc32_combine``).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from hotcold.offline.threads import startable

_POLYNOMIAL = 0xEDB88320
_ONE = 1 << 31  # the polynomial 1
_PART = 16 << 20
_BUFFER = 1 << 20  # stays in the cache between the read and the sum


def crc32_of(
    read_into: Callable[[memoryview, int], int], start: int, size: int, n_threads: int
) -> int | None:
    """Return the checksum of bytes [start, start + size); None when the file ends before.

    Parameters
    ----------
    read_into : callable
        Fills a buffer from a position of the file, returns how many bytes it got.
    start, size : int
        Which bytes.
    n_threads : int
        How many threads share the work.
    """

    def part(position: int) -> tuple[int, int] | None:
        left = min(_PART, start + size - position)
        buffer, crc, length = memoryview(bytearray(min(_BUFFER, left))), 0, left
        while left:
            count = read_into(buffer[:left], position)
            if count == 0:
                return None
            crc = zlib.crc32(buffer[:count], crc)
            position, left = position + count, left - count
        return crc, length

    parts = range(start, start + size, _PART)
    n_threads = startable(n_threads)
    if n_threads == 0:
        return _joined(map(part, parts))
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="hotcold-checksum")
    try:
        return _joined(pool.map(part, parts))
    finally:
        pool.shutdown(cancel_futures=True)


def _joined(parts: Iterable[tuple[int, int] | None]) -> int | None:
    total = 0
    for found in parts:
        if found is None:
            return None
        total = combined(total, *found)
    return total


def combined(first: int, second: int, length: int) -> int:
    """Return the checksum of two parts in a row, the second one `length` bytes long."""
    return _product(_power(8 * length), first) ^ second


def _power(exponent: int) -> int:
    """Return x to the power `exponent`."""
    result, square = _ONE, _ONE >> 1
    while exponent:
        if exponent & 1:
            result = _product(square, result)
        square = _product(square, square)
        exponent >>= 1
    return result


def _product(a: int, b: int) -> int:
    result = 0
    while a:
        if a & _ONE:
            result ^= b
        a = (a << 1) & 0xFFFFFFFF
        b = (b >> 1) ^ (_POLYNOMIAL if b & 1 else 0)
    return result
