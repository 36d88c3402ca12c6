// The percentile of an item, as numpy computes it, and the mask above it.
#pragma once

#include <cstddef>

#include "kernels/load/image_view.hpp"
#include "runtime/parallel.hpp"

namespace hotcold {

// Two neighbours in sorted order and how far between them the percentile lies: from `below` at
// t = 0 to `above` at t = 1. Of no use when not all values were finite.
template <typename T>
struct Neighbours {
    T below;
    T above;
    double t;
    bool finite = true;
};

// The order statistics around numpy.percentile(values, 100 * threshold). count >= 1, threshold in
// [0, 1]. Linear time whatever the values: about one pass over them, two when the
// answer is tied with many others. `scratch` holds count elements; `values` is left alone.
template <typename T>
Neighbours<T> percentile_neighbours(const T* values, std::size_t count, double threshold,
                                    T* scratch);

// numpy's linear interpolation between them, in T and to the last bit; never overflows.
template <typename T>
T interpolate(const Neighbours<T>& neighbours);

// out[i] = values[i] > limit ? 1 : masked. `out` may be `values`.
template <typename T>
void mask_above(const T* values, std::size_t count, T limit, T masked, T* out, const Team& team);

// Copies the values with low < value < high, in their order, and tells how many there are; `out`
// has room for all of `count` and may be `values`.
template <typename T>
std::size_t take_between(const T* values, std::size_t count, T low, T high, T* out);

// For every item, over all its channels: 1 above the item's percentile, `masked` at or below it,
// into `out` (same shape, no overlap). When the result tells of a non-finite input, `out` holds
// nothing of use.
template <typename T>
NonFinite percentile_mask(const SourceView& source, double threshold, double masked,
                          const BatchView<T>& out, int n_threads);

}  // namespace hotcold
