// The folded tap loop: add the two pixels of a tap, then one multiply-add.
//
// kRows result rows of a panel live in registers. The kRows pixels above and the kRows below that a
// tap needs slide by one row from tap to tap, so each tap costs two loads however many rows there
// are; register names rotate at compile time instead of values moving.
#include "kernels/blur/fir.simd.hpp"

#include "kernels/blur/transpose.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// Sums, the rows above and the rows below: three registers a row, and a few to work with.
template <typename T>
constexpr std::size_t kRows =
    kVectorRegisters >= 32 ? (kLanes<T> < 8 ? kLanes<T> : 8) : (kLanes<T> < 4 ? kLanes<T> : 4);

template <typename T>
struct Window {
    Vec<T> sum[kRows<T>];
    Vec<T> falling[kRows<T>];  // the pixel of row j sits at (j - tap) mod kRows
    Vec<T> rising[kRows<T>];   // the pixel of row j sits at (j + tap) mod kRows
};

template <typename T, std::size_t step, std::size_t... J>
HOTCOLD_INLINE void add_tap(Window<T>& w, T weight, Steps<J...>) {
    constexpr std::size_t n = sizeof...(J);
    const Vec<T> scale = broadcast(weight);
    ((w.sum[J] = w.sum[J] + scale * (w.falling[(J + n - step % n) % n] + w.rising[(J + step) % n])),
     ...);
}

// Tap number `step` modulo kRows: one row enters each window.
template <typename T, std::size_t step>
HOTCOLD_INLINE void next_tap(Window<T>& w, const T*& falling, const T*& rising, T weight) {
    constexpr std::size_t n = kRows<T>;
    falling -= kLanes<T>;
    w.falling[(n - step % n) % n] = load(falling);
    w.rising[(n - 1 + step) % n] = load(rising);
    rising += kLanes<T>;
    add_tap<T, step>(w, weight, steps_to<n>{});
}

// Taps `i` to `end` - 1, kRows at a time and then the rest. The windows stand at tap i - 1, a
// multiple of kRows.
template <typename T, std::size_t... S>
HOTCOLD_INLINE void slide(Window<T>& w, const T*& falling, const T*& rising, const T* weights,
                          std::size_t i, std::size_t end, Steps<S...>) {
    constexpr std::size_t n = sizeof...(S);
    for (; i + n <= end; i += n) {
        (next_tap<T, (S + 1) % n>(w, falling, rising, weights[i + S]), ...);
    }
    static_cast<void>(
        ((i + S < end && (next_tap<T, (S + 1) % n>(w, falling, rising, weights[i + S]), true)) &&
         ...));
}

// Sums of many taps, added up in parts: a float sum of thousands of like terms drifts by 1e-5.
template <typename T>
struct Total {
    Vec<T> sum[kRows<T>];
    Vec<T> lost[kRows<T>];  // what rounding took from `sum` (Kahan)

