// Per-level function of peak.hpp.
#pragma once

#include <cstddef>

#include "simd/levels.hpp"

namespace hotcold {

struct PeakOps {
    std::size_t multiply_adds;  // float lanes multiplied and added in one round
    // The result depends on every operation, so none can be left out.
    float (*run)(std::size_t rounds, float factor, float term);
};

#define HOTCOLD_DECLARE(level)     \
    namespace level {              \
    extern const PeakOps peak_ops; \
    }
HOTCOLD_FOR_EACH_LEVEL(HOTCOLD_DECLARE)
#undef HOTCOLD_DECLARE

}  // namespace hotcold
