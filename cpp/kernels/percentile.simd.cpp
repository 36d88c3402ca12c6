#include "kernels/percentile.simd.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

template <typename T>
void mask_above(T* values, std::size_t count, T limit, T masked) {
    for (std::size_t i = 0; i < count; ++i) values[i] = values[i] > limit ? T{1} : masked;
}

}  // namespace

const PercentileOps<float> percentile_f = {mask_above<float>};
const PercentileOps<double> percentile_d = {mask_above<double>};

}  // namespace hotcold::HOTCOLD_LEVEL
