// The fused render: everything between reading an item's attributions and writing its picture, in
// one core's cache. One description, RenderPlan, says what to do; the visualizers' calls, their
// render(), files and offline jobs all come through here, so they show the same pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "kernels/blur/gaussian_blur.hpp"
#include "kernels/load/image_view.hpp"
#include "kernels/load/reduction.hpp"
#include "kernels/normalize/normalize.hpp"
#include "kernels/paint/paint.hpp"

namespace hotcold {

// How maps smaller than the image get its size (kOverlay, kMask).
enum class Upsample { kNone, kNearest, kBilinear, kBicubic };

// Which values count; the others are taken as 0.
enum class Sign { kAll, kPositive };

// How the normalised values become a picture.
enum class Paint {
    kTable,     // one channel through the colour table
    kChannels,  // 1 (grey), 3 or 4 channels as they are
    kOverlay,   // table colours blended over the image
    kMask,      // the image times an opacity
};

// Where a mask's opacity comes from.
enum class Opacity { kPercentile, kMap };

// What NaN and infinities of the attributions are. Those of an image are read as 0 unless they are
// a fault, and never set its scale.
enum class NonFinitePolicy {
    kRaise,        // a fault: the first item that holds some is reported
    kZero,         // missing; they set no scale and are drawn as 0
    kTransparent,  // missing; nothing is drawn there but the image, if there is one
};

// The steps in their order. Members that a step does not use are ignored. Only for reading once
// prepare() was called.
struct RenderPlan {
    Reduction reduction = Reduction::kNone;
    Upsample upsample = Upsample::kNone;
    double sigma_y = 0.0;  // pixels, >= 0
    double sigma_x = 0.0;
    BlurAccuracy accuracy = BlurAccuracy::kExact;
    Sign sign = Sign::kAll;
    Normalization normalization = Normalization::kUnsignedMax;

    Paint paint = Paint::kTable;
    bool limits_given = false;  // else the mode's own (kTable, kOverlay) or 0 to 1 (kChannels)
    double limit_low = 0.0;
    double limit_high = 1.0;
    ColorTable table;  // kTable, kOverlay
    double overlay_opacity = 0.5;

    Opacity opacity = Opacity::kPercentile;  // kMask
    double threshold = 0.5;
    double masked_opacity = 0.2;

    bool image_range_given = false;  // else each item's own minimum and maximum
    double image_low = 0.0;
    double image_high = 1.0;

    NonFinitePolicy nonfinite = NonFinitePolicy::kRaise;

    // Makes the tables that the other members call for; once, after they are set.
    void prepare();
    ImageTable image_table;  // kOverlay and kMask with image_range_given, for uint8 images
};

// Which input held non-finite values, and where.
struct RenderFault {
    NonFinite attributions;
    NonFinite image;
    bool found() const { return attributions.found() || image.found(); }
};

// Channels of the pictures that `plan` makes: 4 where the image (kOverlay, kMask) or the
// attributions (kChannels) have four, and where a map's own picture (kTable, kChannels) may be
// transparent; else 3.
std::size_t picture_channels(const RenderPlan& plan, std::size_t attribution_channels,
                             std::size_t image_channels);

// The rows and columns that everything is drawn at: the image's where maps are upsampled.
Shape drawn_shape(const RenderPlan& plan, const Shape& attributions, const Shape* image);

// Renders a batch. `image` is null unless kOverlay or kMask. `values` (null: not wanted) receives
// what is computed before colouring: the reduced, blurred, normalised map, or for kMask the masked
// image. `picture` (null: not wanted) receives uint8 pixels. When a fault is returned the outputs
// hold nothing of use. Preconditions: items agree, and rows and columns do unless
// upsampled; kTable and kOverlay have
// one channel after the reduction; kMask has one, or the image's; the outputs overlap no input.
template <typename T>
RenderFault render(const RenderPlan& plan, const SourceView& attributions, const SourceView* image,
                   const BatchView<T>* values, const PictureView* picture, int n_threads);

// Told of an item once its picture is finished, or that it has none for its non-finite values.
// False: that is enough.
using ItemDone = std::function<bool(std::size_t item, const RenderFault& fault)>;

// Renders the items one after the other, each picture over the last at `pixels` (rows adjoining,
// `channels` to a pixel: picture_channels(), or 1 for the table's entries in place of their colours
// where kTable has at most 256), and calls `done` while it is in the caches, on this thread and
// with its Workspace free. n_threads share the rows of an item. Preconditions as above.
template <typename T>
void render_each(const RenderPlan& plan, const SourceView& attributions, const SourceView* image,
                 std::uint8_t* pixels, std::size_t channels, const ItemDone& done, int n_threads);

}  // namespace hotcold
