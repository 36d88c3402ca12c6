// Per-level row filters of PNG (Portable Network Graphics specification, section 9).
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/levels.hpp"

namespace hotcold {

struct PngFilterOps {
    // out[i] = row[i] - Paeth(row[i - pixel], above[i], above[i - pixel]) for i in [0, count):
    // `pixel` bytes before `row` and `above` are read. No overlap.
    void (*paeth)(const std::uint8_t* row, const std::uint8_t* above, std::size_t pixel,
                  std::size_t count, std::uint8_t* out);
    // out[i] = row[i] - before[i].
    void (*subtract)(const std::uint8_t* row, const std::uint8_t* before, std::size_t count,
                     std::uint8_t* out);
};

#define HOTCOLD_DECLARE(level)            \
    namespace level {                     \
    extern const PngFilterOps png_filter; \
    }
HOTCOLD_FOR_EACH_LEVEL(HOTCOLD_DECLARE)
#undef HOTCOLD_DECLARE

}  // namespace hotcold
