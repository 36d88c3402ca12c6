// Per-level row filters of PNG (Portable Network Graphics specification, section 9).
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/levels.hpp"

namespace hotcold {

enum class FilterType : std::uint8_t { kNone = 0, kSub = 1, kUp = 2, kAverage = 3, kPaeth = 4 };

// `count` bytes of a row and of the row above it; the `pixel` bytes before each are read too.
struct FilterRow {
    const std::uint8_t* row;
    const std::uint8_t* above;
    std::size_t pixel;
    std::size_t count;
};

struct PngFilterOps {
    // The filter whose residuals promise the shortest codes; the same at every level. Judging finds
    // the residuals by kPaeth, which wins most often: they are left in `paeth` (row.count bytes,
    // apart from the row) unless it is null. choose_of_all judges all filters, choose all but kSub
    // and kUp: where either predicts well, kPaeth mostly does as they do. Files of photographs,
    // overlays and masks are larger by 0.1 % at most (measured 2026-11; without kAverage by 0.3 to
    // 0.6 %).
    FilterType (*choose)(const FilterRow& row, std::uint8_t* paeth);
    FilterType (*choose_of_all)(const FilterRow& row, std::uint8_t* paeth);
    // Writes row.count residuals. No overlap.
    void (*filter)(FilterType type, const FilterRow& row, std::uint8_t* out);
};

#define HOTCOLD_DECLARE(level)            \
    namespace level {                     \
    extern const PngFilterOps png_filter; \
    }
HOTCOLD_FOR_EACH_LEVEL(HOTCOLD_DECLARE)
#undef HOTCOLD_DECLARE

}  // namespace hotcold
