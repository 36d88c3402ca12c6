// The folded tap loop: add the two pixels of a tap, then one multiply-add.
//
// kRows result rows of a panel live in registers. The kRows pixels above and the kRows below that a
// tap needs slide by one row from tap to tap, so each tap costs two loads however many rows there
// are; register names rotate at compile time instead of values moving. With 16 registers there is
// room for two such windows of 4 rows, whose 4 sums wait for one another, or for one of 7 with the
// other side loaded for each tap: the latter does a quarter more (measured 2026-11 on Zen 3).
#include "kernels/blur/fir.simd.hpp"

#include "kernels/blur/transpose.hpp"
#include "kernels/upcoming.simd.hpp"

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

// Keeps a value in its register: the compiler would rather load it again for each of its uses,
// twice over where it straddles cache lines.
template <typename V>
HOTCOLD_INLINE void hold(V& value) {
#if defined(__GNUC__) && defined(__x86_64__) && !defined(HOTCOLD_AVX512_AS_LOOPS)
    asm("" : "+v"(value));
#else
    static_cast<void>(value);
#endif
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
HOTCOLD_INLINE void next_tap(Window<T>& w, const T* weight) {
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
        (next_tap<T, (S + 1) % n>(w, weights + i + S), ...);
    }
    static_cast<void>(
        ((i + S < end && (next_tap<T, (S + 1) % n>(w, weights + i + S), true)) && ...));
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

// kRows results of a panel, `row` pointing at the first of them, given to `put`.
template <typename T, typename Put, std::size_t... J>
HOTCOLD_INLINE void blur_rows(const T* row, const FirTaps<T>& taps, const Put& put,
                              Steps<J...> steps) {
    constexpr std::size_t lanes = kLanes<T>;
    const T* const rising = row - taps.radius * lanes;
    Window<T> w;
    w.falling_row = row + taps.radius * lanes;
    w.rising_row = rising + sizeof...(J) * lanes;
    if constexpr (!kOneWindow<T>) ((w.falling[J] = load(w.falling_row + J * lanes)), ...);
    ((w.rising[J] = load(rising + J * lanes)), ...);
    ((w.sum[J] = broadcast(T{0})), ...);
    add_tap<T, 0>(w, taps.weights, steps);
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
        put(total.sum, steps);
        return;
    }
    slide<T>(w, taps.weights, i, taps.count, steps);
    put(w.sum, steps);
}

template <typename T>
struct PutRows {
    T* out;
    std::ptrdiff_t pitch;
    template <std::size_t... J>
    HOTCOLD_INLINE void operator()(const Vec<T> (&sum)[kRows<T>], Steps<J...>) const {
        (store(out + static_cast<std::ptrdiff_t>(J) * pitch, sum[J]), ...);
    }
};

// Whether results can be transposed as they are, in registers, without a square being filled first.
#if defined(HOTCOLD_HAS_SHUFFLE)
template <typename T>
constexpr bool kWholeSquares = kRows<T> == kLanes<T>;
template <typename T>
constexpr bool kHalfSquares = 2 * kRows<T> == kLanes<T> && kLanes<T> == 4 * kBlockLanes<T>;

// To the columns from `out` on, `lanes` rows that adjoin.
template <typename T>
struct PutColumns {
    T* out;
    template <std::size_t... J>
    HOTCOLD_INLINE void operator()(Vec<T> (&sum)[kRows<T>], Steps<J...>) const {
        if constexpr (kWholeSquares<T>) {
            transpose<T>(sum);
            (store(out + J * kLanes<T>, sum[J]), ...);
        } else {
            store_transposed_half<T>(sum, out);
        }
    }
};
#else
template <typename T>
constexpr bool kWholeSquares = false;
template <typename T>
constexpr bool kHalfSquares = false;
template <typename T>
struct PutColumns;
#endif

