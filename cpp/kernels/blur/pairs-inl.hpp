// The folded tap loop where there are too few registers for windows (window-inl.hpp): two taps at a
// time. A row above is loaded once for both, and so is a row below: five loads for four
// multiply-adds, and eight sums hide their latency. One window of seven rows, the other side loaded
// for each tap, takes as many loads, but seven rows are no square that can be transposed in
// registers: a seventh more for both passes (measured 2026-11, Emerald Rapids).
//
// A part of fir.simd.cpp, which alone includes it.
#pragma once

#include "kernels/blur/fir.ops.hpp"
#include "simd/vec-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// Whether two taps are taken at a time.
template <typename T>
constexpr bool kPairs = kVectorRegisters < 32 && kLanes<T> >= 8;

// Sums and two windows are three registers a row; sums alone one. At most `lanes`: a panel may be
// read so far beyond its end.
template <typename T>
constexpr std::size_t kMaxRows = kVectorRegisters >= 32 || kPairs<T> ? 8 : 4;
template <typename T>
constexpr std::size_t kRows = kLanes<T> < kMaxRows<T> ? kLanes<T> : kMaxRows<T>;
template <typename T>
constexpr bool kFitsSquares = kLanes<T> % kRows<T> == 0;
static_assert(kFitsSquares<float> && kFitsSquares<double>);

// Results and where their pixels are.
template <typename T>
struct Sums {
    Vec<T> sum[kRows<T>];
    const T* falling_row;  // of row 0's pixels at the next tap
    const T* rising_row;
};

// Keeps the compiler from seeing that rows are loaded again tap after tap: it would hold them all,
// in registers that there are not.
template <typename T>
HOTCOLD_INLINE void forget(const T*& pointer) {
#if defined(__GNUC__)
    asm("" : "+r"(pointer));
#else
    static_cast<void>(pointer);
#endif
}

// Row `s` above, at the outer of two taps that of result s, at the inner that of result s - 1.
// below[k]: the last three rows below, that of result j at the outer tap at j mod 3, and so that of
// result j + 2 at the inner.
template <typename T, std::size_t s>
HOTCOLD_INLINE void pair_step(Sums<T>& w, const Vec<T>& outer, const Vec<T>& inner,
                              Vec<T> (&below)[3]) {
    Vec<T> above = load(w.rising_row + s * kLanes<T>);
    hold(above);
    if constexpr (s < kRows<T>) {
        below[s % 3] = load(w.falling_row + s * kLanes<T>);
        hold(below[s % 3]);
        w.sum[s] = w.sum[s] + outer * (above + below[s % 3]);
    }
    if constexpr (s > 0) {
        w.sum[s - 1] = w.sum[s - 1] + inner * (above + below[(s + 1) % 3]);
    }
}

template <typename T, std::size_t... S>
HOTCOLD_INLINE void add_pair(Sums<T>& w, const T* weights, Steps<S...>) {
    const Vec<T> outer = broadcast_from(weights);
    const Vec<T> inner = broadcast_from(weights + 1);
    Vec<T> below[3];
    below[2] = load(w.falling_row - kLanes<T>);
    (pair_step<T, S>(w, outer, inner, below), ...);
    w.falling_row -= 2 * kLanes<T>;
    w.rising_row += 2 * kLanes<T>;
    forget(w.falling_row);
    forget(w.rising_row);
}

template <typename T, std::size_t... J>
HOTCOLD_INLINE void add_single(Sums<T>& w, const T* weight, Steps<J...>) {
    const Vec<T> scale = broadcast_from(weight);
    ((w.sum[J] = w.sum[J] + scale * (load(w.rising_row + J * kLanes<T>) +
                                     load(w.falling_row + J * kLanes<T>))),
     ...);
    w.falling_row -= kLanes<T>;
    w.rising_row += kLanes<T>;
    forget(w.falling_row);
    forget(w.rising_row);
}

template <typename T, std::size_t... J>
HOTCOLD_INLINE void slide(Sums<T>& w, const T* weights, std::size_t i, std::size_t end,
                          Steps<J...> steps) {
    for (; i + 2 <= end; i += 2) add_pair<T>(w, weights + i, steps_to<kRows<T> + 1>{});
    if (i < end) add_single<T>(w, weights + i, steps);
}

// At tap 0, which is added.
template <typename T, std::size_t... J>
HOTCOLD_INLINE void start(Sums<T>& w, const T* row, const FirTaps<T>& taps, Steps<J...> steps) {
    w.falling_row = row + taps.radius * kLanes<T>;
    w.rising_row = row - taps.radius * kLanes<T>;
    ((w.sum[J] = broadcast(T{0})), ...);
    add_single<T>(w, taps.weights, steps);
}

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
