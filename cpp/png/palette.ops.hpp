// Per-level functions of palette.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/levels.hpp"

namespace hotcold {

struct PaletteOps {
    // Replaces each index by its number of 256.
    void (*renumber)(const std::uint8_t* number, std::uint8_t* indices, std::size_t count);
};

#define HOTCOLD_DECLARE(level)           \
    namespace level {                    \
    extern const PaletteOps png_palette; \
    }
HOTCOLD_FOR_EACH_LEVEL(HOTCOLD_DECLARE)
#undef HOTCOLD_DECLARE

}  // namespace hotcold
