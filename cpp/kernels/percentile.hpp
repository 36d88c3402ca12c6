// The percentile of an item, as numpy computes it, and the mask above it.
#pragma once

#include <cstddef>

#include "kernels/image_view.hpp"
#include "runtime/parallel.hpp"

namespace hotcold {

// numpy.percentile(values, 100 * threshold) with linear interpolation, to the last bit: virtual
// index (count - 1) * threshold in double, then numpy's interpolation in T between the two order
// statistics around it. count >= 1, threshold in [0, 1], no NaN. Linear expected time, no bad case
// on tied, sparse or constant input. `scratch` holds count elements; `values` is left alone.
template <typename T>
T percentile(const T* values, std::size_t count, double threshold, T* scratch);

// values[i] = values[i] > limit ? 1 : masked, in place.
template <typename T>
void mask_above(T* values, std::size_t count, T limit, T masked, const Team& team);

// For every item, over all its channels: 1 above the item's percentile, `masked` at or below it,
// into `out` (same shape, no overlap). When the result tells of a non-finite input, `out` holds
// nothing of use.
template <typename T>
NonFinite percentile_mask(const SourceView& source, double threshold, double masked,
                          const BatchView<T>& out, int n_threads);

}  // namespace hotcold
