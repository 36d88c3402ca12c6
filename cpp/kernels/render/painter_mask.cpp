// The image under a mask.
#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include "kernels/blur/gaussian_blur.hpp"
#include "kernels/load/missing.hpp"
#include "kernels/paint/colorize.hpp"
#include "kernels/paint/paint.hpp"
#include "kernels/percentile/mask_limit.hpp"
#include "kernels/percentile/percentile.hpp"
#include "kernels/percentile/threshold.hpp"
#include "kernels/render/canvas.hpp"
#include "kernels/render/missing_values.hpp"
#include "kernels/render/painter.hpp"

namespace hotcold {
namespace {

// Whether a picture has alpha, that of the image or one of its own.
template <typename T>
bool has_alpha(const Canvas<T>& canvas) {
    return canvas.image_channels() == 4 || canvas.plan.background == Background::kTransparent;
}

// Which of the map's planes decides over a picture's channel; none over the colours of a picture
// with alpha, if there is one for all. Of several planes each belongs to a channel of the image.
constexpr std::size_t kNoPlane = ~std::size_t{0};

template <typename T>
std::size_t plane_for(const Canvas<T>& canvas, std::size_t channel) {
    if (canvas.planes() > 1) return canvas.image_channel(channel);
    return has_alpha(canvas) && channel < 3 ? kNoPlane : 0;
}

// Gives an opaque image alpha, and a grey one colours; `planes` is room for what it needs.
void add_alpha(ByteRun& image, std::uint8_t (&planes)[kMaxPictureChannels][kRun]) {
    if (image.channels == 4) return;
    if (image.step != 1) {
        std::uint8_t* const colors[] = {planes[0], planes[1], planes[2]};
        deinterleave_pixels(image.planes[0], image.count, image.channels, colors);
        for (std::size_t c = 0; c < image.channels; ++c) image.planes[c] = colors[c];
        image.step = 1;
    }
    for (std::size_t c = image.channels; c < 3; ++c) image.planes[c] = image.planes[0];
    std::fill(planes[3], planes[3] + image.count, std::uint8_t{255});
    image.planes[3] = planes[3];
    image.channels = 4;
}

void flip_run(std::uint8_t* mask, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) mask[i] = static_cast<std::uint8_t>(~mask[i]);
}

// Comparing and painting in one pass, the comparisons' bits tripled by pdep and used as masks,
// takes 7.0 us instead of 8.1 for 224x224 pixels with AVX-512 (2026-11): too little for code of its
// own.
template <typename T>
void mask_bytes(const Canvas<T>& canvas, const MapItem<T>& item, T limit) {
    const ImageReader reader = canvas.image(item.index);
    canvas.for_item_runs(item.team, [&](std::size_t row, std::size_t column, std::size_t count) {
        std::uint8_t above[kMaxPictureChannels][kRun];
        const std::uint8_t* masks[kMaxPictureChannels] = {};
        for (std::size_t p = 0; p < canvas.planes(); ++p) {
            above_run(canvas.run_of(item.map, p, row, column), count, limit, above[p]);
            if (canvas.plan.inverts_mask) flip_run(above[p], count);
        }
        std::uint8_t planes[kMaxPictureChannels][kRun];
        ByteRun image = reader.bytes(row, column, count, planes);
        if (has_alpha(canvas)) add_alpha(image, planes);
        for (std::size_t c = 0; c < image.channels; ++c) {
            const std::size_t plane = plane_for(canvas, c);
            masks[c] = plane == kNoPlane ? nullptr : above[plane];
        }
        paint_mask(masks, image, canvas.plan.image_table, canvas.pixels(item.index, row, column));
    });
}

// What is seen where an item's image is not.
template <typename T>
class Backdrop {
  public:
    Backdrop(Canvas<T>& canvas, const MapItem<T>& item)
        : plan_(canvas.plan),
          columns_(canvas.map().columns),
          plane_(canvas.plane()),
          black_(has_alpha(canvas)) {
        if (canvas.background_blur() != nullptr && !black_) blur_image(canvas, item);
    }

    // The run behind an image channel, in `room` or where it lies; null where all of it is black.
    const T* run(std::size_t channel, std::size_t row, std::size_t column, std::size_t count,
                 T (&room)[kRun]) const {
        if (black_) return nullptr;
        const std::size_t first = row * columns_ + column;
        if (blurred_ != nullptr) return blurred_ + channel * plane_ + first;
        if (plan_.background == Background::kChecker) {
            fill_squares(first, count, room);
            return room;
        }
        const auto color = static_cast<T>(plan_.background_color[channel]);
        if (color == T{0}) return nullptr;
        std::fill(room, room + count, color);
        return room;
    }

