// Panels blurred (window-inl.hpp) into rows or, transposed, into other panels.
#include "kernels/blur/fir.ops.hpp"
#include "kernels/blur/panels-inl.hpp"
#include "kernels/blur/window-inl.hpp"
#include "runtime/interrupt.hpp"
#include "simd/prefetch-inl.hpp"
#include "simd/transpose-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

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

// A Prefetcher takes longer over single lines than they are worth when they are near.
template <typename T, std::size_t... J>
HOTCOLD_INLINE void fetch_rows(const T* row, std::ptrdiff_t pitch, Steps<J...>) {
#if defined(__GNUC__)
    (__builtin_prefetch(row + static_cast<std::ptrdiff_t>(J) * pitch, 0, 2), ...);
#endif
}

// Long work is done in pieces of whole squares, between which a call can be ended.
// Rows of a piece: 10 ms of arithmetic or so, all `count` of them as a rule.
template <typename T>
std::size_t piece_of(std::size_t count, const FirTaps<T>& taps) {
    constexpr std::size_t kMultiplyAdds = std::size_t{1} << 25;  // of whole registers
    if (count <= kMultiplyAdds / taps.count) return count;
    const std::size_t squares = kMultiplyAdds / taps.count / kLanes<T>;
    return squares > 1 ? squares * kLanes<T> : kLanes<T>;
}

template <typename T>
void rows_of_piece(const T* panel, std::size_t count, const FirTaps<T>& taps, T* out,
                   std::ptrdiff_t pitch, std::size_t columns, const T* ahead,
                   const PrefetchRange& prefetch) {
    constexpr std::size_t lanes = kLanes<T>;
    constexpr std::size_t step = kRows<T>;
    const steps_to<step> steps;
    Prefetcher prefetcher(prefetch, (count + step - 1) / step);
    std::size_t y = 0;
    if (columns == lanes) {
        for (; y + step <= count; y += step) {
            prefetcher.advance();
            if (ahead != nullptr) {
                fetch_rows(ahead + static_cast<std::ptrdiff_t>(y) * pitch, pitch, steps);
            }
            blur_rows(panel + y * lanes, taps,
                      PutRows<T>{out + static_cast<std::ptrdiff_t>(y) * pitch, pitch}, steps);
        }
    }
    for (; y < count; y += step) {
        T block[step * lanes];
        blur_rows(panel + y * lanes, taps, PutRows<T>{block, static_cast<std::ptrdiff_t>(lanes)},
                  steps);
        for (std::size_t j = 0; j < step && y + j < count; ++j) {
            T* to = out + static_cast<std::ptrdiff_t>(y + j) * pitch;
            for (std::size_t x = 0; x < columns; ++x) to[x] = block[j * lanes + x];
        }
    }
}

template <typename T>
void rows(const T* panel, std::size_t count, const FirTaps<T>& taps, T* out, std::ptrdiff_t pitch,
          std::size_t columns, const T* ahead, const PrefetchRange& prefetch) {
    const std::size_t piece = piece_of(count, taps);
    std::size_t length = count < piece ? count : piece;
    rows_of_piece(panel, length, taps, out, pitch, columns, ahead, prefetch);
    for (std::size_t y = piece; y < count; y += piece) {
        check_interrupt();
        length = count - y < piece ? count - y : piece;
        rows_of_piece<T>(panel + y * kLanes<T>, length, taps,
                         out + static_cast<std::ptrdiff_t>(y) * pitch, pitch, columns, nullptr, {});
    }
}

// Results that are collected in memory until a square of them can be transposed.
template <typename T>
void collect_transposed(const T* panel, std::size_t count, const FirTaps<T>& taps, T* out,
                        std::ptrdiff_t square_stride, const PrefetchRange& prefetch) {
    constexpr std::size_t lanes = kLanes<T>;
    constexpr std::size_t step = kRows<T>;
    Prefetcher prefetcher(prefetch, (count + step - 1) / step);
    T block[lanes * lanes];
    for (std::size_t y = 0; y < count; y += lanes, out += square_stride) {
        for (std::size_t done = 0; done < lanes; done += step) {
            prefetcher.advance();
            blur_rows(panel + (y + done) * lanes, taps,
                      PutRows<T>{block + done * lanes, static_cast<std::ptrdiff_t>(lanes)},
                      steps_to<step>{});
        }
        Vec<T> square[lanes];
        for (std::size_t i = 0; i < lanes; ++i) square[i] = load(block + i * lanes);
        transpose<T>(square);
        for (std::size_t i = 0; i < lanes; ++i) store(out + i * lanes, square[i]);
    }
}

template <typename T>
void transposed_piece(const T* panel, std::size_t count, const FirTaps<T>& taps, T* out,
                      std::ptrdiff_t square_stride, const PrefetchRange& prefetch) {
    if constexpr (kWholeSquares<T> || kHalfSquares<T>) {
        constexpr std::size_t lanes = kLanes<T>;
        constexpr steps_to<kRows<T>> steps;
        Prefetcher prefetcher(prefetch, (count + kRows<T> - 1) / kRows<T>);
        for (std::size_t y = 0; y < count; y += lanes, out += square_stride) {
            for (std::size_t x = 0; x < lanes; x += kRows<T>) {
                prefetcher.advance();
                blur_rows(panel + (y + x) * lanes, taps, PutColumns<T>{out + x}, steps);
            }
        }
    } else {
        collect_transposed(panel, count, taps, out, square_stride, prefetch);
    }
}

template <typename T>
void transposed(const T* panel, std::size_t count, const FirTaps<T>& taps, T* out,
                std::ptrdiff_t square_stride, const PrefetchRange& prefetch) {
    const std::size_t piece = piece_of(count, taps);
    std::size_t length = count < piece ? count : piece;
    transposed_piece(panel, length, taps, out, square_stride, prefetch);
    for (std::size_t y = piece; y < count; y += piece) {
        check_interrupt();
        length = count - y < piece ? count - y : piece;
        transposed_piece(panel + y * kLanes<T>, length, taps,
                         out + static_cast<std::ptrdiff_t>(y / kLanes<T>) * square_stride,
                         square_stride, {});
    }
}

}  // namespace

const FirOps<float> fir_f = {kLanes<float>, rows<float>,    transposed<float>,
                             pack<float>,   reflect<float>, fold<float>};
const FirOps<double> fir_d = {kLanes<double>, rows<double>,    transposed<double>,
                              pack<double>,   reflect<double>, fold<double>};

}  // namespace hotcold::HOTCOLD_LEVEL
