#include "kernels/percentile/clip.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "kernels/percentile/mass.hpp"
#include "kernels/percentile/percentile.hpp"
#include "runtime/integers.hpp"

namespace hotcold {
namespace {

template <typename T>
T quantile(const T* values, std::size_t count, double q, T* scratch) {
    return interpolate(percentile_neighbours(values, count, q, scratch));
}

template <typename T>
double sum(const T* values, std::size_t count) {
    double total = 0.0;
    for (std::size_t i = 0; i < count; ++i) total += static_cast<double>(values[i]);
    return total;
}

}  // namespace

template <typename T>
ClipInterval<T> clip_interval(const T* values, std::size_t count, ClipBy by, double low,
                              double high, T* scratch) {
    constexpr T kMost = std::numeric_limits<T>::max();
    if (by == ClipBy::kNone) return {-kMost, kMost};
    if (by == ClipBy::kQuantiles) {
        return {quantile(values, count, low, scratch), quantile(values, count, high, scratch)};
    }
    T* const magnitudes = scratch + count;
    for (std::size_t i = 0; i < count; ++i) magnitudes[i] = std::abs(values[i]);
    const T t = by == ClipBy::kQuantile
                    ? quantile(magnitudes, count, high, scratch)
                    : value_at_mass(magnitudes, magnitudes + count, high * sum(magnitudes, count),
                                    std::less<T>());
    if (t > T{0}) return {-t, t};
    // Most values are zero: those that are not would all be lost.
    return {-kMost, kMost};
}

template <typename T>
void clip(T* values, std::size_t count, const ClipInterval<T>& interval, const Team& team) {
    constexpr std::size_t kBlock = 65536;
    team.for_each(ceil_div(count, kBlock), [&](std::size_t block) {
        const std::size_t end = std::min(count, (block + 1) * kBlock);
        for (std::size_t i = block * kBlock; i < end; ++i) {
            values[i] = std::min(std::max(values[i], interval.low), interval.high);
        }
    });
}

template ClipInterval<float> clip_interval(const float*, std::size_t, ClipBy, double, double,
                                           float*);
template ClipInterval<double> clip_interval(const double*, std::size_t, ClipBy, double, double,
                                            double*);
template void clip(float*, std::size_t, const ClipInterval<float>&, const Team&);
template void clip(double*, std::size_t, const ClipInterval<double>&, const Team&);

}  // namespace hotcold
