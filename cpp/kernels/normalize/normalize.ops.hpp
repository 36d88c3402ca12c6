// Per-level functions of normalize.hpp.
#pragma once

#include <cstddef>

#include "kernels/normalize/normalize.hpp"
#include "simd/levels.hpp"

namespace hotcold {

template <typename T>
struct NormalizeOps {
    // count >= 1.
    void (*extremes)(const T* values, std::size_t count, T* min, T* max);
    // Sums of the positive and of the negative values.
    void (*sums)(const T* values, std::size_t count, double* positive, double* negative);
    // `out` may be `values`.
    void (*apply)(const T* values, std::size_t count, const Scale<T>& scale, T* out);
    // `sign` is not kAll.
    void (*take_sign)(T* values, std::size_t count, Sign sign);
};

#define HOTCOLD_DECLARE(level)                     \
    namespace level {                              \
    extern const NormalizeOps<float> normalize_f;  \
    extern const NormalizeOps<double> normalize_d; \
    }
HOTCOLD_FOR_EACH_LEVEL(HOTCOLD_DECLARE)
#undef HOTCOLD_DECLARE

}  // namespace hotcold
