// Painting of the fused pass: maps in colours, alone or over the image, and maps that are pictures.
#include <algorithm>
#include <limits>

#include "kernels/paint/colorize.hpp"
#include "kernels/render/render_limits.hpp"
#include "kernels/render/renderer.hpp"

namespace hotcold {

// Keeps twice the largest value finite; 1 but for maps near the type's end.
template <typename T>
T Renderer<T>::batch_prescale() const {
    return batch_max_ > std::numeric_limits<T>::max() / 4 ? T{0.25} : T{1};
}

template <typename T>
void Renderer<T>::color(std::size_t item, T* map, const Missing& missing, const Team& team) {
    Scale<T> scales[kMaxPictureChannels];
    std::vector<T> present;
    if (missing.empty()) {
        fit_scales(map, planes_, plane_, plan_.normalization, scales, team);
    } else {
        present = fit_present(map, missing, scales, team);
        fill_missing(map, missing, value_of_missing(present, team));
    }
    if (plan_.paint == Paint::kChannels) {
        if (picture_ != nullptr) paint_channels(item, map, scales, team);
    } else {
        const EntryMap<T> to_entries =
            missing.empty() ? entry_map(map, plane_, scales[0], team)
                            : entry_map(present.data(), present.size(), scales[0], team);
        plan_.table.entries() <= 256 ? paint_table<std::uint8_t>(item, map, to_entries, team)
                                     : paint_table<std::uint16_t>(item, map, to_entries, team);
    }
    if (!missing.empty()) uncover_missing(item, missing, team);
    if (values_ == nullptr) return;
    for (std::size_t c = 0; c < planes_; ++c) {
        T* plane = map + c * plane_;
        apply_scale(plane, plane_, scales[c], plane, team);
    }
    if (plan_.nonfinite == NonFinitePolicy::kTransparent) {
        fill_missing(map, missing, std::numeric_limits<T>::quiet_NaN());
    }
    for (std::size_t c = 0; c < planes_; ++c) {
        store_channel(map + c * plane_, *values_, item, c, team);
    }
}

template <typename T>
EntryMap<T> Renderer<T>::entry_map(const T* measured, std::size_t count, Scale<T> scale,
                                   const Team& team) const {
    if (plan_.normalization == Normalization::kUnnormalized) scale.prescale = batch_prescale();
    const Limits<T> limits = limits_of(plan_, measured, count, scale, batch_max_, team);
    return EntryMap<T>(scale, limits, plan_.table.entries());
}

template <typename T>
template <typename Entry>
void Renderer<T>::paint_table(std::size_t item, const T* map, const EntryMap<T>& to_entries,
                              const Team& team) {
    const auto entries_of = [&](std::size_t row, std::size_t column, std::size_t count,
                                Entry(&entries)[kRun]) {
        entries_run(map + row * columns() + column, count, to_entries, entries);
    };
    if (plan_.paint == Paint::kOverlay) {
        byte_image_ ? overlay_bytes<Entry>(item, team, entries_of)
                    : overlay_numbers<Entry>(item, team, entries_of);
    } else if (picture_ != nullptr) {
        const ColorPlanes table = plan_.table.planes();
        for_item_runs(team, [&](std::size_t row, std::size_t column, std::size_t count) {
            Entry entries[kRun];
            entries_of(row, column, count, entries);
            std::uint8_t* out = pixels(item, row, column);
            if constexpr (sizeof(Entry) == 1) {
                if (picture_->channels == 1) {
                    std::copy(entries, entries + count, out);
                    return;
                }
            }
            if (picture_->channels == 4) {
                plan_.table.paint_rgba(entries, count, out);
            } else {
                paint_colors(entries, count, table, out);
            }
        });
    }
}

// Fetching the image's lines, or the picture's to be written, one to four runs ahead changes
// nothing (Zen 4, 2026-11, 16 and 64 items): the processor sees the streams by itself.
template <typename T>
template <typename Entry, typename F>
void Renderer<T>::overlay_bytes(std::size_t item, const Team& team, const F& entries_of) const {
    if (picture_ == nullptr) return;
    const ImageReader reader(*image_, item);
    const ColorPlanes table = plan_.table.planes();
    for_item_runs(team, [&](std::size_t row, std::size_t column, std::size_t count) {
        Entry entries[kRun];
        std::uint8_t planes[kMaxPictureChannels][kRun];
        entries_of(row, column, count, entries);
        paint_overlay(entries, reader.bytes(row, column, count, planes), table, plan_.image_table,
                      pixels(item, row, column));
    });
}

template <typename T>
template <typename Entry, typename F>
void Renderer<T>::overlay_numbers(std::size_t item, const Team& team, const F& entries_of) {
    const T gain = static_cast<T>(255.0 * (1.0 - plan_.overlay_opacity));
    for_image_runs(item, team, [&](std::size_t row, std::size_t column, NumberRun<T>& x01) {
        if (picture_ == nullptr) return;  // the image is read all the same, for its faults
        Entry entries[kRun];
        entries_of(row, column, x01.count, entries);
        BytePlanes bytes(x01.count, x01.channels == 4 ? 4 : 3);
        for (std::size_t c = 0; c < 3; ++c) {
            const T* image = x01.planes[x01.channels == 1 ? 0 : c];
            if (plan_.table.is_translucent()) {
                plan_.table.blend(image, entries, x01.count, c, bytes.planes[c]);
            } else {
                blend_run(image, entries, x01.count, gain, plan_.table.weighted(c),
                          bytes.planes[c]);
            }
        }
        if (x01.channels == 4) {
            bytes_run(x01.planes[3], x01.count, Limits<T>{}, bytes.planes[3]);
        }
        interleave_planes(bytes.run(), pixels(item, row, column));
    });
}

template <typename T>
void Renderer<T>::paint_channels(std::size_t item, const T* map, const Scale<T>* scales,
                                 const Team& team) const {
    const Limits<T> limits = plan_.limits_given ? given_limits<T>(plan_) : Limits<T>{};
    for_item_runs(team, [&](std::size_t row, std::size_t column, std::size_t count) {
        BytePlanes bytes(count, picture_->channels == 4 ? 4 : planes_);
        T normalized[kRun];
        for (std::size_t c = 0; c < planes_; ++c) {
            const T* run = map + c * plane_ + row * columns() + column;
            apply_scale(run, count, scales[c], normalized, Team(1));
            bytes_run(normalized, count, limits, bytes.planes[c]);
        }
        // Pictures of one or three channels that may have transparent pixels.
        for (std::size_t c = planes_; c < 3 && bytes.channels == 4; ++c) {
            std::copy(bytes.planes[0], bytes.planes[0] + count, bytes.planes[c]);
        }
        if (planes_ < bytes.channels) {
            std::fill(bytes.planes[3], bytes.planes[3] + count, std::uint8_t{255});
        }
        interleave_planes(bytes.run(), pixels(item, row, column));
    });
}

#define HOTCOLD_INSTANTIATE(T) \
    template void Renderer<T>::color(std::size_t, T*, const Missing&, const Team&);
HOTCOLD_INSTANTIATE(float)
HOTCOLD_INSTANTIATE(double)
#undef HOTCOLD_INSTANTIATE

}  // namespace hotcold
