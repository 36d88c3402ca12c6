// Transposing registers. For .simd.cpp files, as vec-inl.hpp is.
//
// Blocks of 16 bytes are transposed in place first, by unpack instructions that do not cross
// blocks, then the blocks among themselves: on Zen 4 three of the former take as long as two of
// the latter.
#pragma once

#include "simd/vec-inl.hpp"

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define HOTCOLD_HAS_SHUFFLE 1
#endif
#endif

namespace hotcold::HOTCOLD_LEVEL {

#if defined(HOTCOLD_HAS_SHUFFLE)

// Lanes of a block.
template <typename T>
constexpr std::size_t kBlockLanes = 16 / sizeof(T);

// a0 b0 a1 b1 ... of the lower and of the upper half of each block.
template <typename T, std::size_t... I>
HOTCOLD_INLINE void interleave_in_blocks(Vec<T> a, Vec<T> b, Vec<T>& low, Vec<T>& high,
                                         Steps<I...>) {
    constexpr std::size_t n = sizeof...(I);
    constexpr std::size_t block = kBlockLanes<T>;
    low = __builtin_shufflevector(
        a, b, static_cast<int>(I / block * block + I % block / 2 + I % 2 * n)...);
    high = __builtin_shufflevector(
        a, b, static_cast<int>(I / block * block + block / 2 + I % block / 2 + I % 2 * n)...);
}

// a0 b0 a1 b1 ... of the blocks of both lower and of both upper halves.
template <typename T, std::size_t... I>
HOTCOLD_INLINE void interleave_blocks(Vec<T> a, Vec<T> b, Vec<T>& low, Vec<T>& high, Steps<I...>) {
    constexpr std::size_t n = sizeof...(I);
    constexpr std::size_t block = kBlockLanes<T>;
    low = __builtin_shufflevector(
        a, b, static_cast<int>(I / block / 2 * block + I % block + I / block % 2 * n)...);
    high = __builtin_shufflevector(
        a, b, static_cast<int>(n / 2 + I / block / 2 * block + I % block + I / block % 2 * n)...);
}

// The lower halves of both, and the upper halves.
template <typename T, std::size_t... I>
HOTCOLD_INLINE void join_halves(Vec<T> a, Vec<T> b, Vec<T>& low, Vec<T>& high, Steps<I...>) {
    constexpr std::size_t n = sizeof...(I);
    low = __builtin_shufflevector(a, b, static_cast<int>(I % (n / 2) + I / (n / 2) * n)...);
    high =
        __builtin_shufflevector(a, b, static_cast<int>(n / 2 + I % (n / 2) + I / (n / 2) * n)...);
}

// The blocks with even and with odd numbers, of `a` first.
template <typename T, std::size_t... I>
HOTCOLD_INLINE void part_blocks(Vec<T> a, Vec<T> b, Vec<T>& even, Vec<T>& odd, Steps<I...>) {
    constexpr std::size_t block = kBlockLanes<T>;
    even = __builtin_shufflevector(a, b, static_cast<int>(I / block * 2 * block + I % block)...);
    odd = __builtin_shufflevector(a, b,
                                  static_cast<int>(I / block * 2 * block + block + I % block)...);
}

// Transposes the blocks of `rows` registers, which are `rows` / kBlockLanes groups: afterwards
// register c of a group holds, in block b, what was column b * kBlockLanes + c of its rows.
template <typename T, std::size_t rows>
HOTCOLD_INLINE void transpose_blocks(Vec<T> (&square)[rows]) {
    constexpr std::size_t n = kBlockLanes<T>;
    static_assert(rows % n == 0);
#pragma GCC unroll 4
    for (std::size_t first = 0; first < rows; first += n) {
#pragma GCC unroll 4
        for (std::size_t round = 1; round < n; round *= 2) {
            Vec<T> next[n];
#pragma GCC unroll 2
            for (std::size_t i = 0; i < n / 2; ++i) {
                interleave_in_blocks<T>(square[first + i], square[first + i + n / 2], next[2 * i],
                                        next[2 * i + 1], steps_to<kLanes<T>>{});
            }
#pragma GCC unroll 4
            for (std::size_t i = 0; i < n; ++i) square[first + i] = next[i];
        }
    }
}

template <typename T>
HOTCOLD_INLINE void transpose(Vec<T> (&square)[kLanes<T>]) {
    constexpr std::size_t n = kBlockLanes<T>;
    constexpr std::size_t groups = kLanes<T> / n;
    constexpr steps_to<kLanes<T>> each;
    transpose_blocks<T>(square);
#pragma GCC unroll 4
    for (std::size_t c = 0; c < n; ++c) {
        if constexpr (groups == 2) {
            join_halves<T>(square[c], square[n + c], square[c], square[n + c], each);
        } else if constexpr (groups == 4) {
            Vec<T> half[4];
            join_halves<T>(square[c], square[n + c], half[0], half[1], each);
            join_halves<T>(square[2 * n + c], square[3 * n + c], half[2], half[3], each);
            part_blocks<T>(half[0], half[2], square[c], square[n + c], each);
            part_blocks<T>(half[1], half[3], square[2 * n + c], square[3 * n + c], each);
        } else {
            static_assert(groups == 1);
        }
    }
}

template <typename T>
struct HalfVecOf {
    typedef T type __attribute__((vector_size(kVectorBytes / 2)));
};

template <typename T, std::size_t... I>
HOTCOLD_INLINE void store_halves(T* lower, T* upper, Vec<T> v, Steps<I...>) {
    using Half = typename HalfVecOf<T>::type;
    const Half low = __builtin_shufflevector(v, v, static_cast<int>(I)...);
    const Half high = __builtin_shufflevector(v, v, static_cast<int>(sizeof...(I) + I)...);
    __builtin_memcpy(lower, &low, sizeof(low));
    __builtin_memcpy(upper, &high, sizeof(high));
}

// Half a square to `lanes` half rows, `lanes` elements apart.
template <typename T>
HOTCOLD_INLINE void store_transposed_half(Vec<T> (&rows)[kLanes<T> / 2], T* out) {
    constexpr std::size_t lanes = kLanes<T>;
    constexpr std::size_t n = kBlockLanes<T>;
    static_assert(lanes == 4 * n);
    constexpr steps_to<lanes / 2> half;
    transpose_blocks<T>(rows);
#pragma GCC unroll 4
    for (std::size_t c = 0; c < n; ++c) {
        T* const to = out + c * lanes;
        Vec<T> low, high;
        interleave_blocks<T>(rows[c], rows[n + c], low, high, steps_to<lanes>{});
        store_halves<T>(to, to + n * lanes, low, half);
        store_halves<T>(to + 2 * n * lanes, to + 3 * n * lanes, high, half);
    }
}

#else

template <typename T>
HOTCOLD_INLINE void transpose(Vec<T> (&square)[kLanes<T>]) {
    for (std::size_t i = 0; i < kLanes<T>; ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            const T kept = square[i][j];
            square[i][j] = square[j][i];
            square[j][i] = kept;
        }
    }
}

#endif

}  // namespace hotcold::HOTCOLD_LEVEL
