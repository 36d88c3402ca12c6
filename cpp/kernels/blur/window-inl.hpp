// The folded tap loop: add the two pixels of a tap, then one multiply-add.
//
// kRows result rows of a panel live in registers. With 32 of them the kRows pixels above and the
// kRows below that a tap needs do so too and slide by one row from tap to tap, so each tap costs
// two loads however many rows there are; register names rotate at compile time instead of values
// moving. With 16 registers there is room for two such windows of 4 rows, whose 4 sums wait for one
// another: there pairs-inl.hpp does without.
//
// A part of fir.simd.cpp, which alone includes it.
#pragma once

#include <type_traits>

#include "kernels/blur/fir.ops.hpp"
#include "kernels/blur/pairs-inl.hpp"
#include "runtime/interrupt.hpp"
#include "simd/vec-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

template <typename T>
struct Window {
    Vec<T> sum[kRows<T>];
    Vec<T> falling[kRows<T>];  // row j's pixel sits at (j - tap) mod kRows
    Vec<T> rising[kRows<T>];   // row j's pixel sits at (j + tap) mod kRows
    const T* falling_row;      // of row 0's pixel
    const T* rising_row;       // of the one that enters next
};

// Row j's pixel above, at a tap that is `step` modulo kRows.
template <typename T, std::size_t step, std::size_t j>
HOTCOLD_INLINE Vec<T> falling(const Window<T>& w) {
    constexpr std::size_t n = kRows<T>;
    return w.falling[(j + n - step % n) % n];
}

// Zen 4 takes an addition and a multiply-add each cycle only when they come in pairs and the
// products lag behind: 8.0 cycles a tap of 8 rows in the order of add_in_order(), 9 to 9.5 one by
// one, as compilers would have it (measured 2026-11). Written as instructions they keep their
// order.
#if defined(__GNUC__) && defined(__AVX512F__) && !defined(HOTCOLD_AVX512_AS_LOOPS)
constexpr bool kOrders = true;

