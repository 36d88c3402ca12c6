// What a picture file says of its item in numbers, which are known once it is rendered.
#pragma once

#include <pybind11/numpy.h>

#include <string>
#include <vector>

#include "kernels/normalize/extent.hpp"
#include "kernels/render/plan.hpp"

namespace hotcold {

// Which of the ends of a clipped map are told.
enum class ClipTold {
    kNone,
    kEnds,       // both
    kMagnitude,  // minus and plus the larger magnitude
};

// "", "ends" or "magnitude".
ClipTold clip_told_from_name(const std::string& name);

// Members of a JSON object: the attributions at both ends of the colours, null where colours stand
// for none, and those at which the map of `planes` was clipped, if that is told. Numbers have all
// of their bits.
std::string item_numbers(const RenderPlan& plan, const ItemExtents& item, std::size_t planes,
                         ClipTold clip);

// Extents as float64 (N, 4): the low and the high end of a map, and of its values; NaN where there
// are none. TypeError for another dtype, std::invalid_argument for another shape.
std::vector<ItemExtents> extents_from(const pybind11::array& rows);
// The same to write, of so many items.
void check_extents(const pybind11::array& rows, std::size_t n_items);
void put_extents(const std::vector<ItemExtents>& extents, const pybind11::array& rows);

}  // namespace hotcold
