// Which pixels of a map a percentile mask shows.
#pragma once

#include <cstddef>

#include "runtime/parallel.hpp"

namespace hotcold {

// The value above which a pixel of the map is shown, if the map, with negative values as 0 when
// `clip` is set, were scaled to [0, 1] and compared with its percentile (see percentile.hpp).
// count >= 1, finite values; `scratch` holds count elements; `map` is left alone.
template <typename T>
T mask_limit(const T* map, std::size_t count, bool clip, double threshold, T* scratch,
             const Team& team);

}  // namespace hotcold
