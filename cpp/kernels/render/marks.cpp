#include "kernels/render/marks.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "kernels/load/missing.hpp"
#include "kernels/percentile/threshold.hpp"
#include "kernels/regions/boxes.hpp"
#include "kernels/regions/outline.hpp"

namespace hotcold {
namespace {

// What a byte of the marks says; frames lie over contours.
constexpr std::uint8_t kContour = 1;
constexpr std::uint8_t kFrame = 2;

}  // namespace

template <typename T>
std::size_t Marks<T>::workspace_bytes() const {
    if (!plan_.has_marks()) return 0;
    return Workspace::bytes_for<T>(map_.plane()) +
           2 * Workspace::bytes_for<std::uint8_t>(map_.plane());
}

template <typename T>
const std::uint8_t* Marks<T>::find(const MapItem<T>& item) const {
    if (!plan_.has_marks()) return nullptr;
    const std::size_t count = map_.plane();
    auto* scratch = item.workspace.template take<T>(count);
    auto* marks = item.workspace.template take<std::uint8_t>(count);
    auto* lines = item.workspace.template take<std::uint8_t>(count);

    // Thresholds are those of the values that are there.
    const T* map = item.map;
    const T* values = map;
    std::size_t n_values = count;
    std::vector<T> present;
    std::vector<T> filled;
    if (!item.missing.empty()) {
        present = present_values(map, item.missing.data(), count);
        values = present.data();
        n_values = present.size();
        filled.assign(map, map + count);
        for (std::size_t i = 0; i < count; ++i) {
            if (item.missing[i] != 0) filled[i] = std::numeric_limits<T>::lowest();
        }
        map = filled.data();
    }
    if (plan_.contours.empty()) std::memset(marks, 0, count);
    for (const Threshold& contour : plan_.contours) {
        const T limit = threshold_limit(values, n_values, contour.by, contour.t, scratch);
        const bool first = &contour == plan_.contours.data();
        outline(map, map_.rows, map_.columns, limit, plan_.contour_width, first ? marks : lines);
        if (first) continue;
        for (std::size_t i = 0; i < count; ++i) {
            marks[i] = static_cast<std::uint8_t>(marks[i] | lines[i]);
        }
    }
    if (plan_.boxes > 0) {
        add_frames(map,
                   threshold_limit(values, n_values, plan_.threshold_by, plan_.threshold, scratch),
                   marks);
    }
    return marks;
}

template <typename T>
void Marks<T>::add_frames(const T* map, T limit, std::uint8_t* marks) const {
    BoxOptions options;
    options.count = plan_.boxes;
    for (const Region& region : strongest_regions(map, map_.rows, map_.columns, limit, options)) {
        const auto top = static_cast<std::size_t>(region.top);
        const auto bottom = static_cast<std::size_t>(region.bottom);
        const auto left = static_cast<std::size_t>(region.left);
        const auto right = static_cast<std::size_t>(region.right);
        const std::size_t thick =
            std::min({std::size_t{plan_.box_width}, bottom - top, right - left});
        for (std::size_t row = top; row < bottom; ++row) {
            std::uint8_t* const line = marks + row * map_.columns;
            if (row < top + thick || row + thick >= bottom) {
                std::memset(line + left, kFrame, right - left);
            } else {
                std::memset(line + left, kFrame, thick);
                std::memset(line + right - thick, kFrame, thick);
            }
        }
    }
}

template <typename T>
void Marks<T>::draw(const Canvas<T>& canvas, const MapItem<T>& item,
                    const std::uint8_t* marks) const {
    const std::size_t channels = canvas.picture_channels();
    const auto put = [&](std::uint8_t mark, std::uint8_t* pixel) {
        const auto& color = mark == kFrame ? plan_.box_color : plan_.contour_color;
        std::copy(color.begin(), color.end(), pixel);
        if (channels == 4) pixel[3] = 255;
    };
    canvas.for_item_runs(item.team, [&](std::size_t row, std::size_t column, std::size_t count) {
        const std::uint8_t* const run = marks + row * map_.columns + column;
        std::uint8_t* const pixels = canvas.pixels(item.index, row, column);
        std::size_t i = 0;
        // Most are none: eight at a time.
        for (std::uint64_t eight; i + sizeof eight <= count; i += sizeof eight) {
            std::memcpy(&eight, run + i, sizeof eight);
            if (eight == 0) continue;
            for (std::size_t k = i; k < i + sizeof eight; ++k) {
                if (run[k] != 0) put(run[k], pixels + k * channels);
            }
        }
        for (; i < count; ++i) {
            if (run[i] != 0) put(run[i], pixels + i * channels);
        }
    });
}

template class Marks<float>;
template class Marks<double>;

}  // namespace hotcold
