// Per-level functions of load.hpp.
#pragma once

#include <cstddef>

#include "kernels/load/image_view.hpp"
#include "simd/levels.hpp"

namespace hotcold {

// Some rows of one item, ready to be walked: strides in elements of `type`.
struct SourceRows {
    const void* data = nullptr;  // element (channel 0, first row, column 0)
    ScalarType type = ScalarType::kFloat32;
    std::size_t channels = 1;
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::ptrdiff_t channel_stride = 0;
    std::ptrdiff_t row_stride = 0;
    std::ptrdiff_t column_stride = 0;
};

template <typename T>
struct LoadOps {
    // Channel 0 as contiguous rows of T. Returns the number of NaN and infinities, stored as 0.
    // Finite values beyond T's range become its largest.
    std::size_t (*channel)(const SourceRows& source, T* out);
    // The mean over the channels, summed in T from the first to the last, then divided. The means
    // of finite values are finite.
    std::size_t (*mean)(const SourceRows& source, T* out);
    bool (*all_finite)(const T* values, std::size_t count);
};

#define HOTCOLD_DECLARE(level)           \
    namespace level {                    \
    extern const LoadOps<float> load_f;  \
    extern const LoadOps<double> load_d; \
    }
HOTCOLD_FOR_EACH_LEVEL(HOTCOLD_DECLARE)
#undef HOTCOLD_DECLARE

// The table of the level that runs.
template <typename T>
const LoadOps<T>& load_ops();

}  // namespace hotcold
