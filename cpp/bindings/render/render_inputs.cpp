#include "bindings/render/render_inputs.hpp"

#include <stdexcept>
#include <string>

#include "bindings/numpy_view.hpp"
#include "kernels/render/painter.hpp"

namespace py = pybind11;

namespace hotcold {
namespace {

// The channel counts that make a picture of each kind; see render()'s preconditions.
void check_channels(const RenderPlan& plan, const Shape& map, const Shape* image) {
    const bool with_image = plan.painter->needs_image();
    if (with_image != (image != nullptr)) {
        throw std::invalid_argument(with_image ? "`image` must be given to overlay and mask"
                                               : "`image` must be None unless overlay or mask");
    }
    const std::size_t planes = plan.map_shape(map, image).channels;
    const auto drawable = [](std::size_t n) { return n == 1 || n == 3 || n == 4; };
    if (image != nullptr) {
        if (plan.upsample == Upsample::kNone) {
            if (image->items != map.items || image->rows != map.rows ||
                image->columns != map.columns) {
                throw std::invalid_argument(
                    "`image` and `attributions` must agree in items, rows and columns");
            }
        } else if (image->items != map.items || image->rows < map.rows ||
                   image->columns < map.columns) {
            throw std::invalid_argument(
                "`image` must have the items of `attributions`, and no fewer rows and columns");
        }
        if (!drawable(image->channels)) {
            throw std::invalid_argument("`image` must have 1, 3 or 4 channels, got " +
                                        std::to_string(image->channels));
        }
    }
    if (plan.has_marks() && planes != 1) {
        throw std::invalid_argument("`attributions` must have one channel to draw lines, got " +
                                    std::to_string(planes));
    }
    const std::size_t image_channels = image != nullptr ? image->channels : 0;
    if (!plan.painter->can_paint(plan, planes, image_channels)) {
        throw std::invalid_argument("`attributions` has a channel count that cannot be drawn: " +
                                    std::to_string(planes));
    }
}

}  // namespace

const RenderPlan& checked_plan(const py::object& plan) {
    if (!py::isinstance<RenderPlan>(plan)) {
        throw py::type_error("`plan` must be a RenderPlan, got " +
                             py::str(py::type::of(plan)).cast<std::string>());
    }
    auto* const instance = reinterpret_cast<py::detail::instance*>(plan.ptr());
    if (!instance->get_value_and_holder().holder_constructed()) {
        throw py::type_error("`plan` must be a RenderPlan that was initialised");
    }
    return plan.cast<const RenderPlan&>();
}

RenderInputs render_inputs(const RenderPlan& plan, const py::array& attributions,
                           const std::optional<py::array>& image) {
    RenderInputs inputs{source_view(attributions, "attributions"), std::nullopt, {}, {}, 0};
    if (image) inputs.image = source_view(*image, "image");
    const Shape* shape = inputs.image ? &inputs.image->shape : nullptr;
    check_channels(plan, inputs.map.shape, shape);
    inputs.map_shape = plan.map_shape(inputs.map.shape, shape);
    inputs.values = plan.painter->values_shape(plan, inputs.map_shape, shape);
    inputs.channels = plan.painter->picture_channels(plan, inputs.map_shape.channels,
                                                     shape != nullptr ? shape->channels : 0);
    return inputs;
}

bool computes_in_double(const py::array& attributions, const std::optional<py::array>& image) {
    return is_float64(attributions) || (image && is_float64(*image));
}

py::object fault_message(const RenderFault& fault) {
    if (!fault.found()) return py::none();
    const bool first = fault.attributions.found();
    const NonFinite& found = first ? fault.attributions : fault.image;
    return py::make_tuple(first ? "attributions" : "x", found.item, found.count);
}

}  // namespace hotcold
