#include "kernels/gaussian_blur.simd.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

template <typename T>
void row(const T* in, std::size_t count, const T* weights, std::size_t radius, T* out) {
    for (std::size_t x = 0; x < count; ++x) out[x] = weights[0] * in[x];
    for (std::size_t k = 1; k <= radius; ++k) {
        const T* left = in - k;
        const T* right = in + k;
        const T weight = weights[k];
        for (std::size_t x = 0; x < count; ++x) out[x] += weight * (left[x] + right[x]);
    }
}

template <typename T>
void column(const T* const* above, const T* const* below, std::size_t count, const T* weights,
            std::size_t radius, T* out) {
    for (std::size_t x = 0; x < count; ++x) out[x] = weights[0] * above[0][x];
    for (std::size_t k = 1; k <= radius; ++k) {
        const T* up = above[k];
        const T* down = below[k];
        const T weight = weights[k];
        for (std::size_t x = 0; x < count; ++x) out[x] += weight * (up[x] + down[x]);
    }
}

}  // namespace

const GaussianBlurOps<float> gaussian_blur_f = {row<float>, column<float>};
const GaussianBlurOps<double> gaussian_blur_d = {row<double>, column<double>};

}  // namespace hotcold::HOTCOLD_LEVEL
