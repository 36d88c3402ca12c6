// The folded tap loop: add the two pixels of a tap, then one multiply-add.
//
// kRows result rows of a panel live in registers. The kRows pixels above and the kRows below that a
// tap needs slide by one row from tap to tap, so each tap costs two loads however many rows there
// are; register names rotate at compile time instead of values moving. With 16 registers there is
// room for two such windows of 4 rows, whose 4 sums wait for one another, or for one of 7 with the
// other side loaded for each tap: the latter does a quarter more (measured 2026-11 on Zen 3).
#include "kernels/blur/fir.simd.hpp"

#include "kernels/blur/transpose.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// Whether only the rows below slide through registers.
template <typename T>
constexpr bool kOneWindow = kVectorRegisters < 32 && kLanes<T> >= 8;

// Sums and two windows are three registers a row, one window two; and a few to work with. At most
// `lanes`: a panel may be read so far beyond its end.
template <typename T>
constexpr std::size_t kMostRows = kVectorRegisters >= 32 ? 8
                                  : kOneWindow<T>        ? 7
                                                         : 4;
template <typename T>
constexpr std::size_t kRows = kLanes<T> < kMostRows<T> ? kLanes<T> : kMostRows<T>;

template <typename T>
struct Window {
    Vec<T> sum[kRows<T>];
    Vec<T> falling[kOneWindow<T> ? 1 : kRows<T>];  // row j's pixel sits at (j - tap) mod kRows
    Vec<T> rising[kRows<T>];                       // row j's pixel sits at (j + tap) mod kRows
    const T* falling_row;                          // of row 0's pixel
    const T* rising_row;                           // of the one that enters next
};

// Row j's pixel above, at a tap that is `step` modulo kRows.
template <typename T, std::size_t step, std::size_t j>
HOTCOLD_INLINE Vec<T> falling(const Window<T>& w) {
    constexpr std::size_t n = kRows<T>;
    if constexpr (kOneWindow<T>) {
        return load(w.falling_row + j * kLanes<T>);
    } else {
        return w.falling[(j + n - step % n) % n];
    }
}

template <typename T, std::size_t step, std::size_t... J>
HOTCOLD_INLINE void add_tap(Window<T>& w, T weight, Steps<J...>) {
    constexpr std::size_t n = sizeof...(J);
    const Vec<T> scale = broadcast(weight);
    ((w.sum[J] = w.sum[J] + scale * (falling<T, step, J>(w) + w.rising[(J + step) % n])), ...);
}

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

// Tap number `step` modulo kRows: one row enters each window.
template <typename T, std::size_t step>
HOTCOLD_INLINE void next_tap(Window<T>& w, T weight) {
    constexpr std::size_t n = kRows<T>;
    w.falling_row -= kLanes<T>;
    if constexpr (kOneWindow<T>) {
        forget(w.falling_row);
    } else {
        w.falling[(n - step % n) % n] = load(w.falling_row);
    }
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
        (next_tap<T, (S + 1) % n>(w, weights[i + S]), ...);
    }
    static_cast<void>(
        ((i + S < end && (next_tap<T, (S + 1) % n>(w, weights[i + S]), true)) && ...));
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

// Taps that are added up without a second thought; the windows start anew after whole turns.
template <typename T>
constexpr std::size_t kPart = 64 / kRows<T> * kRows<T>;

// kRows results of a panel, `row` pointing at the first of them.
template <typename T, std::size_t... J>
HOTCOLD_INLINE void blur_rows(const T* row, const FirTaps<T>& taps, T* out, std::ptrdiff_t pitch,
                              Steps<J...> steps) {
    constexpr std::size_t lanes = kLanes<T>;
    const T* const rising = row - taps.radius * lanes;
    Window<T> w;
    w.falling_row = row + taps.radius * lanes;
    w.rising_row = rising + sizeof...(J) * lanes;
    if constexpr (!kOneWindow<T>) ((w.falling[J] = load(w.falling_row + J * lanes)), ...);
    ((w.rising[J] = load(rising + J * lanes)), ...);
    ((w.sum[J] = broadcast(T{0})), ...);
    add_tap<T, 0>(w, taps.weights[0], steps);
    std::size_t i = 1;
    if (taps.count > 2 * kPart<T>) {
        Total<T> total;
        ((total.sum[J] = total.lost[J] = broadcast(T{0})), ...);
        for (; i + kPart<T> < taps.count; i += kPart<T>) {
            slide<T>(w, taps.weights, i, i + kPart<T>, steps);
            total.add(w, steps);
        }
        slide<T>(w, taps.weights, i, taps.count, steps);
        total.add(w, steps);
        (store(out + static_cast<std::ptrdiff_t>(J) * pitch, total.sum[J]), ...);
        return;
    }
    slide<T>(w, taps.weights, i, taps.count, steps);
    (store(out + static_cast<std::ptrdiff_t>(J) * pitch, w.sum[J]), ...);
}

// Where kRows results from row y on begin: earlier where they would end beyond the whole squares of
// `count` rows, which is as far as a panel may be read.
template <typename T>
std::size_t begin_of(std::size_t y, std::size_t count) {
    const std::size_t whole = (count + kLanes<T> - 1) / kLanes<T> * kLanes<T>;
    return y + kRows<T> <= whole ? y : whole - kRows<T>;
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
        const std::size_t begin = begin_of<T>(y, count);
        blur_rows(panel + begin * lanes, taps, block, static_cast<std::ptrdiff_t>(lanes), steps);
        for (std::size_t j = y - begin; j < step && begin + j < count; ++j) {
            T* to = out + static_cast<std::ptrdiff_t>(begin + j) * pitch;
            for (std::size_t x = 0; x < columns; ++x) to[x] = block[j * lanes + x];
        }
    }
}

template <typename T>
void transposed(const T* panel, std::size_t count, const FirTaps<T>& taps, T* out,
                std::ptrdiff_t square_stride) {
    constexpr std::size_t lanes = kLanes<T>;
    constexpr std::size_t step = kRows<T>;
    // The fewest rows that are both whole squares and whole steps.
    constexpr std::size_t most = lanes % step == 0 ? lanes : lanes * step;
    T block[most * lanes];
    for (std::size_t y = 0; y < count; y += most) {
        const std::size_t rows = count - y < most ? count - y : most;
        const std::size_t whole = (rows + lanes - 1) / lanes * lanes;
        for (std::size_t done = 0; done < whole; done += step) {
            const std::size_t begin = begin_of<T>(y + done, count);
            blur_rows(panel + begin * lanes, taps, block + (begin - y) * lanes,
                      static_cast<std::ptrdiff_t>(lanes), steps_to<step>{});
        }
        for (std::size_t first = 0; first < rows; first += lanes, out += square_stride) {
            Vec<T> square[lanes];
            for (std::size_t i = 0; i < lanes; ++i) square[i] = load(block + (first + i) * lanes);
            transpose<T>(square);
            for (std::size_t i = 0; i < lanes; ++i) store(out + i * lanes, square[i]);
        }
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
