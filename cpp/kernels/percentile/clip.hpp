// Outliers: the interval to which a map's values are clipped, by rank or by cumulative mass.
#pragma once

#include <cstddef>

#include "runtime/parallel.hpp"

namespace hotcold {

// How the interval is found; v are an item's values, m their magnitudes.
enum class ClipBy {
    kNone,
    kQuantile,   // [-t, t], t = numpy.quantile(m, high)
    kQuantiles,  // [numpy.quantile(v, low), numpy.quantile(v, high)]
    kMass,  // [-t, t], t = the first of the ascending m whose cumulative sum is >= high * sum(m)
};

template <typename T>
struct ClipInterval {
    T low;
    T high;
};

// The interval of some values; count >= 1, finite, low <= high in [0, 1]. Where t is 0 though some
// value is not, nothing is clipped. `scratch` holds 2 * count elements.
template <typename T>
ClipInterval<T> clip_interval(const T* values, std::size_t count, ClipBy by, double low,
                              double high, T* scratch);

// Clips in place.
template <typename T>
void clip(T* values, std::size_t count, const ClipInterval<T>& interval, const Team& team);

}  // namespace hotcold
