// An item on its way through a plan.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/normalize/normalize.hpp"
#include "runtime/parallel.hpp"
#include "runtime/workspace.hpp"

namespace hotcold {

// A flag for each value of an item's map; empty, as nearly always, if all are there.
using Missing = std::vector<std::uint8_t>;

// The map is made and changed by the plan's steps, one after the other, and by the painter.
template <typename T>
struct MapItem {
    std::size_t index;
    T* map;
    Workspace& workspace;  // room for what steps and painter say they take
    const Team& team;
    Missing missing = {};
    // Of the map as it is painted, where somebody has looked; NaN otherwise.
    Extremes<T> extremes = {std::numeric_limits<T>::quiet_NaN(),
                            std::numeric_limits<T>::quiet_NaN()};
};

}  // namespace hotcold
