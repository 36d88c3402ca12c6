// Clipping and scaling keep the order of values. So the percentile is taken of the map as it is,
// only its two neighbours are clipped and scaled, and the number that comes out is led back to the
// map: no pixel is scaled, and comparing raw values decides as comparing scaled ones would.
#include "kernels/percentile/mask_limit.hpp"

#include <algorithm>

#include "kernels/normalize/normalize.hpp"
#include "kernels/percentile/percentile.hpp"

namespace hotcold {

template <typename T>
T mask_limit(const T* map, std::size_t count, bool clip, double threshold, T* scratch,
             const Team& team) {
    const auto clipped = [clip](T value) { return clip ? std::max(value, T{0}) : value; };
    const Extremes<T> raw = extremes(map, count, team);
    const Scale<T> scale =
        fit_extremes(Extremes<T>{clipped(raw.min), clipped(raw.max)}, Normalization::kZeroOne);
    const auto opacity_of = [&](T value) { return scaled(clipped(value), scale); };
    const Neighbours<T> around = percentile_neighbours(map, count, threshold, scratch);
    const T percentile = interpolate(
        Neighbours<T>{opacity_of(around.below), opacity_of(around.above), around.t, true});
    if (opacity_of(around.above) > percentile) return around.below;
    if (opacity_of(raw.max) <= percentile) return raw.max;
    // Many values came to equal the percentile: the largest of them, by halving.
    T hidden = around.above;
    T shown = raw.max;
    while (true) {
        const T middle = hidden / 2 + shown / 2;
        if (!(middle > hidden && middle < shown)) return hidden;
        (opacity_of(middle) > percentile ? shown : hidden) = middle;
    }
}

template float mask_limit(const float*, std::size_t, bool, double, float*, const Team&);
template double mask_limit(const double*, std::size_t, bool, double, double*, const Team&);

}  // namespace hotcold
