// Maps in colours, blended over the image.
#include <cstdint>
#include <vector>

#include "kernels/load/missing.hpp"
#include "kernels/paint/colorize.hpp"
#include "kernels/paint/paint.hpp"
#include "kernels/percentile/threshold.hpp"
#include "kernels/render/canvas.hpp"
#include "kernels/render/missing_values.hpp"
#include "kernels/render/painter.hpp"
#include "kernels/render/table_entries.hpp"

namespace hotcold {
namespace {

// Fetching the image's lines, or the picture's to be written, one to four runs ahead changes
// nothing (Zen 4, 2026-11, 16 and 64 items): the processor sees the streams by itself.
template <typename Entry, typename T, typename F>
void overlay_bytes(const Canvas<T>& canvas, const MapItem<T>& item, const F& entries_of) {
    if (!canvas.wants_picture()) return;
    const ImageReader reader = canvas.image(item.index);
    const ColorPlanes table = canvas.plan.table.planes();
    canvas.for_item_runs(item.team, [&](std::size_t row, std::size_t column, std::size_t count) {
        Entry entries[kRun];
        std::uint8_t planes[kMaxPictureChannels][kRun];
        std::uint8_t room[kMaxPictureChannels][kRun];
        std::uint8_t grey[kRun];
        entries_of(row, column, count, entries);
        ByteRun image = reader.bytes(row, column, count, planes);
        if (canvas.plan.grayscale) image = grey_bytes(image, room, grey);
        paint_overlay(entries, image, table, canvas.plan.image_table,
                      canvas.pixels(item.index, row, column));
    });
}

template <typename Entry, typename T, typename F>
void overlay_numbers(Canvas<T>& canvas, const MapItem<T>& item, const F& entries_of) {
    const RenderPlan& plan = canvas.plan;
    const T gain = static_cast<T>(255.0 * (1.0 - plan.overlay_opacity));
    const auto blend = [&](std::size_t row, std::size_t column, NumberRun<T>& x01) {
        if (!canvas.wants_picture()) return;  // the image is read all the same, for its faults
        Entry entries[kRun];
        entries_of(row, column, x01.count, entries);
        BytePlanes bytes(x01.count, x01.channels == 4 ? 4 : 3);
        for (std::size_t c = 0; c < 3; ++c) {
            const T* image = x01.planes[x01.channels == 1 ? 0 : c];
            if (plan.table.is_translucent()) {
                plan.table.blend(image, entries, x01.count, c, bytes.planes[c]);
            } else {
                blend_run(image, entries, x01.count, gain, plan.table.weighted(c), bytes.planes[c]);
            }
        }
        if (x01.channels == 4) {
            bytes_run(x01.planes[3], x01.count, Limits<T>{}, bytes.planes[3]);
        }
        interleave_planes(bytes.run(), canvas.pixels(item.index, row, column));
    };
    canvas.for_image_runs(item.index, item.team, blend);
}

// The image alone where kept_of(row, column, count, kept) leaves 0; kept is the rest, by 255.
template <typename T, typename F>
void uncover(Canvas<T>& canvas, const MapItem<T>& item, const F& kept_of) {
    const std::size_t channels = canvas.picture_channels();
    const auto show = [&](std::size_t row, std::size_t column, std::size_t count,
                          const std::uint8_t* image) {
        std::uint8_t kept[kRun];
        kept_of(row, column, count, kept);
        keep_pixels(kept, image, count, channels, canvas.pixels(item.index, row, column));
    };
    if (canvas.byte_image()) {
        const ImageReader reader = canvas.image(item.index);
        const auto show_bytes = [&](std::size_t row, std::size_t column, std::size_t count) {
            std::uint8_t planes[kMaxPictureChannels][kRun];
            std::uint8_t room[kMaxPictureChannels][kRun];
            std::uint8_t grey[kRun];
            std::uint8_t pixels[kMaxPictureChannels * kRun];
            ByteRun image = reader.bytes(row, column, count, planes);
            if (canvas.plan.grayscale) image = grey_bytes(image, room, grey);
            paint_image(image, canvas.plan.image_table, pixels);
            show(row, column, count, pixels);
        };
        return canvas.for_item_runs(item.team, show_bytes);
    }
    const auto show_numbers = [&](std::size_t row, std::size_t column, NumberRun<T>& x01) {
        BytePlanes bytes(x01.count, x01.channels);
        for (std::size_t c = 0; c < x01.channels; ++c) {
            bytes_run(x01.planes[c], x01.count, Limits<T>{}, bytes.planes[c]);
        }
        std::uint8_t pixels[kMaxPictureChannels * kRun];
        interleave_planes(bytes.run(), pixels);
        show(row, column, x01.count, pixels);
    };
    canvas.for_image_runs(item.index, item.team, show_numbers);
}

// Where the map has no value, if the plan wants that.
template <typename T>
void uncover_missing(Canvas<T>& canvas, const MapItem<T>& item) {
    const bool hides = canvas.plan.nonfinite == NonFinitePolicy::kTransparent;
    if (item.missing.empty() || !hides || !canvas.wants_picture()) return;
    uncover(canvas, item,
            [&](std::size_t row, std::size_t column, std::size_t count, std::uint8_t* kept) {
                for (std::size_t i = 0; i < count; ++i) {
                    kept[i] = misses(item, canvas, row, column + i) ? 0 : 255;
                }
            });
}

// Where the map is not above its threshold, if the plan has one. What is missing counts as 0, and
// has no part in the threshold.
template <typename T>
void uncover_low(Canvas<T>& canvas, const MapItem<T>& item) {
    const RenderPlan& plan = canvas.plan;
    if (plan.opacity != Opacity::kThreshold || !canvas.wants_picture()) return;
    std::vector<T> present;
    if (!item.missing.empty()) {
        present = present_values(item.map, item.missing.data(), canvas.plane());
    }
    const T* const values = present.empty() ? item.map : present.data();
    const std::size_t count = present.empty() ? canvas.plane() : present.size();
    T* const scratch = item.workspace.template take<T>(canvas.plane());
    const T limit = threshold_limit(values, count, plan.threshold_by, plan.threshold, scratch);
    uncover(canvas, item,
            [&](std::size_t row, std::size_t column, std::size_t length, std::uint8_t* kept) {
                above_run(canvas.run_of(item.map, 0, row, column), length, limit, kept);
            });
}

class OverlayPainter final : public PainterOf<OverlayPainter> {
  public:
    const char* name() const override { return "overlay"; }
    bool needs_image() const override { return true; }
    bool needs_table() const override { return true; }

    std::size_t picture_channels(const RenderPlan&, std::size_t,
                                 std::size_t image_channels) const override {
        return image_channels == 4 ? 4 : 3;
    }
    bool takes_image_bytes(const RenderPlan& plan) const override {
        return !plan.table.is_translucent() || plan.image_table.identity;
    }
    std::size_t planes_of_scratch(std::size_t) const override { return 1; }

    void prepare(RenderPlan& plan) const override {
        plan.table.prepare_overlay(plan.overlay_opacity);
        if (plan.image_range_given) {
            plan.table.prepare_overlay(plan.overlay_opacity, plan.image_table);
        }
    }

    template <typename T>
    static void paint_item(Canvas<T>& canvas, const MapItem<T>& item) {
        paint_entries(canvas, item, [&](auto entry, const auto& entries_of) {
            using Entry = decltype(entry);
            canvas.byte_image() ? overlay_bytes<Entry>(canvas, item, entries_of)
                                : overlay_numbers<Entry>(canvas, item, entries_of);
            uncover_low(canvas, item);
            uncover_missing(canvas, item);
        });
    }
};

}  // namespace

const Painter& overlay_painter() {
    static const OverlayPainter painter;
    return painter;
}

}  // namespace hotcold
