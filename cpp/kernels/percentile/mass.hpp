// The value at which a cumulative sum of sorted values reaches its goal, without sorting them all.
#pragma once

#include <cstddef>

namespace hotcold {

enum class MassFrom { kSmallest, kLargest };

// The first of the sorted values at which the sum of all up to it, in double, is at least `share`
// of the whole sum; the last value where rounding keeps it below. count >= 1, values finite and >=
// +0; `scratch` holds count elements and may be `values`. Three passes over them, and as many over
// the few that are of about the answer's size.
template <typename T>
T value_at_mass(const T* values, std::size_t count, MassFrom from, double share, T* scratch);

}  // namespace hotcold
