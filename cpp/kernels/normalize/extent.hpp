// Colour limits that follow from the values drawn: an item is measured, extents are merged over as
// many items as are to share their limits, and the limits are read off what comes out. A batch does
// that at one go; jobs, shards and clusters keep extents, two numbers each, and merge them later.
#pragma once

#include <cstddef>
#include <limits>

#include "kernels/normalize/modes.hpp"
#include "kernels/normalize/normalize.hpp"
#include "runtime/parallel.hpp"

namespace hotcold {

// Between what numbers values lie; low > high as long as there are none.
struct Extent {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();

    bool empty() const { return low > high; }
    // The largest |value|; 0 if there is none.
    double magnitude() const { return empty() ? 0.0 : high > -low ? high : -low; }
};

// What the colour limits of an item follow from.
struct ItemExtents {
    Extent map;     // of its values before they are normalized
    Extent values;  // of those afterwards, where they were divided by sums; else empty
};

// The extent of the values of both.
Extent merge(const Extent& a, const Extent& b);

// The extent of `channels` contiguous planes of `plane` values, each mapped through its scale; from
// 0 where the scale takes magnitudes. plane >= 1; finite values.
template <typename T>
Extent measure(const T* item, std::size_t channels, std::size_t plane, const Scale<T>* scales,
               const Team& team);

// Colour limits, as matplotlib's Normalize: t = (v - low) / range.
template <typename T>
struct Limits {
    T low = 0;
    T range = 1;  // 0 where the limits coincide: every value is drawn with `flat`
    T flat = 0;   // t for range 0
};

// The limits by a rule for values of this extent times `factor`.
template <typename T>
Limits<T> limits_of(LimitRule rule, const Extent& extent, T factor = T{1});

// The same as numbers that any renderer takes: low < high.
Extent limits_between(LimitRule rule, const Extent& extent);

}  // namespace hotcold
