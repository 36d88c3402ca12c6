#include "bindings/render/plan_fields.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings/names.hpp"
#include "bindings/numpy_view.hpp"
#include "kernels/render/painter.hpp"

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
constexpr Names<Sign, 4> kSignNames = {{{"all", Sign::kAll},
                                        {"positive", Sign::kPositive},
                                        {"negative", Sign::kNegative},
                                        {"absolute", Sign::kAbsolute}}};
constexpr Names<ClipBy, 3> kClipNames = {
    {{"quantile", ClipBy::kQuantile}, {"quantiles", ClipBy::kQuantiles}, {"mass", ClipBy::kMass}}};
constexpr Names<Opacity, 3> kOpacityNames = {
    {{"threshold", Opacity::kThreshold}, {"map", Opacity::kMap}, {"constant", Opacity::kConstant}}};

constexpr Names<Background, 3> kBackgroundNames = {{{"checker", Background::kChecker},
                                                    {"blur", Background::kBlur},
                                                    {"transparent", Background::kTransparent}}};

constexpr Names<ChannelOrder, 2> kChannelOrderNames = {
    {{"rgb", ChannelOrder::kRgb}, {"bgr", ChannelOrder::kBgr}}};
constexpr Names<NonFinitePolicy, 3> kNonFiniteNames = {
    {{"raise", NonFinitePolicy::kRaise},
     {"zero", NonFinitePolicy::kZero},
     {"transparent", NonFinitePolicy::kTransparent}}};

const Painter& painter_from_name(const std::string& name) {
    Names<const Painter*, std::size(kPainters)> names;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const Painter& painter = kPainters[i]();
        names[i] = {painter.name(), &painter};
    }
    return *from_name(names, "paint", name);
}

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

// Whether a range is given, and where it begins and ends.
std::tuple<bool, double, double> range_from(const char* name, const py::handle& value) {
    if (value.is_none()) return {false, 0.0, 1.0};
    const auto [low, high] = value.cast<std::pair<double, double>>();
    checked(name, low, std::isfinite(low), "finite");
    checked(name, high, std::isfinite(high) && high > low, "finite, and its end above its start");
    return {true, low, high};
}

void set_image_norm(RenderPlan& plan, const py::handle& value) {
    using Colors = std::array<double, 3>;
    const auto [mean, deviation] = value.cast<std::pair<Colors, Colors>>();
    for (std::size_t c = 0; c < 3; ++c) {
        plan.image_mean[c] = checked("image_norm", mean[c], std::isfinite(mean[c]), "finite");
        plan.image_std[c] =
            checked("image_norm", deviation[c], std::isfinite(deviation[c]) && deviation[c] > 0.0,
                    "finite, and its std above 0");
    }
}

ColorTable table_from(const py::array& table) {
    constexpr py::ssize_t kMaxEntries = 1 << 16;
    if (table.ndim() != 2 || table.shape(0) < 1 || table.shape(0) > kMaxEntries ||
        table.shape(1) != 4) {
        throw std::invalid_argument("`table` must have shape (1 to 65536, 4)");
    }
    require_real(table, "table");
    constexpr int kPlain =
        py::array::c_style | py::array::forcecast | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
    const py::array_t<double, kPlain> rgba(table);
    for (py::ssize_t i = 0; i < rgba.size(); ++i) fraction("table", rgba.data()[i]);
    return ColorTable(rgba.data(), static_cast<std::size_t>(rgba.shape(0)));
}

Rgb rgb(const char* name, const py::handle& value) {
    const auto color = value.cast<std::array<double, 3>>();
    Rgb bytes{};
    for (std::size_t c = 0; c < 3; ++c) {
        bytes[c] = static_cast<std::uint8_t>(fraction(name, color[c]) * 255.0 + 0.5);
    }
    return bytes;
}

// Of lines, in pixels. Wider than any picture is as wide as it.
unsigned width(const char* name, const py::handle& value) {
    const auto pixels = value.cast<long long>();
    if (pixels < 1) {
        throw std::invalid_argument("`" + std::string(name) + "` must be >= 1, got " +
                                    std::to_string(pixels));
    }
    return static_cast<unsigned>(std::min(pixels, 1LL << 16));
}

struct PlanField {
    const char* name;
    void (*set)(RenderPlan& plan, const py::handle& value);
};

std::string text(const py::handle& value) { return value.cast<std::string>(); }

