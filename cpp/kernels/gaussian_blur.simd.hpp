// Per-level functions of gaussian_blur.hpp.
#pragma once

#include <cstddef>

#include "kernels/levels.hpp"

namespace hotcold {

template <typename T>
struct GaussianBlurOps {
    // out[x] = weights[0] in[x] + sum over k = 1..radius of weights[k] (in[x - k] + in[x + k]) for
    // `count` elements; `in` may be read from -radius to count + radius - 1.
    void (*row)(const T* in, std::size_t count, const T* weights, std::size_t radius, T* out);
    // The same across rows: above[k] and below[k] point at the rows k away (k = 0: the row itself).
    void (*column)(const T* const* above, const T* const* below, std::size_t count,
                   const T* weights, std::size_t radius, T* out);
};

#define HOTCOLD_DECLARE(level)                            \
    namespace level {                                     \
    extern const GaussianBlurOps<float> gaussian_blur_f;  \
    extern const GaussianBlurOps<double> gaussian_blur_d; \
    }
HOTCOLD_FOR_EACH_LEVEL(HOTCOLD_DECLARE)
#undef HOTCOLD_DECLARE

}  // namespace hotcold
