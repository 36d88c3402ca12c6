// Maps that are pictures: their channels as they are.
#include <algorithm>
#include <vector>

#include "kernels/paint/colorize.hpp"
#include "kernels/paint/paint.hpp"
#include "kernels/render/canvas.hpp"
#include "kernels/render/missing_values.hpp"
#include "kernels/render/painter.hpp"

namespace hotcold {
namespace {

template <typename T>
void paint_planes(const Canvas<T>& canvas, const MapItem<T>& item, const Scale<T>* scales) {
    const RenderPlan& plan = canvas.plan;
    const std::size_t planes = canvas.planes();
    const Limits<T> limits = plan.limits_given ? plan.limits<T>(Extent{}) : Limits<T>{};
    canvas.for_item_runs(item.team, [&](std::size_t row, std::size_t column, std::size_t count) {
        BytePlanes bytes(count, canvas.picture_channels() == 4 ? 4 : planes);
        T normalized[kRun];
        for (std::size_t c = 0; c < planes; ++c) {
            const T* run = canvas.run_of(item.map, c, row, column);
            apply_scale(run, count, scales[c], normalized, Team(1));
            bytes_run(normalized, count, limits, bytes.planes[c]);
        }
        // Pictures of one or three channels that may have transparent pixels.
        if (planes == 1 && bytes.channels == 4) {
            for (std::size_t c = 1; c < 3; ++c) {
                std::copy(bytes.planes[0], bytes.planes[0] + count, bytes.planes[c]);
            }
        }
        if (planes < bytes.channels) {
            std::fill(bytes.planes[3], bytes.planes[3] + count, std::uint8_t{255});
        }
        interleave_planes(bytes.run(), canvas.pixels(item.index, row, column));
    });
}

class ChannelsPainter final : public PainterOf<ChannelsPainter> {
  public:
    const char* name() const override { return "channels"; }

    bool can_paint(const RenderPlan&, std::size_t planes, std::size_t) const override {
        return planes == 1 || planes == 3 || planes == 4;
    }
    // Channels that are divided by sums of their own have limits of their own.
    bool has_value_colors(const RenderPlan& plan, std::size_t planes) const override {
        return planes == 1 || !traits_of(plan.normalization).per_channel();
    }
    std::size_t picture_channels(const RenderPlan& plan, std::size_t planes,
                                 std::size_t) const override {
        return plan.nonfinite == NonFinitePolicy::kTransparent || planes == 4 ? 4 : 3;
    }

    template <typename T>
    static void paint_item(Canvas<T>& canvas, const MapItem<T>& item) {
        const RenderPlan& plan = canvas.plan;
        Scale<T> scales[kMaxPictureChannels];
        if (item.missing.empty()) {
            plan.fit(plan.normalization, item.map, canvas.planes(), canvas.plane(), scales,
                     item.team);
        } else {
            const std::vector<T> present = fit_present(plan, item, canvas.map(), scales);
            fill_missing(item, stand_in(plan, present, plan.normalization, item.team));
        }
        if (canvas.wants_picture()) paint_planes(canvas, item, scales);
        clear_missing(canvas, item);
        store_normalized(canvas, item, scales);
    }
};

}  // namespace

const Painter& channels_painter() {
    static const ChannelsPainter painter;
    return painter;
}

}  // namespace hotcold