// One row a field, in the order of the steps.
const PlanField kPlanFields[] = {
    {"reduction",
     [](RenderPlan& plan, const py::handle& value) {
         plan.reduction = from_name(kReductionNames, "reduction", text(value));
     }},
    {"upsample",
     [](RenderPlan& plan, const py::handle& value) {
         plan.upsample = from_name(kUpsampleNames, "upsample", text(value));
     }},
    {"sigma",
     [](RenderPlan& plan, const py::handle& value) {
         const auto [y, x] = value.cast<std::pair<double, double>>();
         plan.sigma_y = sigma(y);
         plan.sigma_x = sigma(x);
     }},
    {"sign",
     [](RenderPlan& plan, const py::handle& value) {
         plan.sign = from_name(kSignNames, "sign", text(value));
     }},
    {"clip",
     [](RenderPlan& plan, const py::handle& value) {
         if (value.is_none()) return;
         const auto [by, low, high] = value.cast<std::tuple<std::string, double, double>>();
         plan.clip_by = from_name(kClipNames, "clip", by);
         plan.clip_low = fraction("clip", low);
         plan.clip_high = checked("clip", high, low <= high && high <= 1.0, "in [its start, 1]");
     }},
    {"normalization_type",
     [](RenderPlan& plan, const py::handle& value) {
         plan.normalization = normalization_from_name(text(value));
     }},
    {"extremes",
     [](RenderPlan& plan, const py::handle& value) {
         plan.extremes_given = !value.is_none();
         if (!plan.extremes_given) return;
         const auto [low, high] = value.cast<std::pair<double, double>>();
         plan.extreme_low = checked("extremes", low, std::isfinite(low), "finite");
         plan.extreme_high = checked("extremes", high, std::isfinite(high) && low <= high,
                                     "finite, and its end not below its start");
     }},
    {"paint", [](RenderPlan& plan,
                 const py::handle& value) { plan.painter = &painter_from_name(text(value)); }},
    {"limits",
     [](RenderPlan& plan, const py::handle& value) {
         std::tie(plan.limits_given, plan.limit_low, plan.limit_high) = range_from("limits", value);
     }},
    {"table",
     [](RenderPlan& plan, const py::handle& value) {
         if (!value.is_none()) plan.table = table_from(value.cast<py::array>());
     }},
    {"overlay_opacity",
     [](RenderPlan& plan, const py::handle& value) {
         plan.overlay_opacity = fraction("overlay_opacity", value.cast<double>());
     }},
    {"opacity",
     [](RenderPlan& plan, const py::handle& value) {
         plan.opacity = from_name(kOpacityNames, "opacity", text(value));
     }},
    {"threshold_by",
     [](RenderPlan& plan, const py::handle& value) {
         plan.threshold_by = threshold_by_from_name(text(value));
     }},
    {"threshold",
     [](RenderPlan& plan, const py::handle& value) {
         plan.threshold = fraction("threshold", value.cast<double>());
     }},
    {"masked_opacity",
     [](RenderPlan& plan, const py::handle& value) {
         plan.masked_opacity = fraction("masked_opacity", value.cast<double>());
     }},
    {"invert",
     [](RenderPlan& plan, const py::handle& value) { plan.inverts_mask = value.cast<bool>(); }},
    {"background",
     [](RenderPlan& plan, const py::handle& value) {
         if (py::isinstance<py::str>(value)) {
             plan.background = from_name(kBackgroundNames, "background", text(value));
             return;
         }
         const auto color = value.cast<std::array<double, 3>>();
         for (std::size_t c = 0; c < 3; ++c) {
             plan.background_color[c] = fraction("background", color[c]);
         }
     }},
    {"background_sigma",
     [](RenderPlan& plan, const py::handle& value) {
         const auto [y, x] = value.cast<std::pair<double, double>>();
         plan.background_sigma_y = sigma(y);
         plan.background_sigma_x = sigma(x);
     }},
    {"contours",
     [](RenderPlan& plan, const py::handle& value) {
         for (const auto& [by, t] : value.cast<std::vector<std::pair<std::string, double>>>()) {
             plan.contours.push_back({threshold_by_from_name(by), fraction("contours", t)});
         }
     }},
    {"contour_color",
     [](RenderPlan& plan, const py::handle& value) {
         plan.contour_color = rgb("contour_color", value);
     }},
    {"contour_width",
     [](RenderPlan& plan, const py::handle& value) {
         plan.contour_width = width("contour_width", value);
     }},
    {"boxes",
     [](RenderPlan& plan, const py::handle& value) { plan.boxes = value.cast<std::size_t>(); }},
    {"box_color",
     [](RenderPlan& plan, const py::handle& value) { plan.box_color = rgb("box_color", value); }},
    {"box_width",
     [](RenderPlan& plan, const py::handle& value) { plan.box_width = width("box_width", value); }},
    {"channel_order",
     [](RenderPlan& plan, const py::handle& value) {
         plan.channel_order = from_name(kChannelOrderNames, "channel_order", text(value));
     }},
    {"image_range",
     [](RenderPlan& plan, const py::handle& value) {
         std::tie(plan.image_range_given, plan.image_low, plan.image_high) =
             range_from("image_range", value);
     }},
    {"image_norm",
     [](RenderPlan& plan, const py::handle& value) {
         plan.image_norm_given = !value.is_none();
         if (plan.image_norm_given) set_image_norm(plan, value);
     }},
    {"grayscale",
     [](RenderPlan& plan, const py::handle& value) { plan.grayscale = value.cast<bool>(); }},
    {"nonfinite",
     [](RenderPlan& plan, const py::handle& value) {
         plan.nonfinite = from_name(kNonFiniteNames, "nonfinite", text(value));
     }},
};

}  // namespace

std::unique_ptr<RenderPlan> plan_from(const py::kwargs& fields) {
    auto plan = std::make_unique<RenderPlan>();
    for (const PlanField& field : kPlanFields) {
        if (!fields.contains(field.name)) {
            throw py::type_error("`" + std::string(field.name) + "` must be given to RenderPlan");
        }
        const py::object value = fields[field.name];
        try {
            field.set(*plan, value);
        } catch (const py::cast_error&) {
            throw py::type_error("`" + std::string(field.name) + "` cannot be " +
                                 std::string(py::repr(value)));
        }
    }
    if (fields.size() > std::size(kPlanFields)) {
        std::string names;
        for (const PlanField& field : kPlanFields) {
            names += (names.empty() ? "" : ", ") + std::string(field.name);
        }
        throw py::type_error("RenderPlan takes these fields alone: " + names);
    }
    if (plan->painter->needs_table() && plan->table.entries() == 0) {
        throw std::invalid_argument("`table` must be given when paint is 'table' or 'overlay'");
    }
    plan->prepare();
    return plan;
}

}  // namespace hotcold
