// Per-level functions of colorize.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/colorize.hpp"
#include "kernels/levels.hpp"

namespace hotcold {

template <typename T>
struct ColorizeOps {
    // Table rows have four entries whatever out_channels is.
    void (*color)(const T* values, std::size_t count, const Limits<T>& limits,
                  const std::uint8_t* table, std::size_t entries, std::size_t out_channels,
                  std::uint8_t* out);
    void (*overlay)(const T* values, const PixelRun<T>& image, const Limits<T>& limits,
                    const float* table, std::size_t entries, T image_gain, std::uint8_t* out);
    void (*channels)(const PixelRun<T>& run, const Limits<T>& limits, std::uint8_t* out);
    void (*scale_image)(T* values, std::size_t count, const ImageScale<T>& scale);
    void (*multiply)(const T* opacity, const T* x01, std::size_t count, T* out);
};

#define HOTCOLD_DECLARE(level)                   \
    namespace level {                            \
    extern const ColorizeOps<float> colorize_f;  \
    extern const ColorizeOps<double> colorize_d; \
    }
HOTCOLD_FOR_EACH_LEVEL(HOTCOLD_DECLARE)
#undef HOTCOLD_DECLARE

}  // namespace hotcold
