// Per-level functions of outline.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/levels.hpp"

namespace hotcold {

// Of one byte a pixel, 0 or 255. Beyond the image counts as 255.
struct OutlineOps {
    // 255 stays where the neighbours on all four sides are 255.
    void (*erode)(const std::uint8_t* from, std::size_t rows, std::size_t columns,
                  std::uint8_t* to);
    // 1 where `inside` is 255 and the erosion of `from` is 0, else 0.
    void (*rim)(const std::uint8_t* inside, const std::uint8_t* from, std::size_t rows,
                std::size_t columns, std::uint8_t* lines);
};

#define HOTCOLD_DECLARE(level)             \
    namespace level {                      \
    extern const OutlineOps outline_bytes; \
    }
HOTCOLD_FOR_EACH_LEVEL(HOTCOLD_DECLARE)
#undef HOTCOLD_DECLARE

}  // namespace hotcold
