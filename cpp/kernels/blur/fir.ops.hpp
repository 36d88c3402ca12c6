// Per-level functions of fir.hpp.
//
// A panel is a strip of a plane as wide as a register (`lanes` columns), its rows stored one after
// the other without gaps: neighbouring rows are neighbouring cache lines whatever the plane's pitch
// (in a plane whose rows are a multiple of 4 KiB apart they would fight for one cache set).
#pragma once

#include <cstddef>

#include "simd/levels.hpp"
#include "simd/prefetch.hpp"

namespace hotcold {

// Symmetric taps in the order they are added: outermost first, so that small terms meet small sums.
// weights[i] multiplies the two pixels `radius - i` away; the last distance is
// `radius - count + 1`, and when that is 0 its weight is half the centre's.
template <typename T>
struct FirTaps {
    const T* weights;
    std::size_t count;
    std::size_t radius;
};

template <typename T>
struct FirOps {
    std::size_t lanes;

    // Blurs down a panel: out row y (pitch in elements, `columns` <= lanes values) from panel rows
    // y - radius to y + radius. `panel` points at row 0; up to `lanes` - 1 rows past
    // rows + radius are read and not used. Meanwhile `prefetch` is fetched, and the places of as
    // many rows at `ahead`, if not null, that are to be written next, `pitch` apart too.
    void (*rows)(const T* panel, std::size_t rows, const FirTaps<T>& taps, T* out,
                 std::ptrdiff_t pitch, std::size_t columns, const T* ahead,
                 const PrefetchRange& prefetch);

    // The same, each square of lanes x lanes results transposed on its way out: square s (panel
    // rows s lanes ...) goes to out + s * square_stride, as `lanes` contiguous rows.
    void (*transposed)(const T* panel, std::size_t rows, const FirTaps<T>& taps, T* out,
                       std::ptrdiff_t square_stride, const PrefetchRange& prefetch);

    // Transposes `rows` <= lanes rows of a plane into a panel of `columns` rows (rounded up to a
    // multiple of lanes; missing values repeat the last ones). Returns whether all are finite.
    bool (*pack)(const T* plane, std::ptrdiff_t pitch, std::size_t rows, std::size_t columns,
                 T* panel);

    // Fills `reach` rows beyond both ends of a panel's `rows`: c b a | a b c | c b a. `panel`
    // points at row 0.
    void (*reflect)(T* panel, std::size_t rows, std::size_t reach);

    // The other way round: adds `count` rows beyond both ends to the rows that they mirror.
    void (*fold)(T* panel, std::size_t rows, std::size_t count);
};

#define HOTCOLD_DECLARE(level)         \
    namespace level {                  \
    extern const FirOps<float> fir_f;  \
    extern const FirOps<double> fir_d; \
    }
HOTCOLD_FOR_EACH_LEVEL(HOTCOLD_DECLARE)
#undef HOTCOLD_DECLARE

}  // namespace hotcold