  private:
    void blur_image(Canvas<T>& canvas, const MapItem<T>& item) {
        const GaussianBlur<T>& blur = *canvas.background_blur();
        T* const planes = item.workspace.template take<T>(canvas.image_channels() * plane_);
        auto* scratch = item.workspace.template take<std::byte>(blur.workspace_bytes());
        canvas.for_image_runs(item.index, item.team,
                              [&](std::size_t row, std::size_t column, NumberRun<T>& x01) {
                                  for (std::size_t c = 0; c < x01.channels; ++c) {
                                      std::copy(x01.planes[c], x01.planes[c] + x01.count,
                                                planes + c * plane_ + row * columns_ + column);
                                  }
                              });
        for (std::size_t c = 0; c < canvas.image_channels(); ++c) {
            blur.apply(planes + c * plane_, scratch, item.team);
        }
        blurred_ = planes;
    }

    // Squares of eight pixels, the dark ones where rows and columns are both even or both odd.
    void fill_squares(std::size_t first, std::size_t count, T* out) const {
        constexpr std::size_t kSide = 8;
        std::size_t y = first / columns_;
        std::size_t x = first % columns_;
        for (std::size_t i = 0; i < count;) {
            const std::size_t side = std::min({kSide - x % kSide, columns_ - x, count - i});
            const T grey = static_cast<T>((y / kSide + x / kSide) % 2 == 0 ? 0.6 : 0.8);
            std::fill(out + i, out + i + side, grey);
            i += side;
            x += side;
            if (x < columns_) continue;
            x = 0;
            ++y;
        }
    }

    const RenderPlan& plan_;
    std::size_t columns_;
    std::size_t plane_;
    bool black_;
    const T* blurred_ = nullptr;  // a plane for each image channel
};

// In place: x01 laid over a background by its opacity.
template <typename T>
void blend_run(const T* opacity, const T* background, std::size_t count, T* x01) {
    for (std::size_t i = 0; i < count; ++i) {
        const T sum = opacity[i] * x01[i] + (T{1} - opacity[i]) * background[i];
        x01[i] = std::min(sum, T{1});
    }
}

// The same with numbers.
template <typename T>
void add_alpha(NumberRun<T>& x01) {
    for (std::size_t c = x01.channels; c < 3; ++c) {
        std::copy(x01.planes[0], x01.planes[0] + x01.count, x01.planes[c]);
    }
    if (x01.channels < 4) std::fill(x01.planes[3], x01.planes[3] + x01.count, T{1});
    x01.channels = 4;
}

// Opacity times image as numbers, over the background, painted if `paint`. opacity_of(map run,
// count, out) makes the opacity.
template <typename T, typename F>
void mask_numbers(Canvas<T>& canvas, const MapItem<T>& item, bool paint, const F& opacity_of) {
    const Backdrop<T> backdrop(canvas, item);
    const auto multiply = [&](std::size_t row, std::size_t column, NumberRun<T>& run) {
        if (has_alpha(canvas)) add_alpha(run);
        T opacity[kRun];
        T room[kRun];
        BytePlanes bytes(run.count, run.channels);
        for (std::size_t c = 0; c < run.channels; ++c) {
            T* x = run.planes[c];
            const std::size_t plane = plane_for(canvas, c);
            if (plane != kNoPlane) {
                if (c == 0 || canvas.planes() > 1 || run.channels == 4) {
                    opacity_of(canvas.run_of(item.map, plane, row, column), run.count, opacity);
                }
                const T* behind = backdrop.run(c, row, column, run.count, room);
                if (behind == nullptr) {
                    multiply_run(opacity, x, run.count, x);
                } else {
                    blend_run(opacity, behind, run.count, x);
                }
            }
            if (canvas.wants_values()) {
                canvas.store_values(item.index, c, row, column, x, run.count);
            }
            if (paint) bytes_run(x, run.count, Limits<T>{}, bytes.planes[c]);
        }
        if (paint) interleave_planes(bytes.run(), canvas.pixels(item.index, row, column));
    };
    canvas.for_image_runs(item.index, item.team, multiply);
}

// Fills in for missing values and returns those that are there; none if none is missing. Hidden
// pixels get the lowest opacity that there is, but for an inverted map (see invert_run).
template <typename T>
std::vector<T> take_present(const Canvas<T>& canvas, const MapItem<T>& item) {
    if (item.missing.empty()) return {};
    const std::size_t count = canvas.planes() * canvas.plane();
    std::vector<T> present = present_values(item.map, item.missing.data(), count);
    const bool hides = canvas.plan.nonfinite == NonFinitePolicy::kTransparent;
    if (canvas.plan.opacity == Opacity::kThreshold) {
        const T end = std::numeric_limits<T>::infinity();
        // Hidden pixels lie on the masked side of every limit. Zero is above none where negative
        // values are taken as zero, though mask_limit() tells one among the values as they are.
        const bool lowest = canvas.plan.sign == Sign::kPositive;
        if (hides) {
            fill_missing(item, canvas.plan.inverts_mask ? end : -end);
        } else {
            fill_missing(item, lowest ? -end : T{0});
        }
    } else if (hides) {
        fill_missing(item, canvas.plan.extremes_given
                               ? static_cast<T>(canvas.plan.extreme_low)
                               : extremes(present.data(), present.size(), item.team).min);
    } else {
        fill_missing(item, stand_in(canvas.plan, present, Normalization::kZeroOne, item.team));
    }
    return present;
}

// In place: 1 minus the opacity of a run of the item's map, but 0 where hidden pixels are. (The
// opacities of a map of one value are all 0, so that no value filled in would lead there.)
template <typename T>
void invert_run(const Canvas<T>& canvas, const MapItem<T>& item, const T* run, std::size_t count,
                T* opacity) {
    for (std::size_t i = 0; i < count; ++i) opacity[i] = T{1} - opacity[i];
    if (item.missing.empty() || canvas.plan.nonfinite != NonFinitePolicy::kTransparent) return;
    const std::uint8_t* const missing = item.missing.data() + (run - item.map);
    for (std::size_t i = 0; i < count; ++i) {
        if (missing[i] != 0) opacity[i] = T{0};
    }
}

// The opacity is the map itself.
template <typename T>
void mask_by_map(Canvas<T>& canvas, const MapItem<T>& item) {
    const std::vector<T> present = take_present(canvas, item);
    const T* values = present.empty() ? item.map : present.data();
    const std::size_t count = present.empty() ? canvas.planes() * canvas.plane() : present.size();
    Scale<T> scale;
    canvas.plan.fit(Normalization::kZeroOne, values, 1, count, &scale, item.team);
    mask_numbers(canvas, item, canvas.wants_picture(),
                 [&](const T* run, std::size_t length, T* opacity) {
                     apply_scale(run, length, scale, opacity, Team(1));
                     if (canvas.plan.inverts_mask) invert_run(canvas, item, run, length, opacity);
                 });
}

template <typename T>
void mask_by_threshold(Canvas<T>& canvas, const MapItem<T>& item) {
    const RenderPlan& plan = canvas.plan;
    const std::vector<T> present = take_present(canvas, item);
    const T* values = present.empty() ? item.map : present.data();
    const std::size_t count = present.empty() ? canvas.planes() * canvas.plane() : present.size();
    T* const scratch = item.workspace.template take<T>(count);
    const T limit =
        plan.threshold_by == ThresholdBy::kQuantile
            ? mask_limit(values, count, plan.sign == Sign::kPositive, plan.threshold, scratch,
                         item.team)
            : threshold_limit(values, count, plan.threshold_by, plan.threshold, scratch);
    // A byte image's picture is made from its bytes.
    const bool bytes = canvas.byte_image();
    if (bytes && canvas.wants_picture()) mask_bytes(canvas, item, limit);
    if (bytes && !canvas.wants_values()) return;
    const T masked = static_cast<T>(plan.masked_opacity);
    mask_numbers(canvas, item, canvas.wants_picture() && !bytes,
                 [&](const T* run, std::size_t length, T* opacity) {
                     if (plan.inverts_mask) {
                         for (std::size_t i = 0; i < length; ++i) {
                             opacity[i] = run[i] > limit ? masked : T{1};
                         }
                     } else {
                         mask_above(run, length, limit, masked, opacity, Team(1));
                     }
                 });
}

class MaskPainter final : public PainterOf<MaskPainter> {
  public:
    const char* name() const override { return "mask"; }
    bool needs_image() const override { return true; }
    bool has_value_colors(const RenderPlan&, std::size_t) const override { return false; }

