"""Arguments of every kind that a caller may think of, right, wrong and absurd, from a seed."""

from __future__ import annotations

import math
import os

import numpy as np
from numpy.lib.stride_tricks import as_strided

# `new` cannot fail under sanitizers, so nothing may ask there for memory that nobody has.
MEMORY_MAY_RUN_OUT = os.environ.get("HOTCOLD_TEST_PROFILE") != "sanitize"

REAL = ("f4", "f8", "f2", "u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "?")
OTHER = ("c8", "c16", "O", "S3", "U2", "M8[s]", "m8[s]", "V4", ">f4", ">i8", "g")
EXTENTS = (0, 1, 1, 2, 3, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33)
GIANTS = (2**20, 2**31 - 1, 2**31, 2**40, 2**47, 2**61)
NUMBERS = (0.0, 0.5, 1.0, 2.5, 40.0, 1e4, 1e300, 5e-324, -0.0, -1.0, 1.0000001)
NO_NUMBERS = (
    float("nan"), float("inf"), float("-inf"), None, "a", b"1", [], (1, 2, 3), {}, object(),
    10**400, -(2**63), 2**64, True, 1j, np.float32(0.5), np.array(0.5), np.array([0.5, 0.5]),
)  # fmt: skip
COUNTS = (1, 1, 2, 3, 5, 7)
NO_COUNTS = (0, -1, 2**31 - 1, 2**31, 2**40, 2**62, 2**63, -(2**63), 10**30, 1.5, None, "2", True)
NO_ARRAYS = (None, 3, 1.5, "a", b"abc", [], [[[[1.0]]]], [[1], [1, 2]], object(), range(5), {}, 1j)


class Arguments:
    """One call's arguments. `wild` is how likely each of them is something else than usual."""

    def __init__(self, seed, wild):
        self.rng = np.random.default_rng(seed)
        self.wild = wild

    def chance(self, probability):
        return self.rng.random() < probability

    def pick(self, choices):
        return choices[self.rng.integers(len(choices))]

    def usual_or(self, usual, unusual):
        return self.pick(unusual) if self.chance(self.wild) else self.pick(usual)

    def number(self):
        return self.usual_or(NUMBERS, NO_NUMBERS)

    def fraction(self):
        return self.usual_or((0.0, 0.2, 0.5, 0.9, 1.0), (*NUMBERS, *NO_NUMBERS))

    def pair(self):
        if self.chance(self.wild / 2):
            return self.pick(NO_NUMBERS)
        return (self.number(), self.number())

    def count(self):
        return self.usual_or(COUNTS, NO_COUNTS)

    def name(self, names):
        return self.usual_or(names, ("", "nothing", "\0", "x" * 1000, None, 3, b"01", "\ud800"))

    def flag(self):
        return self.usual_or((False, True), (None, "no", 2, [], object()))

    # --- arrays -----------------------------------------------------------------------------------

    def shape(self, n_dims=4):
        if self.chance(self.wild / 2):
            n_dims = int(self.rng.integers(0, 7))
        while True:
            shape = [int(self.pick(EXTENTS)) for _ in range(n_dims)]
            if not self.chance(self.wild):
                shape = [max(1, extent) for extent in shape]
            if n_dims and self.chance(0.1):
                shape[self.rng.integers(n_dims)] = int(self.rng.integers(1, 3000))
            if np.prod(shape) <= 30_000:
                return tuple(shape)

    def values(self, shape, kind):
        """An array in C order."""
        rng = self.rng
        dtype = np.dtype(kind)
        if dtype.kind == "O":
            return np.full(shape, None, object)
        if dtype.kind in "biu":
            low, high = (0, 1) if kind == "?" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
            return rng.integers(low, high, shape, endpoint=True, dtype=dtype)
        if dtype.kind != "f":
            return np.zeros(shape, dtype)
        with np.errstate(all="ignore"):
            a = rng.standard_normal(shape) * self.pick((1.0, 1.0, 1e-40, 1e30, 3e38, 1e308, 0.0))
            if self.chance(0.2):
                a = np.round(a)
            a = np.clip(a, np.finfo(dtype).min, np.finfo(dtype).max).astype(dtype)
        if self.chance(self.wild) and a.size:
            a.reshape(-1)[rng.integers(a.size)] = self.pick((np.nan, np.inf, -np.inf))
        return np.asarray(a)

    def drawable(self):
        """A batch whose channels make pictures, as a rule."""
        if self.chance(self.wild):
            return self.array()
        n, _, h, w = self.shape(4)
        if min(n, h, w) == 0:
            n = h = w = 2
        return self.array((n, int(self.pick((1, 3))), h, w), self.pick(REAL))

    def array(self, shape=None, kind=None):
        """Of any layout; or no array at all."""
        if self.chance(self.wild / 3):
            return self.pick(NO_ARRAYS)
        if shape is None and self.chance(self.wild / 2):
            return self.giant(kind)
        shape = self.shape() if shape is None or self.chance(self.wild / 2) else shape
        if kind is None or self.chance(self.wild / 2):
            kind = self.usual_or(REAL, OTHER)
        return self.laid_out(self.values(shape, kind))

    def laid_out(self, a):
        """The same values at other places."""
        match int(self.rng.integers(0, 10)):
            case 0:
                return np.asfortranarray(a)
            case 1:
                order = self.rng.permutation(a.ndim)
                return np.ascontiguousarray(a.transpose(order)).transpose(np.argsort(order))
            case 2:
                return a[tuple(slice(None, None, -1) for _ in a.shape)]
            case 3:
                wide = np.repeat(a, 2, axis=-1) if a.ndim else a
                return wide[..., ::2] if a.ndim else a
            case 4 if a.ndim and a.size:
                return np.broadcast_to(a[:1], a.shape)
            case 5 if a.dtype.kind != "O":
                memory = np.zeros(a.nbytes + 1, np.uint8)[1:].view(a.dtype)  # not aligned
                memory[...] = a.reshape(-1)
                return memory.reshape(a.shape)
            case 6:
                a = a.view()
                a.flags.writeable = False
                return a
            case _:
                return a

    def giant(self, kind=None):
        """Of more elements than memory has, from a few of its own."""
        a = self.values((1, 1, 1, 1), kind or self.pick(REAL))
        shape = [1, int(self.pick((1, 3))), 1, 1]
        # Without room for a plane only items and channels may be many.
        axes = 4 if MEMORY_MAY_RUN_OUT else 2
        for _ in range(self.rng.integers(1, 3)):
            shape[self.rng.integers(axes)] = int(self.pick(GIANTS))
        try:
            return as_strided(a, shape, (0,) * 4, writeable=self.chance(0.1))
        except ValueError:  # more bytes than numpy counts
            return a

    def output(self, shape, kind):
        """An array to write into, of that shape as a rule."""
        if math.prod(shape) > 100_000:
            shape = (2, 1, 3, 4)  # there is none of a giant
        a = self.array(tuple(shape), kind)
        if isinstance(a, np.ndarray) and not a.flags.writeable and not self.chance(self.wild):
            a = a.copy()
        return a