    template <std::size_t... J>
    HOTCOLD_INLINE void add(Window<T>& w, Steps<J...>) {
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

constexpr std::size_t kPart = 64;  // taps that are added up without a second thought

// kRows results of a panel, `row` pointing at the first of them.
template <typename T, std::size_t... J>
HOTCOLD_INLINE void blur_rows(const T* row, const FirTaps<T>& taps, T* out, std::ptrdiff_t pitch,
                              Steps<J...> steps) {
    constexpr std::size_t lanes = kLanes<T>;
    const T* falling = row + taps.radius * lanes;
    const T* rising = row - taps.radius * lanes;
    Window<T> w;
    ((w.falling[J] = load(falling + J * lanes)), ...);
    ((w.rising[J] = load(rising + J * lanes)), ...);
    rising += sizeof...(J) * lanes;
    ((w.sum[J] = broadcast(T{0})), ...);
    add_tap<T, 0>(w, taps.weights[0], steps);
    std::size_t i = 1;
    if (taps.count > 2 * kPart) {
        Total<T> total;
        ((total.sum[J] = total.lost[J] = broadcast(T{0})), ...);
        for (; i + kPart < taps.count; i += kPart) {
            slide<T>(w, falling, rising, taps.weights, i, i + kPart, steps);
            total.add(w, steps);
        }
        slide<T>(w, falling, rising, taps.weights, i, taps.count, steps);
        total.add(w, steps);
        (store(out + static_cast<std::ptrdiff_t>(J) * pitch, total.sum[J]), ...);
        return;
    }
    slide<T>(w, falling, rising, taps.weights, i, taps.count, steps);
    (store(out + static_cast<std::ptrdiff_t>(J) * pitch, w.sum[J]), ...);
}

template <typename T>
void rows(const T* panel, std::size_t count, const FirTaps<T>& taps, T* out, std::ptrdiff_t pitch,
          std::size_t columns) {
    constexpr std::size_t lanes = kLanes<T>;
    constexpr std::size_t step = kRows<T>;
    const steps_to<step> steps;
    std::size_t y = 0;
    if (columns == lanes) {
        for (; y + step <= count; y += step) {
            blur_rows(panel + y * lanes, taps, out + static_cast<std::ptrdiff_t>(y) * pitch, pitch,
                      steps);
        }
    }
    for (; y < count; y += step) {
        T block[step * lanes];
        blur_rows(panel + y * lanes, taps, block, static_cast<std::ptrdiff_t>(lanes), steps);
        for (std::size_t j = 0; j < step && y + j < count; ++j) {
            T* to = out + static_cast<std::ptrdiff_t>(y + j) * pitch;
            for (std::size_t x = 0; x < columns; ++x) to[x] = block[j * lanes + x];
        }
    }
}

template <typename T>
void transposed(const T* panel, std::size_t count, const FirTaps<T>& taps, T* out,
                std::ptrdiff_t square_stride) {
    constexpr std::size_t lanes = kLanes<T>;
    constexpr std::size_t step = kRows<T>;
    for (std::size_t y = 0; y < count; y += lanes, out += square_stride) {
        T block[lanes * lanes];
        for (std::size_t part = 0; part < lanes; part += step) {
            blur_rows(panel + (y + part) * lanes, taps, block + part * lanes,
                      static_cast<std::ptrdiff_t>(lanes), steps_to<step>{});
        }
        Vec<T> square[lanes];
        for (std::size_t i = 0; i < lanes; ++i) square[i] = load(block + i * lanes);
        transpose<T>(square);
        for (std::size_t i = 0; i < lanes; ++i) store(out + i * lanes, square[i]);
    }
}

template <typename T>
void pack(const T* plane, std::ptrdiff_t pitch, std::size_t row_count, std::size_t columns,
          T* panel) {
    constexpr std::size_t lanes = kLanes<T>;
    const T* from[lanes];
    for (std::size_t i = 0; i < lanes; ++i) {
        from[i] = plane + static_cast<std::ptrdiff_t>(i < row_count ? i : row_count - 1) * pitch;
    }
    std::size_t x = 0;
    for (; x + lanes <= columns; x += lanes) {
        Vec<T> square[lanes];
        for (std::size_t i = 0; i < lanes; ++i) square[i] = load(from[i] + x);
        transpose<T>(square);
        for (std::size_t i = 0; i < lanes; ++i) store(panel + (x + i) * lanes, square[i]);
    }
    for (; x < columns; ++x) {
        for (std::size_t i = 0; i < lanes; ++i) panel[x * lanes + i] = from[i][x];
    }
}

}  // namespace

const FirOps<float> fir_f = {kLanes<float>, rows<float>, transposed<float>, pack<float>};
const FirOps<double> fir_d = {kLanes<double>, rows<double>, transposed<double>, pack<double>};

}  // namespace hotcold::HOTCOLD_LEVEL
