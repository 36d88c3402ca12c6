// Outliers: the interval to which a map's values are clipped, by rank or by cumulative mass.
#pragma once

#include <cstddef>

#include "runtime/parallel.hpp"

namespace hotcold {

// How the interval is found; v are an item's values, m their magnitudes, ascending.
enum class ClipBy {
    kNone,
    kQuantile,   // [-t, t], t = numpy.quantile(m, high)
    kQuantiles,  // [numpy.quantile(v, low), numpy.quantile(v, high)]
    kMass,       // [-t, t], t = the first m at which their cumulative sum is >= high * sum(m)
};

template <typename T>
struct ClipInterval {
    T low;
    T high;
};

// The interval of some values; count >= 1, finite, low <= high in [0, 1]. An interval of one number
// would clip everything away: it is all numbers instead. `scratch` holds 2 * count elements;
// `values` is left alone.
template <typename T>
ClipInterval<T> clip_interval(const T* values, std::size_t count, ClipBy by, double low,
                              double high, T* scratch);

template <typename T>
void clip_to(const ClipInterval<T>& interval, T* values, std::size_t count, const Team& team);

}  // namespace hotcold
