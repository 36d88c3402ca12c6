#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bindings/bind.hpp"
#include "bindings/names.hpp"
#include "bindings/numpy_view.hpp"
#include "bindings/render/item_text.hpp"
#include "bindings/render/plan_fields.hpp"
#include "bindings/render/render_inputs.hpp"
#include "bindings/without_gil.hpp"
#include "kernels/normalize/extent.hpp"
#include "kernels/render/painter.hpp"
#include "kernels/render/render.hpp"

namespace py = pybind11;

namespace hotcold {
namespace {

// Shapes as Python has them, (N, C, H, W).
using Sizes = std::array<std::size_t, 4>;

Shape shape_from(const Sizes& sizes) { return {sizes[0], sizes[1], sizes[2], sizes[3]}; }

std::optional<Shape> shape_from(const std::optional<Sizes>& sizes) {
    if (!sizes) return std::nullopt;
    return shape_from(*sizes);
}

struct PictureShapes {
    Shape map;
    Shape values;
    std::size_t channels;  // of the pictures

    PictureShapes(const RenderPlan& plan, const Sizes& attributions,
                  const std::optional<Sizes>& image) {
        const std::optional<Shape> image_shape = shape_from(image);
        const Shape* given = image_shape ? &*image_shape : nullptr;
        if (plan.painter->needs_image() && given == nullptr) {
            throw std::invalid_argument("`image` must be given to overlay and mask");
        }
        map = plan.map_shape(shape_from(attributions), given);
        values = plan.painter->values_shape(plan, map, given);
        channels = plan.painter->picture_channels(plan, map.channels, given ? given->channels : 0);
    }
};

py::tuple picture_shape(const py::object& plan, const Sizes& attributions,
                        const std::optional<Sizes>& image) {
    const PictureShapes shapes(checked_plan(plan), attributions, image);
    return py::make_tuple(shapes.map.rows, shapes.map.columns, shapes.channels);
}

py::tuple values_shape(const py::object& plan, const Sizes& attributions,
                       const std::optional<Sizes>& image) {
    const Shape values = PictureShapes(checked_plan(plan), attributions, image).values;
    return py::make_tuple(values.items, values.channels, values.rows, values.columns);
}

struct Arrays {
    const py::array& attributions;
    const std::optional<py::array>& image;
    const std::optional<py::array>& values;
    const std::optional<py::array>& picture;
    const std::optional<py::array>& extents;
};

void refuse_overlaps(const Arrays& arrays) {
    for (const auto* out : {&arrays.values, &arrays.picture}) {
        const char* name = out == &arrays.values ? "values" : "picture";
        if (!*out) continue;
        refuse_overlap(arrays.attributions, "attributions", **out, name);
        if (arrays.image) refuse_overlap(*arrays.image, "image", **out, name);
    }
    if (arrays.values && arrays.picture) {
        refuse_overlap(*arrays.values, "values", *arrays.picture, "picture");
    }
}

template <typename T>
py::object run(const RenderPlan& plan, const Arrays& arrays, int n_threads) {
    const RenderInputs inputs = render_inputs(plan, arrays.attributions, arrays.image);
    refuse_overlaps(arrays);
    std::optional<BatchView<T>> values;
    if (arrays.values) values = batch_view<T>(*arrays.values, "values", inputs.values);
    std::optional<PictureView> picture;
    if (arrays.picture) {
        picture = picture_view(*arrays.picture, "picture", inputs.map_shape, inputs.channels);
    }
    std::vector<ItemExtents> extents;
    if (arrays.extents) {
        check_extents(*arrays.extents, inputs.map.shape.items);
        extents.resize(inputs.map.shape.items);
    }
    const RenderFault fault = without_gil([&] {
        return render<T>(plan, inputs.map, inputs.image_if_any(), values ? &*values : nullptr,
                         picture ? &*picture : nullptr, n_threads,
                         arrays.extents ? extents.data() : nullptr);
    });
    if (arrays.extents) put_extents(extents, *arrays.extents);
    return fault_message(fault);
}

py::object render_into(const py::object& plan_object, const py::array& attributions,
                       const std::optional<py::array>& image,
                       const std::optional<py::array>& values,
                       const std::optional<py::array>& picture, int n_threads,
                       const std::optional<py::array>& extents) {
    const RenderPlan& plan = checked_plan(plan_object);
    const Arrays arrays{attributions, image, values, picture, extents};
    const int threads = checked_threads(n_threads);
    return computes_in_double(attributions, image) ? run<double>(plan, arrays, threads)
                                                   : run<float>(plan, arrays, threads);
}

py::array_t<double> attribution_limits(const py::object& plan_object, const py::array& extents) {
    const RenderPlan& plan = checked_plan(plan_object);
    const std::vector<ItemExtents> items = extents_from(extents);
    py::array_t<double> limits({static_cast<py::ssize_t>(items.size()), py::ssize_t{2}});
    double* to = limits.mutable_data();
    for (const ItemExtents& item : items) {
        const Extent ends = plan.attribution_limits(item);
        *to++ = ends.low;
        *to++ = ends.high;
    }
    return limits;
}

std::vector<std::string> numbers_of_items(const py::object& plan_object, const py::array& extents,
                                          std::size_t planes, const std::string& clip) {
    const RenderPlan& plan = checked_plan(plan_object);
    std::vector<std::string> texts;
    for (const ItemExtents& item : extents_from(extents)) {
        texts.push_back(item_numbers(plan, item, planes, clip_told_from_name(clip)));
    }
    return texts;
}

// (low, high), the numbers that values lie between; None if there are no values.
using ExtentPair = std::optional<std::pair<double, double>>;

ExtentPair pair_of(const Extent& extent) {
    if (extent.empty()) return std::nullopt;
    return std::pair(extent.low, extent.high);
}

Extent extent_of(const ExtentPair& pair) {
    return pair ? Extent{pair->first, pair->second} : Extent{};
}

ExtentPair measure_batch(const py::object& plan_object, const py::array& attributions,
                         const std::optional<py::array>& image, int n_threads) {
    const RenderPlan& plan = checked_plan(plan_object);
    const RenderInputs inputs = render_inputs(plan, attributions, image);
    const int threads = checked_threads(n_threads);
    const bool wide = computes_in_double(attributions, image);
    return pair_of(without_gil([&] {
        return wide ? measure<double>(plan, inputs.map, inputs.image_if_any(), threads)
                    : measure<float>(plan, inputs.map, inputs.image_if_any(), threads);
    }));
}

py::array_t<double> measure_each_item(const py::object& plan_object, const py::array& attributions,
                                      const std::optional<py::array>& image, int n_threads) {
    const RenderPlan& plan = checked_plan(plan_object);
    const RenderInputs inputs = render_inputs(plan, attributions, image);
    const int threads = checked_threads(n_threads);
    const bool wide = computes_in_double(attributions, image);
    std::vector<Extent> extents(inputs.map.shape.items);
    without_gil([&] {
        wide
            ? measure_each<double>(plan, inputs.map, inputs.image_if_any(), extents.data(), threads)
            : measure_each<float>(plan, inputs.map, inputs.image_if_any(), extents.data(), threads);
    });
    py::array_t<double> pairs({static_cast<py::ssize_t>(extents.size()), py::ssize_t{2}});
    double* to = pairs.mutable_data();
    for (const Extent& extent : extents) {
        constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
        *to++ = extent.empty() ? kNone : extent.low;
        *to++ = extent.empty() ? kNone : extent.high;
    }
    return pairs;
}

RankQuery rank_query(bool magnitudes, unsigned digit, const std::vector<std::uint64_t>& prefixes,
                     bool wide) {
    constexpr std::size_t kMaxPrefixes = 16;
    if (digit >= (wide ? 4U : 2U)) {
        throw std::invalid_argument("`digit` must be one of the values' own, got " +
                                    std::to_string(digit));
    }
    if (prefixes.empty() || prefixes.size() > kMaxPrefixes) {
        throw std::invalid_argument("`prefixes` must be 1 to 16 numbers, got " +
                                    std::to_string(prefixes.size()));
    }
    if (!std::is_sorted(prefixes.begin(), prefixes.end())) {
        throw std::invalid_argument("`prefixes` must rise");
    }
    return {magnitudes, digit, prefixes};
}

// Counts (3 or without sums 1, prefixes, 65536), the arrays of RankCounts, the extent, and the bits
// of a key.
py::tuple count_rank_bins(const py::object& plan_object, const py::array& attributions,
                          const std::optional<py::array>& image, bool magnitudes, bool sums,
                          unsigned digit, const std::vector<std::uint64_t>& prefixes,
                          int n_threads) {
    const RenderPlan& plan = checked_plan(plan_object);
    const RenderInputs inputs = render_inputs(plan, attributions, image);
    const int threads = checked_threads(n_threads);
    const bool wide = computes_in_double(attributions, image);
    const RankQuery query = rank_query(magnitudes, digit, prefixes, wide);
    const std::size_t bins = prefixes.size() * kRankBins;
    py::array_t<std::uint64_t> all({py::ssize_t{sums ? 3 : 1},
                                    static_cast<py::ssize_t>(prefixes.size()),
                                    static_cast<py::ssize_t>(kRankBins)});
    std::uint64_t* const to = all.mutable_data();
    std::fill(to, to + all.size(), std::uint64_t{0});
    const RankCounts counts{to, sums ? to + bins : nullptr, sums ? to + 2 * bins : nullptr};
    const Extent extent = without_gil([&] {
        return wide ? count_ranks<double>(plan, inputs.map, inputs.image_if_any(), query, counts,
                                          threads)
                    : count_ranks<float>(plan, inputs.map, inputs.image_if_any(), query, counts,
                                         threads);
    });
    return py::make_tuple(all, pair_of(extent), wide ? 64 : 32);
}

ExtentPair merge_extents(const ExtentPair& a, const ExtentPair& b) {
    return pair_of(merge(extent_of(a), extent_of(b)));
}

py::tuple extent_limits(const std::string& normalization_type, const ExtentPair& extent,
                        bool of_one_sign) {
    const LimitRule rule = traits_of(normalization_from_name(normalization_type)).limits;
    const Extent limits = limits_between(of_one_sign ? one_sided(rule) : rule, extent_of(extent));
    return py::make_tuple(limits.low, limits.high);
}

}  // namespace

void bind_render(py::module_& m) {
    py::class_<RenderPlan>(m, "RenderPlan", "A visualizer's settings as the core understands them.")
        .def(py::init(&plan_from))
        .def_property_readonly(
            "needs_image",
            [](const py::object& plan) { return checked_plan(plan).painter->needs_image(); },
            "Whether `image` must be given.")
        .def_property_readonly(
            "has_table_colors_alone",
            [](const py::object& plan) { return checked_plan(plan).has_table_colors_alone(); },
            "Whether a picture has no colours but the table's.")
        .def_property_readonly(
            "shares_limits",
            [](const py::object& plan) { return checked_plan(plan).shares_limits(); },
            "Whether an item's colours depend on the others of its batch.")
        .def("picture_shape", &picture_shape, "(H, W, 3 or 4) of a picture.",
             py::arg("attributions"), py::arg("image"))
        .def("values_shape", &values_shape, "(N, C, H, W) of what is computed before colouring.",
             py::arg("attributions"), py::arg("image"));
    m.def("render", &render_into, "See hotcold.request.", py::arg("plan"),
          py::arg("attributions").noconvert(), py::arg("image").noconvert(),
          py::arg("values").noconvert(), py::arg("picture").noconvert(), py::arg("n_threads"),
          py::arg("extents").noconvert() = py::none());
    m.def("attribution_limits", &attribution_limits,
          "(N, 2): the attributions at both ends of the colours of items with these extents, which "
          "`render` writes: (N, 4), the ends of a map before it is normalized, and of its values "
          "afterwards where those are divided by sums, else NaN.",
          py::arg("plan"), py::arg("extents").noconvert());
    m.def("item_numbers", &numbers_of_items,
          "What `render_png` adds to an item's JSON object, for items with these extents and so "
          "many planes.",
          py::arg("plan"), py::arg("extents").noconvert(), py::arg("planes"), py::arg("clip"));
    m.def("measure", &measure_batch,
          "(low, high): between what numbers the normalized values of all items lie that can be "
          "drawn; None if no item can.",
          py::arg("plan"), py::arg("attributions").noconvert(), py::arg("image").noconvert(),
          py::arg("n_threads"));
    m.def("measure_each", &measure_each_item,
          "(N, 2): the same for each item; NaN where it cannot be drawn or misses all values.",
          py::arg("plan"), py::arg("attributions").noconvert(), py::arg("image").noconvert(),
          py::arg("n_threads"));
    m.def("count_ranks", &count_rank_bins,
          "See hotcold.scale.passes: counts of values by 16 bits of their keys, or counts and two "
          "kinds of sums, uint64 (1 or 3, prefixes, 65536), between what numbers the values of all "
          "items lie that can be drawn, "
          "and the bits of a key.",
          py::arg("plan"), py::arg("attributions").noconvert(), py::arg("image").noconvert(),
          py::arg("magnitudes"), py::arg("sums"), py::arg("digit"), py::arg("prefixes"),
          py::arg("n_threads"));
    m.def("extent_limits", &extent_limits,
          "The colour limits, low < high, of a normalization for values of this extent, which may "
          "be of one sign.",
          py::arg("normalization_type"), py::arg("extent"), py::arg("of_one_sign") = false);
    m.def("merge_extents", &merge_extents, "The extent of the values of both.", py::arg("a"),
          py::arg("b"));
}

}  // namespace hotcold
