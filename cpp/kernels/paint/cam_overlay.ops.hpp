// Per-level functions of cam_overlay.hpp, over runs of pixels.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/paint/cam_overlay.hpp"
#include "simd/levels.hpp"

namespace hotcold {

// Values of [0, 1] as whole numbers: one and the slack fit in 16 bits with a sign.
constexpr float kCamOne = 32000.0f;

struct CamOps {
    // v of every pixel, as whole numbers, to `kept`; the largest of them and 0, or -1: values out
    // of range. Entries of `table` are four, as those of `in.table`.
    int (*keep)(const CamOverlay& in, const std::int16_t* table, std::int16_t* kept);
    void (*scale)(const std::int16_t* kept, std::size_t count, float gain, std::uint8_t* out);
    // The same without rounding v, for pictures that are nearly black.
    float (*largest)(const CamOverlay& in);  // of v and 0; -1: values out of range
    void (*paint)(const CamOverlay& in, float gain, std::uint8_t* out);  // bytes of gain * v
};

#define HOTCOLD_DECLARE(level) \
    namespace level {          \
    extern const CamOps kCam;  \
    }
HOTCOLD_FOR_EACH_LEVEL(HOTCOLD_DECLARE)
#undef HOTCOLD_DECLARE

}  // namespace hotcold
