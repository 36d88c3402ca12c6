// Per-level functions of cam_overlay.hpp, over runs of pixels.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/paint/cam_overlay.hpp"
#include "simd/levels.hpp"

namespace hotcold {

struct CamOps {
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
