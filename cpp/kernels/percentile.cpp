#include "kernels/percentile.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/batch.hpp"
#include "kernels/load.hpp"
#include "kernels/percentile.simd.hpp"

namespace hotcold {
namespace {

template <typename T>
const PercentileOps<T>& ops();
template <>
const PercentileOps<float>& ops<float>() {
    return HOTCOLD_SELECT(percentile_f);
}
template <>
const PercentileOps<double>& ops<double>() {
    return HOTCOLD_SELECT(percentile_d);
}

// numpy's _lerp: from below for t < 0.5, from above otherwise, so that the result is monotone in t
// and exact at both ends.
template <typename T>
T interpolate(T below, T above, double t) {
    const T difference = above - below;
    if (t < 0.5) return below + difference * static_cast<T>(t);
    return above - difference * static_cast<T>(1.0 - t);
}

}  // namespace

template <typename T>
T percentile(const T* values, std::size_t count, double threshold, T* scratch) {
    // numpy divides 100 * threshold by 100 again; the last bit of the product matters.
    const double quantile = (100.0 * threshold) / 100.0;
    const double virtual_index = static_cast<double>(count - 1) * quantile;
    const auto lower = static_cast<std::size_t>(std::floor(virtual_index));
    std::memcpy(scratch, values, count * sizeof(T));
    if (lower >= count - 1) return *std::max_element(scratch, scratch + count);
    std::nth_element(scratch, scratch + lower, scratch + count);
    const T below = scratch[lower];
    const T above = *std::min_element(scratch + lower + 1, scratch + count);
    return interpolate(below, above, virtual_index - static_cast<double>(lower));
}

template <typename T>
void mask_above(T* values, std::size_t count, T limit, T masked, const Team& team) {
    constexpr std::size_t kBlock = 16384;
    team.for_each((count + kBlock - 1) / kBlock, [&](std::size_t block) {
        const std::size_t begin = block * kBlock;
        ops<T>().mask_above(values + begin, std::min(kBlock, count - begin), limit, masked);
    });
}

template <typename T>
NonFinite percentile_mask(const SourceView& source, double threshold, double masked,
                          const BatchView<T>& out, int n_threads) {
    const std::size_t channels = source.shape.channels;
    const std::size_t plane = source.shape.plane();
    const std::size_t bytes = 2 * Workspace::bytes_for<T>(channels * plane);
    NonFiniteLog log;
    for_each_item(source.shape.items, channels * plane, bytes, n_threads,
                  [&](std::size_t item, Workspace& workspace, const Team& team) {
                      T* map = workspace.take<T>(channels * plane);
                      T* scratch = workspace.take<T>(channels * plane);
                      std::size_t bad = 0;
                      for (std::size_t c = 0; c < channels; ++c) {
                          bad += load_channel(source, item, c, map + c * plane, team);
                      }
                      log.record(item, bad);
                      const T limit = percentile(map, channels * plane, threshold, scratch);
                      mask_above(map, channels * plane, limit, static_cast<T>(masked), team);
                      for (std::size_t c = 0; c < channels; ++c) {
                          store_channel(map + c * plane, out, item, c, team);
                      }
                  });
    return log.first();
}

template float percentile(const float*, std::size_t, double, float*);
template double percentile(const double*, std::size_t, double, double*);
template void mask_above(float*, std::size_t, float, float, const Team&);
template void mask_above(double*, std::size_t, double, double, const Team&);
template NonFinite percentile_mask(const SourceView&, double, double, const BatchView<float>&, int);
template NonFinite percentile_mask(const SourceView&, double, double, const BatchView<double>&,
                                   int);

}  // namespace hotcold
