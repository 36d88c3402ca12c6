// Per-level functions of colorize.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/paint/colorize.hpp"
#include "simd/levels.hpp"

namespace hotcold {

template <typename T, typename Entry>
struct EntryOps {
    void (*entries)(const T* values, std::size_t count, const EntryMap<T>& map, Entry* out);
    void (*blend)(const T* x01, const Entry* entries, std::size_t count, T gain,
                  const float* weighted, std::uint8_t* out);
};

template <typename T>
struct ColorizeOps {
    EntryOps<T, std::uint8_t> entries_8;
    EntryOps<T, std::uint16_t> entries_16;
    void (*above)(const T* values, std::size_t count, T limit, std::uint8_t* out);
    void (*bytes)(const T* values, std::size_t count, const Limits<T>& limits, std::uint8_t* out);
    void (*scale_image)(T* values, std::size_t count, const ImageScale<T>& scale);
    void (*unnorm_image)(T* values, std::size_t count, const ImageNorm<T>& norm);
    void (*grey)(T* red, T* green, T* blue, std::size_t count);
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
