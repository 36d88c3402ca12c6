// Transposing a square of registers. For .simd.cpp files, as vec.hpp is.
#pragma once

#include "kernels/vec.hpp"

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define HOTCOLD_HAS_SHUFFLE 1
#endif
#endif

namespace hotcold::HOTCOLD_LEVEL {

#if defined(HOTCOLD_HAS_SHUFFLE)

// a0 b0 a1 b1 ... of the lower and of the upper halves.
template <typename T, std::size_t... I>
HOTCOLD_INLINE void interleave(const Vec<T>& a, const Vec<T>& b, Vec<T>& low, Vec<T>& high,
                               Steps<I...>) {
    constexpr std::size_t n = sizeof...(I);
    low = __builtin_shufflevector(a, b, static_cast<int>(I / 2 + I % 2 * n)...);
    high = __builtin_shufflevector(a, b, static_cast<int>(n / 2 + I / 2 + I % 2 * n)...);
}

// log2(lanes) rounds of perfect shuffles.
template <typename T>
HOTCOLD_INLINE void transpose(Vec<T> (&square)[kLanes<T>]) {
    constexpr std::size_t n = kLanes<T>;
#pragma GCC unroll 8
    for (std::size_t round = 1; round < n; round *= 2) {
        Vec<T> next[n];
#pragma GCC unroll 16
        for (std::size_t i = 0; i < n / 2; ++i) {
            interleave<T>(square[i], square[i + n / 2], next[2 * i], next[2 * i + 1],
                          steps_to<n>{});
        }
#pragma GCC unroll 16
        for (std::size_t i = 0; i < n; ++i) square[i] = next[i];
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
