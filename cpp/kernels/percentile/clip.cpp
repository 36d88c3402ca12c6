#include "kernels/percentile/clip.hpp"

#include <algorithm>
#include <cmath>
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

}  // namespace

template <typename T>
ClipInterval<T> clip_interval(const T* values, std::size_t count, ClipBy by, double low,
                              double high, T* scratch) {
    ClipInterval<T> found{};
    if (by == ClipBy::kQuantiles) {
        found = {quantile(values, count, low, scratch), quantile(values, count, high, scratch)};
    } else if (by != ClipBy::kNone) {
        T* const magnitudes = scratch + count;
        for (std::size_t i = 0; i < count; ++i) magnitudes[i] = std::abs(values[i]);
        const T t = by == ClipBy::kQuantile
                        ? quantile(magnitudes, count, high, scratch)
                        : value_at_mass(magnitudes, count, MassFrom::kSmallest, high, scratch);
        found = {-t, t};
    }
    constexpr T kMost = std::numeric_limits<T>::max();
    return found.low < found.high ? found : ClipInterval<T>{-kMost, kMost};
}

template <typename T>
void clip_to(const ClipInterval<T>& interval, T* values, std::size_t count, const Team& team) {
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
template void clip_to(const ClipInterval<float>&, float*, std::size_t, const Team&);
template void clip_to(const ClipInterval<double>&, double*, std::size_t, const Team&);

}  // namespace hotcold
