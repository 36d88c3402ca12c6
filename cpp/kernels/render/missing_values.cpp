#include "kernels/render/missing_values.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "kernels/load/missing.hpp"
#include "kernels/normalize/modes.hpp"

namespace hotcold {

void mark_nearest(const std::uint8_t* flags, const Shape& from, const Shape& to,
                  std::uint8_t* out) {
    for (std::size_t y = 0; y < to.rows; ++y) {
        const std::uint8_t* const row =
            flags + (2 * y + 1) * from.rows / (2 * to.rows) * from.columns;
        for (std::size_t x = 0; x < to.columns; ++x) {
            *out++ = row[(2 * x + 1) * from.columns / (2 * to.columns)];
        }
    }
}

template <typename T>
std::vector<T> fit_present(const RenderPlan& plan, const MapItem<T>& item, const Shape& map,
                           Scale<T>* scales) {
    const Normalization mode = plan.normalization;
    const std::size_t plane = map.plane();
    if (!traits_of(mode).per_channel()) {
        std::vector<T> present =
            present_values(item.map, item.missing.data(), map.channels * plane);
        plan.fit(mode, present.data(), 1, present.size(), scales, item.team);
        std::fill(scales + 1, scales + map.channels, scales[0]);
        return present;
    }
    std::vector<T> present;
    for (std::size_t c = 0; c < map.channels; ++c) {
        present = present_values(item.map + c * plane, item.missing.data() + c * plane, plane);
        plan.fit(mode, present.data(), 1, present.size(), scales + c, item.team);
    }
    return present;
}

template <typename T>
Extent measure_present(const RenderPlan& plan, const MapItem<T>& item, const Shape& map) {
    const std::size_t plane = map.plane();
    std::vector<Scale<T>> scales(map.channels);
    fit_present(plan, item, map, scales.data());
    Extent all;
    for (std::size_t c = 0; c < map.channels; ++c) {
        const std::vector<T> present =
            present_values(item.map + c * plane, item.missing.data() + c * plane, plane);
        all = merge(all, measure(present.data(), 1, present.size(), &scales[c], item.team));
    }
    return all;
}

template <typename T>
T stand_in(const RenderPlan& plan, const std::vector<T>& present, Normalization mode,
           const Team& team) {
    if (traits_of(mode).denominator != Denominator::kRange) return T{0};
    if (plan.extremes_given) {
        return std::clamp(T{0}, static_cast<T>(plan.extreme_low),
                          static_cast<T>(plan.extreme_high));
    }
    const Extremes<T> range = extremes(present.data(), present.size(), team);
    return std::clamp(T{0}, range.min, range.max);
}

template <typename T>
void fill_missing(const MapItem<T>& item, T value) {
    for (std::size_t i = 0; i < item.missing.size(); ++i) {
        if (item.missing[i] != 0) item.map[i] = value;
    }
}

template <typename T>
bool misses(const MapItem<T>& item, const Canvas<T>& canvas, std::size_t row, std::size_t column) {
    bool found = false;
    for (std::size_t c = 0; c < canvas.map().channels; ++c) {
        const std::size_t at = c * canvas.plane() + row * canvas.map().columns + column;
        found = found || item.missing[at] != 0;
    }
    return found;
}

template <typename T>
void clear_missing(const Canvas<T>& canvas, const MapItem<T>& item) {
    const bool hides = canvas.plan.nonfinite == NonFinitePolicy::kTransparent;
    if (item.missing.empty() || !hides || !canvas.wants_picture()) return;
    const std::size_t channels = canvas.picture_channels();
    canvas.for_item_runs(item.team, [&](std::size_t row, std::size_t column, std::size_t count) {
        std::uint8_t* out = canvas.pixels(item.index, row, column);
        for (std::size_t i = 0; i < count; ++i) {
            if (misses(item, canvas, row, column + i)) {
                std::memset(out + i * channels, 0, channels);
            }
        }
    });
}

template <typename T>
void store_normalized(const Canvas<T>& canvas, const MapItem<T>& item, const Scale<T>* scales) {
    if (!canvas.wants_values()) return;
    const std::size_t plane = canvas.plane();
    for (std::size_t c = 0; c < canvas.planes(); ++c) {
        apply_scale(item.map + c * plane, plane, scales[c], item.map + c * plane, item.team);
    }
    if (canvas.plan.nonfinite == NonFinitePolicy::kTransparent) {
        fill_missing(item, std::numeric_limits<T>::quiet_NaN());
    }
    for (std::size_t c = 0; c < canvas.planes(); ++c) {
        canvas.store_plane(item.index, c, item.map + c * plane, item.team);
    }
}

#define HOTCOLD_INSTANTIATE(T)                                                                 \
    template std::vector<T> fit_present(const RenderPlan&, const MapItem<T>&, const Shape&,    \
                                        Scale<T>*);                                            \
    template Extent measure_present(const RenderPlan&, const MapItem<T>&, const Shape&);       \
    template T stand_in(const RenderPlan&, const std::vector<T>&, Normalization, const Team&); \
    template void fill_missing(const MapItem<T>&, T);                                          \
    template bool misses(const MapItem<T>&, const Canvas<T>&, std::size_t, std::size_t);       \
    template void clear_missing(const Canvas<T>&, const MapItem<T>&);                          \
    template void store_normalized(const Canvas<T>&, const MapItem<T>&, const Scale<T>*);
HOTCOLD_INSTANTIATE(float)
HOTCOLD_INSTANTIATE(double)
#undef HOTCOLD_INSTANTIATE

}  // namespace hotcold