    // mask_limit() clips in its own way.
    bool clips(const RenderPlan& plan) const override {
        return plan.opacity == Opacity::kThreshold && plan.threshold_by == ThresholdBy::kQuantile;
    }
    bool can_paint(const RenderPlan& plan, std::size_t planes,
                   std::size_t image_channels) const override {
        if (planes == 1) return true;
        return planes == image_channels && plan.background != Background::kTransparent;
    }
    std::size_t picture_channels(const RenderPlan& plan, std::size_t,
                                 std::size_t image_channels) const override {
        return image_channels == 4 || plan.background == Background::kTransparent ? 4 : 3;
    }
    bool takes_image_bytes(const RenderPlan& plan) const override {
        if (plan.background != Background::kTransparent) return plan.has_grey_background();
        return plan.image_high <= 255.0;  // alpha of 255 is 1 in the image's table too
    }
    Shape values_shape(const RenderPlan& plan, const Shape&, const Shape* image) const override {
        Shape values = *image;
        if (plan.background == Background::kTransparent) values.channels = 4;
        return values;
    }
    std::size_t planes_of_scratch(std::size_t planes) const override { return planes; }

    template <typename T>
    static void paint_item(Canvas<T>& canvas, const MapItem<T>& item) {
        canvas.plan.opacity == Opacity::kMap ? mask_by_map(canvas, item)
                                             : mask_by_threshold(canvas, item);
    }
};

}  // namespace

const Painter& mask_painter() {
    static const MaskPainter painter;
    return painter;
}

}  // namespace hotcold
