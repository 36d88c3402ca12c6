// The inner boundary of what a map shows.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hotcold {

// lines[i] = 1 where values[i] > limit and some pixel at or below the limit lies at most `width`
// steps (up, down, left or right) away, else 0: the region without its `width`-fold erosion by a
// cross, everything beyond the image counting as inside. For width 1 this is scikit-image's
// find_boundaries(values > limit, connectivity=1, mode="inner"). width >= 1.
template <typename T>
void outline(const T* values, std::size_t rows, std::size_t columns, T limit, unsigned width,
             std::uint8_t* lines);

}  // namespace hotcold