// Where kRows results from row y on begin: earlier where they would end beyond the whole squares of
// `count` rows, which is as far as a panel may be read.
template <typename T>
std::size_t begin_of(std::size_t y, std::size_t count) {
    const std::size_t whole = (count + kLanes<T> - 1) / kLanes<T> * kLanes<T>;
    return y + kRows<T> <= whole ? y : whole - kRows<T>;
}

// A Fetcher takes longer over single lines than they are worth when they are near.
template <typename T, std::size_t... J>
HOTCOLD_INLINE void fetch_rows(const T* row, std::ptrdiff_t pitch, Steps<J...>) {
#if defined(__GNUC__)
    (__builtin_prefetch(row + static_cast<std::ptrdiff_t>(J) * pitch, 0, 2), ...);
#endif
}

template <typename T>
void rows(const T* panel, std::size_t count, const FirTaps<T>& taps, T* out, std::ptrdiff_t pitch,
          std::size_t columns, const T* ahead, const Upcoming& upcoming) {
    constexpr std::size_t lanes = kLanes<T>;
    constexpr std::size_t step = kRows<T>;
    const steps_to<step> steps;
    Fetcher fetcher(upcoming, (count + step - 1) / step);
    std::size_t y = 0;
    if (columns == lanes) {
        for (; y + step <= count; y += step) {
            fetcher.fetch();
            if (ahead != nullptr) {
                fetch_rows(ahead + static_cast<std::ptrdiff_t>(y) * pitch, pitch, steps);
            }
            blur_rows(panel + y * lanes, taps,
                      PutRows<T>{out + static_cast<std::ptrdiff_t>(y) * pitch, pitch}, steps);
        }
    }
    for (; y < count; y += step) {
        T block[step * lanes];
        const std::size_t begin = begin_of<T>(y, count);
        blur_rows(panel + begin * lanes, taps,
                  PutRows<T>{block, static_cast<std::ptrdiff_t>(lanes)}, steps);
        for (std::size_t j = y - begin; j < step && begin + j < count; ++j) {
            T* to = out + static_cast<std::ptrdiff_t>(begin + j) * pitch;
            for (std::size_t x = 0; x < columns; ++x) to[x] = block[j * lanes + x];
        }
    }
}

