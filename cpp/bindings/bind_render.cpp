#include <pybind11/stl.h>

#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "bindings/bind.hpp"
#include "bindings/names.hpp"
#include "bindings/numpy_view.hpp"
#include "bindings/render_inputs.hpp"
#include "bindings/without_gil.hpp"
#include "kernels/render/render.hpp"

namespace py = pybind11;

namespace hotcold {
namespace {

constexpr Names<Reduction, 6> kReductionNames = {{{"none", Reduction::kNone},
                                                  {"mean", Reduction::kMean},
                                                  {"sum", Reduction::kSum},
                                                  {"sum_abs", Reduction::kSumAbs},
                                                  {"max_abs", Reduction::kMaxAbs},
                                                  {"norm", Reduction::kNorm}}};
constexpr Names<Upsample, 4> kUpsampleNames = {{{"none", Upsample::kNone},
                                                {"nearest", Upsample::kNearest},
                                                {"bilinear", Upsample::kBilinear},
                                                {"bicubic", Upsample::kBicubic}}};
constexpr Names<Sign, 2> kSignNames = {{{"all", Sign::kAll}, {"positive", Sign::kPositive}}};
constexpr Names<Paint, 4> kPaintNames = {{{"table", Paint::kTable},
                                          {"channels", Paint::kChannels},
                                          {"overlay", Paint::kOverlay},
                                          {"mask", Paint::kMask}}};
constexpr Names<Opacity, 2> kOpacityNames = {
    {{"percentile", Opacity::kPercentile}, {"map", Opacity::kMap}}};

constexpr Names<NonFinitePolicy, 3> kNonFiniteNames = {
    {{"raise", NonFinitePolicy::kRaise},
     {"zero", NonFinitePolicy::kZero},
     {"transparent", NonFinitePolicy::kTransparent}}};

using Pair = std::pair<double, double>;

double checked(const char* name, double value, bool ok, const char* rule) {
    if (!ok) {
        throw std::invalid_argument("`" + std::string(name) + "` must be " + rule + ", got " +
                                    std::to_string(value));
    }
    return value;
}

double fraction(const char* name, double value) {
    return checked(name, value, value >= 0.0 && value <= 1.0, "in [0, 1]");
}

double sigma(double value) {
    return checked("sigma", value, std::isfinite(value) && value >= 0.0, "finite and >= 0 pixels");
}

Pair increasing(const char* name, const Pair& pair) {
    checked(name, pair.first, std::isfinite(pair.first), "finite");
    checked(name, pair.second, std::isfinite(pair.second) && pair.second > pair.first,
            "finite, and its end above its start");
    return pair;
}

ColorTable table_from(const py::array& table) {
    constexpr py::ssize_t kMaxEntries = 1 << 16;
    if (table.ndim() != 2 || table.shape(0) < 1 || table.shape(0) > kMaxEntries ||
        table.shape(1) != 4) {
        throw std::invalid_argument("`table` must have shape (1 to 65536, 4)");
    }
    require_real(table, "table");
    const auto rgba = py::array_t < double, py::array::c_style | py::array::forcecast > (table);
    for (py::ssize_t i = 0; i < rgba.size(); ++i) fraction("table", rgba.data()[i]);
    return ColorTable(rgba.data(), static_cast<std::size_t>(rgba.shape(0)));
}

std::unique_ptr<RenderPlan> make_plan(const std::string& reduction, const std::string& upsample,
                                      const Pair& sigmas, const std::string& sign,
                                      const std::string& normalization_type,
                                      const std::string& paint, const std::optional<Pair>& limits,
                                      const std::optional<py::array>& table, double overlay_opacity,
                                      const std::string& opacity, double threshold,
                                      double masked_opacity, const std::optional<Pair>& image_range,
                                      const std::string& nonfinite) {
    auto plan = std::make_unique<RenderPlan>();
    plan->reduction = from_name(kReductionNames, "reduction", reduction);
    plan->upsample = from_name(kUpsampleNames, "upsample", upsample);
    plan->sigma_y = sigma(sigmas.first);
    plan->sigma_x = sigma(sigmas.second);
    plan->sign = from_name(kSignNames, "sign", sign);
    plan->normalization = normalization_from_name(normalization_type);
    plan->paint = from_name(kPaintNames, "paint", paint);
    if (limits) {
        plan->limits_given = true;
        std::tie(plan->limit_low, plan->limit_high) = increasing("limits", *limits);
    }
    plan->overlay_opacity = fraction("overlay_opacity", overlay_opacity);
    if (table) plan->table = table_from(*table);
    const bool needs_table = plan->paint == Paint::kTable || plan->paint == Paint::kOverlay;
    if (needs_table && plan->table.entries() == 0) {
        throw std::invalid_argument("`table` must be given when paint is 'table' or 'overlay'");
    }
    plan->opacity = from_name(kOpacityNames, "opacity", opacity);
    plan->threshold = fraction("threshold", threshold);
    plan->masked_opacity = fraction("masked_opacity", masked_opacity);
    if (image_range) {
        plan->image_range_given = true;
        std::tie(plan->image_low, plan->image_high) = increasing("image_range", *image_range);
    }
    plan->nonfinite = from_name(kNonFiniteNames, "nonfinite", nonfinite);
    plan->prepare();
    return plan;
}

struct Arrays {
    const py::array& attributions;
    const std::optional<py::array>& image;
    const std::optional<py::array>& values;
    const std::optional<py::array>& picture;
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
    if (arrays.values) {
        Shape shape = inputs.drawn;
        if (plan.reduction != Reduction::kNone) shape.channels = 1;
        values = batch_view<T>(*arrays.values, "values",
                               plan.paint == Paint::kMask ? inputs.image->shape : shape);
    }
    std::optional<PictureView> picture;
    if (arrays.picture) {
        picture = picture_view(*arrays.picture, "picture", inputs.drawn, inputs.channels);
    }
    return fault_message(without_gil([&] {
        return render<T>(plan, inputs.map, inputs.image_if_any(), values ? &*values : nullptr,
                         picture ? &*picture : nullptr, n_threads);
    }));
}

py::object render_into(const py::object& plan_object, const py::array& attributions,
                       const std::optional<py::array>& image,
                       const std::optional<py::array>& values,
                       const std::optional<py::array>& picture, int n_threads) {
    const RenderPlan& plan = checked_plan(plan_object);
    const Arrays arrays{attributions, image, values, picture};
    const int threads = checked_threads(n_threads);
    return computes_in_double(attributions, image) ? run<double>(plan, arrays, threads)
                                                   : run<float>(plan, arrays, threads);
}

}  // namespace

void bind_render(py::module_& m) {
    py::class_<RenderPlan>(m, "RenderPlan", "A visualizer's settings as the core understands them.")
        .def(py::init(&make_plan), py::kw_only(), py::arg("reduction"), py::arg("upsample"),
             py::arg("sigma"), py::arg("sign"), py::arg("normalization_type"), py::arg("paint"),
             py::arg("limits"), py::arg("table"), py::arg("overlay_opacity"), py::arg("opacity"),
             py::arg("threshold"), py::arg("masked_opacity"), py::arg("image_range"),
             py::arg("nonfinite"));
    m.def("render", &render_into, "See hotcold.request.", py::arg("plan"),
          py::arg("attributions").noconvert(), py::arg("image").noconvert(),
          py::arg("values").noconvert(), py::arg("picture").noconvert(), py::arg("n_threads"));
}

}  // namespace hotcold
