// Which values of a batch are missing: NaN and infinities. The slow way of looking, for items that
// are known to hold some.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/load/image_view.hpp"

namespace hotcold {

// Sets flags[i] to 1 for each missing element i of one channel of an item, counted along its rows;
// leaves the others as they are.
void mark_missing(const SourceView& source, std::size_t item, std::size_t channel,
                  std::uint8_t* flags);

// The `count` values without those flagged, in their order; a single 0 if none is left, so that
// there is always something to measure.
template <typename T>
std::vector<T> present_values(const T* values, const std::uint8_t* flags, std::size_t count);

}  // namespace hotcold