HOTCOLD_INLINE Vec<float> ordered_sum(const Vec<float>& a, const Vec<float>& b) {
    Vec<float> sum;
    asm volatile("vaddps %2, %1, %0" : "=v"(sum) : "v"(a), "v"(b));
    return sum;
}
HOTCOLD_INLINE Vec<double> ordered_sum(const Vec<double>& a, const Vec<double>& b) {
    Vec<double> sum;
    asm volatile("vaddpd %2, %1, %0" : "=v"(sum) : "v"(a), "v"(b));
    return sum;
}
HOTCOLD_INLINE void ordered_add(Vec<float>& sum, const Vec<float>& a, const Vec<float>& b) {
    asm volatile("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
}
HOTCOLD_INLINE void ordered_add(Vec<double>& sum, const Vec<double>& a, const Vec<double>& b) {
    asm volatile("vfmadd231pd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
}

// Sums of the tap's rows j and j + 1.
template <typename T, std::size_t step, std::size_t j>
HOTCOLD_INLINE void pair_two(const Window<T>& w, Vec<T> (&pair)[8]) {
    pair[j] = ordered_sum(falling<T, step, j>(w), w.rising[(j + step) % 8]);
    pair[j + 1] = ordered_sum(falling<T, step, j + 1>(w), w.rising[(j + 1 + step) % 8]);
}

template <typename T, std::size_t j>
HOTCOLD_INLINE void add_two(Window<T>& w, const Vec<T>& scale, const Vec<T> (&pair)[8]) {
    ordered_add(w.sum[j], scale, pair[j]);
    ordered_add(w.sum[j + 1], scale, pair[j + 1]);
}

template <typename T, std::size_t step>
HOTCOLD_INLINE void add_in_order(Window<T>& w, const Vec<T>& scale) {
    static_assert(kRows<T> == 8);
    Vec<T> pair[8];
    pair_two<T, step, 0>(w, pair);
    pair_two<T, step, 2>(w, pair);
    add_two<T, 0>(w, scale, pair);
    pair_two<T, step, 4>(w, pair);
    add_two<T, 2>(w, scale, pair);
    pair_two<T, step, 6>(w, pair);
    add_two<T, 4>(w, scale, pair);
    add_two<T, 6>(w, scale, pair);
}
#else
constexpr bool kOrders = false;

template <typename T, std::size_t step>
HOTCOLD_INLINE void add_in_order(Window<T>&, const Vec<T>&) {}
#endif

template <typename T, std::size_t step, std::size_t... J>
HOTCOLD_INLINE void add_tap(Window<T>& w, const T* weight, Steps<J...>) {
    constexpr std::size_t n = sizeof...(J);
    const Vec<T> scale = broadcast_from(weight);
    if constexpr (kOrders) {
        add_in_order<T, step>(w, scale);
    } else {
        ((w.sum[J] = w.sum[J] + scale * (falling<T, step, J>(w) + w.rising[(J + step) % n])), ...);
    }
}

// Tap number `step` modulo kRows: one row enters each window.
template <typename T, std::size_t step>
HOTCOLD_INLINE void next_tap(Window<T>& w, const T* weight) {
    constexpr std::size_t n = kRows<T>;
    w.falling_row -= kLanes<T>;
    w.falling[(n - step % n) % n] = load(w.falling_row);
    w.rising[(n - 1 + step) % n] = load(w.rising_row);
    w.rising_row += kLanes<T>;
    add_tap<T, step>(w, weight, steps_to<n>{});
}

// Taps `i` to `end` - 1, kRows at a time and then the rest. The windows stand at tap i - 1, a
// multiple of kRows.
template <typename T, std::size_t... S>
HOTCOLD_INLINE void slide(Window<T>& w, const T* weights, std::size_t i, std::size_t end,
                          Steps<S...>) {
    constexpr std::size_t n = sizeof...(S);
    for (; i + n <= end; i += n) {
        (next_tap<T, (S + 1) % n>(w, weights + i + S), ...);
    }
    static_cast<void>(
        ((i + S < end && (next_tap<T, (S + 1) % n>(w, weights + i + S), true)) && ...));
}

template <typename T>
using Sliding = std::conditional_t<kPairs<T>, Sums<T>, Window<T>>;

// Sums of many taps, added up in parts: a float sum of thousands of like terms drifts by 1e-5.
template <typename T>
struct Total {
    Vec<T> sum[kRows<T>];
    Vec<T> lost[kRows<T>];  // what rounding took from `sum` (Kahan)

    template <std::size_t... J>
    HOTCOLD_INLINE void add(Sliding<T>& w, Steps<J...>) {
        (add_row(J, w.sum[J]), ...);
        ((w.sum[J] = broadcast(T{0})), ...);
    }
    HOTCOLD_INLINE void add_row(std::size_t j, const Vec<T>& part) {
        const Vec<T> term = part - lost[j];
        const Vec<T> next = sum[j] + term;
        lost[j] = (next - sum[j]) - term;
        sum[j] = next;
    }
};

// Taps that are added up without a second thought; the windows start anew after whole turns.
template <typename T>
constexpr std::size_t kPart = 64 / kRows<T> * kRows<T>;

// Taps between which a call can be ended: a millisecond of arithmetic, several where the rows come
// from memory.
template <typename T>
constexpr std::size_t kTapsOfPiece = kPart<T> * 2048;

// Both windows at tap 0, which is added.
template <typename T, std::size_t... J>
HOTCOLD_INLINE void start(Window<T>& w, const T* row, const FirTaps<T>& taps, Steps<J...> steps) {
    constexpr std::size_t lanes = kLanes<T>;
    const T* const rising = row - taps.radius * lanes;
    w.falling_row = row + taps.radius * lanes;
    w.rising_row = rising + sizeof...(J) * lanes;
    ((w.falling[J] = load(w.falling_row + J * lanes)), ...);
    ((w.rising[J] = load(rising + J * lanes)), ...);
    ((w.sum[J] = broadcast(T{0})), ...);
    add_tap<T, 0>(w, taps.weights, steps);
}

// The sums of many taps. A function of its own, lest its loops take the registers of the usual
// blur of few.
template <typename T, std::size_t... J>
HOTCOLD_NO_INLINE void sum_many(const T* row, const FirTaps<T>& taps, Total<T>& total,
                                Steps<J...> steps) {
    Sliding<T> w;
    start(w, row, taps, steps);
    ((total.sum[J] = total.lost[J] = broadcast(T{0})), ...);
    std::size_t i = 1;
    for (;;) {
        const bool is_last = taps.count - i <= kTapsOfPiece<T>;
        const std::size_t end = is_last ? taps.count : i + kTapsOfPiece<T> + 1;
        for (; i + kPart<T> < end; i += kPart<T>) {
            slide<T>(w, taps.weights, i, i + kPart<T>, steps);
            total.add(w, steps);
        }
        if (is_last) break;
        check_interrupt();
    }
    slide<T>(w, taps.weights, i, taps.count, steps);
    total.add(w, steps);
}

// kRows results of a panel, `row` pointing at the first of them, given to `put`.
template <typename T, typename Put, std::size_t... J>
HOTCOLD_INLINE void blur_rows(const T* row, const FirTaps<T>& taps, const Put& put,
                              Steps<J...> steps) {
    if (taps.count > 2 * kPart<T>) {
        Total<T> total;
        sum_many(row, taps, total, steps);
        put(total.sum, steps);
        return;
    }
    Sliding<T> w;
    start(w, row, taps, steps);
    slide<T>(w, taps.weights, 1, taps.count, steps);
    put(w.sum, steps);
}

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
