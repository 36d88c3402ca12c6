// What a render reads, as views: shared by the functions that render into arrays and into files.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <optional>

#include "kernels/load/image_view.hpp"
#include "kernels/render/render.hpp"

namespace hotcold {

struct RenderInputs {
    SourceView map;
    std::optional<SourceView> image;
    Shape map_shape;       // see RenderPlan
    Shape values;          // see Painter::values_shape()
    std::size_t channels;  // of the pictures

    const SourceView* image_if_any() const { return image ? &*image : nullptr; }
};

// The plan in a Python object. TypeError for another object, and for one whose __init__ was never
// called: its plan is not there.
const RenderPlan& checked_plan(const pybind11::object& plan);

// Checks them against each other and against what `plan` can draw.
RenderInputs render_inputs(const RenderPlan& plan, const pybind11::array& attributions,
                           const std::optional<pybind11::array>& image);

// Whether a render of these computes in float64.
bool computes_in_double(const pybind11::array& attributions,
                        const std::optional<pybind11::array>& image);

// (argument, item, count) of the first input that held non-finite values, or None.
pybind11::object fault_message(const RenderFault& fault);

}  // namespace hotcold
