#include "bindings/render/item_text.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>

#include "bindings/numpy_view.hpp"
#include "kernels/render/painter.hpp"

namespace py = pybind11;

namespace hotcold {
namespace {

// The number that reads back as this one, in as few characters as the library can.
void append_number(std::string& text, double value) {
    char digits[32];
#ifdef __cpp_lib_to_chars
    const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
    text.append(digits, end);
#else
    std::snprintf(digits, sizeof(digits), "%.17g", value);
    for (char& c : digits) c = c == ',' ? '.' : c;  // of some locales
    text += digits;
#endif
}

void append_pair(std::string& text, const char* name, const Extent& pair) {
    text += name;
    append_number(text, pair.low);
    text += ',';
    append_number(text, pair.high);
    text += ']';
}

void require_rows(const py::array& rows) {
    if (!is_float64(rows)) {
        throw py::type_error("`extents` must have dtype float64, got " +
                             py::str(rows.dtype()).cast<std::string>());
    }
    require_real(rows, "extents");  // in native byte order
    if (rows.ndim() != 2 || rows.shape(1) != 4) {
        throw std::invalid_argument("`extents` must have shape (N, 4), got " +
                                    py::str(rows.attr("shape")).cast<std::string>());
    }
    require_aligned(rows, "extents");
}

}  // namespace

ClipTold clip_told_from_name(const std::string& name) {
    if (name.empty()) return ClipTold::kNone;
    if (name == "ends") return ClipTold::kEnds;
    if (name == "magnitude") return ClipTold::kMagnitude;
    throw std::invalid_argument("`clip` must be '', 'ends' or 'magnitude', got '" + name + "'");
}

std::string item_numbers(const RenderPlan& plan, const ItemExtents& item, std::size_t planes,
                         ClipTold clip) {
    std::string text;
    if (plan.painter->has_value_colors(plan, planes)) {
        append_pair(text, "\"limits\":[", plan.attribution_limits(item));
    } else {
        text = "\"limits\":null";
    }
    if (clip == ClipTold::kNone) return text;
    Extent map = plan.extremes_given ? Extent{plan.extreme_low, plan.extreme_high} : item.map;
    if (map.empty()) map = {0.0, 0.0};
    if (clip == ClipTold::kMagnitude) map = {-map.magnitude() + 0.0, map.magnitude()};
    append_pair(text, ",\"clip\":[", map);
    return text;
}

std::vector<ItemExtents> extents_from(const py::array& rows) {
    require_rows(rows);
    const auto at = rows.unchecked<double, 2>();
    std::vector<ItemExtents> extents(static_cast<std::size_t>(rows.shape(0)));
    for (py::ssize_t i = 0; i < rows.shape(0); ++i) {
        ItemExtents& item = extents[static_cast<std::size_t>(i)];
        // NaN is not above anything, so that an extent of it would not be empty.
        if (!std::isnan(at(i, 0)) && !std::isnan(at(i, 1))) item.map = {at(i, 0), at(i, 1)};
        if (!std::isnan(at(i, 2)) && !std::isnan(at(i, 3))) item.values = {at(i, 2), at(i, 3)};
    }
    return extents;
}

void check_extents(const py::array& rows, std::size_t n_items) {
    require_rows(rows);
    if (!rows.writeable()) throw std::invalid_argument("`extents` must be writeable");
    if (static_cast<std::size_t>(rows.shape(0)) != n_items) {
        throw std::invalid_argument("`extents` must have " + std::to_string(n_items) +
                                    " rows, got " + std::to_string(rows.shape(0)));
    }
}

void put_extents(const std::vector<ItemExtents>& extents, const py::array& rows) {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    py::array target = rows;
    auto at = target.mutable_unchecked<double, 2>();
    for (std::size_t i = 0; i < extents.size(); ++i) {
        const auto row = static_cast<py::ssize_t>(i);
        const ItemExtents& item = extents[i];
        at(row, 0) = item.map.empty() ? kNone : item.map.low;
        at(row, 1) = item.map.empty() ? kNone : item.map.high;
        at(row, 2) = item.values.empty() ? kNone : item.values.low;
        at(row, 3) = item.values.empty() ? kNone : item.values.high;
    }
}

}  // namespace hotcold