// Results that do not come in whole or half squares are collected until they do.
template <typename T>
void collect_transposed(const T* panel, std::size_t count, const FirTaps<T>& taps, T* out,
                        std::ptrdiff_t square_stride, const Upcoming& upcoming) {
    constexpr std::size_t lanes = kLanes<T>;
    constexpr std::size_t step = kRows<T>;
    Fetcher fetcher(upcoming, (count + step - 1) / step);
    // The fewest rows that are both whole squares and whole steps.
    constexpr std::size_t most = lanes % step == 0 ? lanes : lanes * step;
    T block[most * lanes];
    for (std::size_t y = 0; y < count; y += most) {
        const std::size_t rows = count - y < most ? count - y : most;
        const std::size_t whole = (rows + lanes - 1) / lanes * lanes;
        for (std::size_t done = 0; done < whole; done += step) {
            const std::size_t begin = begin_of<T>(y + done, count);
            fetcher.fetch();
            blur_rows(panel + begin * lanes, taps,
                      PutRows<T>{block + (begin - y) * lanes, static_cast<std::ptrdiff_t>(lanes)},
                      steps_to<step>{});
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
void transposed(const T* panel, std::size_t count, const FirTaps<T>& taps, T* out,
                std::ptrdiff_t square_stride, const Upcoming& upcoming) {
    if constexpr (kWholeSquares<T> || kHalfSquares<T>) {
        constexpr std::size_t lanes = kLanes<T>;
        constexpr steps_to<kRows<T>> steps;
        Fetcher fetcher(upcoming, (count + kRows<T> - 1) / kRows<T>);
        for (std::size_t y = 0; y < count; y += lanes, out += square_stride) {
            for (std::size_t x = 0; x < lanes; x += kRows<T>) {
                fetcher.fetch();
                blur_rows(panel + (y + x) * lanes, taps, PutColumns<T>{out + x}, steps);
            }
        }
    } else {
        collect_transposed(panel, count, taps, out, square_stride, upcoming);
    }
}

// Rows of a plane, all `lanes` of them, and the first few with the last of those repeated.
template <typename T>
struct AllRows {
    const T* first;
    std::ptrdiff_t pitch;
    HOTCOLD_INLINE const T* at(std::size_t i) const {
        return first + static_cast<std::ptrdiff_t>(i) * pitch;
    }
};

template <typename T>
struct SomeRows {
    const T* first;
    std::ptrdiff_t pitch;
    std::size_t count;
    HOTCOLD_INLINE const T* at(std::size_t i) const {
        return first + static_cast<std::ptrdiff_t>(i < count ? i : count - 1) * pitch;
    }
};

template <typename T, typename Rows>
HOTCOLD_INLINE bool pack_rows(const Rows& rows, std::size_t columns, T* panel) {
    constexpr std::size_t lanes = kLanes<T>;
    // Stay 0 but for NaN and infinity, which times 0 are NaN; two, lest each waits for the last.
    const Vec<T> zero = broadcast(T{0});
    Vec<T> nothing[2] = {zero, zero};
    std::size_t x = 0;
    for (; x + lanes <= columns; x += lanes) {
        Vec<T> square[lanes];
#pragma GCC unroll 16
        for (std::size_t i = 0; i < lanes; ++i) {
            square[i] = load(rows.at(i) + x);
            hold(square[i]);
            nothing[i % 2] = nothing[i % 2] + square[i] * zero;
        }
        transpose<T>(square);
        for (std::size_t i = 0; i < lanes; ++i) store(panel + (x + i) * lanes, square[i]);
    }
    for (; x < columns; ++x) {
        for (std::size_t i = 0; i < lanes; ++i) panel[x * lanes + i] = rows.at(i)[x];
        nothing[0] = nothing[0] + load(panel + x * lanes) * zero;
    }
    const Vec<T> both = nothing[0] + nothing[1];
    bool finite = true;
    for (std::size_t i = 0; i < lanes; ++i) finite = finite && both[i] == T{0};
    return finite;
}

template <typename T>
bool pack(const T* plane, std::ptrdiff_t pitch, std::size_t row_count, std::size_t columns,
          T* panel) {
    if (row_count == kLanes<T>) return pack_rows(AllRows<T>{plane, pitch}, columns, panel);
    return pack_rows(SomeRows<T>{plane, pitch, row_count}, columns, panel);
}

// Divisions only where the axis is shorter than the taps.
HOTCOLD_INLINE std::size_t row_mirrored(std::size_t i, std::size_t rows) {
    return i < rows ? i : (i / rows % 2 == 0 ? i % rows : rows - 1 - i % rows);
}

template <typename T>
void reflect(T* panel, std::size_t rows, std::size_t reach) {
    constexpr std::size_t lanes = kLanes<T>;
    T* const last = panel + (rows - 1) * lanes;
    for (std::size_t i = 0; i < reach; ++i) {
        const std::size_t away = row_mirrored(i, rows);
        store(panel - (i + 1) * lanes, load(panel + away * lanes));
        store(last + (i + 1) * lanes, load(last - away * lanes));
    }
}

template <typename T>
void fold(T* panel, std::size_t rows, std::size_t count) {
    constexpr std::size_t lanes = kLanes<T>;
    T* const last = panel + (rows - 1) * lanes;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t away = row_mirrored(i, rows);
        T* const above = panel + away * lanes;
        store(above, load(above) + load(panel - (i + 1) * lanes));
        T* const below = last - away * lanes;
        store(below, load(below) + load(last + (i + 1) * lanes));
    }
}

}  // namespace

const FirOps<float> fir_f = {kLanes<float>, rows<float>,    transposed<float>,
                             pack<float>,   reflect<float>, fold<float>};
const FirOps<double> fir_d = {kLanes<double>, rows<double>,    transposed<double>,
                              pack<double>,   reflect<double>, fold<double>};

}  // namespace hotcold::HOTCOLD_LEVEL
