// Per-level functions of paint.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/paint/paint.hpp"
#include "simd/levels.hpp"

namespace hotcold {

template <typename Entry>
struct PaintOps {
    void (*colors)(const Entry* entries, std::size_t count, const ColorPlanes& table,
                   std::uint8_t* out);
    bool takes_pixels;  // whether images may be pixels (ByteRun::step); else planes
    void (*overlay)(const Entry* entries, const ByteRun& image, const ColorPlanes& table,
                    const ImageTable& image_table, std::uint8_t* out);
    // The same by means of bytes, where the table has partners; images of either kind.
    void (*overlay_by_means)(const Entry* entries, const ByteRun& image, const ColorPlanes& table,
                             std::uint8_t* out);
    // The same for translucent tables; images as takes_pixels tells.
    void (*overlay_translucent)(const Entry* entries, const ByteRun& image,
                                const ColorPlanes& table, std::uint8_t* out);
};

struct ByteOps {
    bool takes_pixels;
    void (*mask)(const std::uint8_t* const* masks, const ByteRun& image, const ImageTable& table,
                 std::uint8_t* out);
    void (*keep)(const std::uint8_t* kept, const std::uint8_t* pixels, std::size_t count,
                 std::size_t channels, std::uint8_t* out);
    void (*grey)(const std::uint8_t* red, const std::uint8_t* green, const std::uint8_t* blue,
                 std::size_t count, std::uint8_t* out);
    void (*deinterleave)(const std::uint8_t* pixels, std::size_t count, std::size_t channels,
                         std::uint8_t* const* planes);
    void (*interleave)(const ByteRun& run, std::uint8_t* out);
};

#define HOTCOLD_DECLARE(level)                     \
    namespace level {                              \
    extern const PaintOps<std::uint8_t> paint_8;   \
    extern const PaintOps<std::uint16_t> paint_16; \
    extern const ByteOps paint_bytes;              \
    }
HOTCOLD_FOR_EACH_LEVEL(HOTCOLD_DECLARE)
#undef HOTCOLD_DECLARE

}  // namespace hotcold
