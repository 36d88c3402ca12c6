// Per-level functions of percentile.hpp.
#pragma once

#include <cstddef>

#include "kernels/levels.hpp"

namespace hotcold {

template <typename T>
struct PercentileOps {
    void (*mask_above)(T* values, std::size_t count, T limit, T masked);
};

#define HOTCOLD_DECLARE(level)                       \
    namespace level {                                \
    extern const PercentileOps<float> percentile_f;  \
    extern const PercentileOps<double> percentile_d; \
    }
HOTCOLD_FOR_EACH_LEVEL(HOTCOLD_DECLARE)
#undef HOTCOLD_DECLARE

}  // namespace hotcold
