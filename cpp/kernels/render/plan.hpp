// What to draw: a map's steps in their order, and the painter of what comes of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/blur/gaussian_blur.hpp"
#include "kernels/load/image_view.hpp"
#include "kernels/load/reduction.hpp"
#include "kernels/normalize/extent.hpp"
#include "kernels/normalize/modes.hpp"
#include "kernels/normalize/normalize.hpp"
#include "kernels/paint/paint.hpp"
#include "kernels/percentile/clip.hpp"
#include "kernels/percentile/threshold.hpp"

namespace hotcold {

class Painter;

// How maps smaller than the image get its size (painters that need one).
enum class Upsample { kNone, kNearest, kBilinear, kBicubic };

// Where the opacity of a mask comes from, or of a heat map.
enum class Opacity {
    kThreshold,  // one above it, another below; of a heat map none below
    kMap,
    kConstant,  // of heat maps; also what a table with alpha makes of a map
};

// What is seen where a mask's image is not.
enum class Background {
    kColor,
    kChecker,      // squares of two greys
    kBlur,         // the image, blurred
    kTransparent,  // nothing: the opacity is the picture's alpha
};

// A rule of thresholds and its number.
struct Threshold {
    ThresholdBy by = ThresholdBy::kQuantile;
    double t = 0.0;
};

using Rgb = std::array<std::uint8_t, 3>;
// Of an image's colours; alpha comes last in either.
enum class ChannelOrder { kRgb, kBgr };

// Which of an image's `channels` is channel `shown` of its picture, whose colours are R, G and B.
inline std::size_t image_channel(ChannelOrder order, std::size_t channels, std::size_t shown) {
    return order == ChannelOrder::kBgr && channels >= 3 && shown < 3 ? 2 - shown : shown;
}

// What NaN and infinities of the attributions are. Those of an image are read as 0 unless they are
// a fault, and never set its scale.
enum class NonFinitePolicy {
    kRaise,        // a fault: the first item that holds some is reported
    kZero,         // missing; they set no scale and are drawn as 0
    kTransparent,  // missing; nothing is drawn there but the image, if there is one
};

// Members that a step does not use are ignored. Only for reading once prepare() was called.
struct RenderPlan {
    Reduction reduction = Reduction::kNone;
    Upsample upsample = Upsample::kNone;
    double sigma_y = 0.0;  // pixels, >= 0
    double sigma_x = 0.0;
    BlurAccuracy accuracy = BlurAccuracy::kExact;
    Sign sign = Sign::kAll;
    ClipBy clip_by = ClipBy::kNone;
    double clip_low = 0.0;  // fractions of the values, or of their mass
    double clip_high = 1.0;
    Normalization normalization = Normalization::kUnsignedMax;
    // Where the values of all maps that share a scale begin and end, outliers aside; else each
    // item's own decide. Values beyond are taken for the ends.
    bool extremes_given = false;
    double extreme_low = 0.0;
    double extreme_high = 0.0;

    const Painter* painter = nullptr;  // never null once prepare() is called
    bool limits_given = false;         // else the mode's own, or 0 to 1 where channels are painted
    double limit_low = 0.0;
    double limit_high = 1.0;
    ColorTable table;
    double overlay_opacity = 0.5;

    Opacity opacity = Opacity::kConstant;
    ThresholdBy threshold_by = ThresholdBy::kQuantile;
    double threshold = 0.5;
    double masked_opacity = 0.2;
    bool inverts_mask = false;  // what would be shown is masked, and the other way round
    // What is seen where a mask's image is not, colours in [0, 1]. Not looked at over an image with
    // alpha, which is transparent there.
    Background background = Background::kColor;
    double background_color[3] = {0.0, 0.0, 0.0};
    double background_sigma_y = 0.0;  // of kBlur: pixels, >= 0
    double background_sigma_x = 0.0;

    std::vector<Threshold> contours;
    Rgb contour_color = {255, 255, 255};
    unsigned contour_width = 1;  // pixels, >= 1
    std::size_t boxes = 0;       // regions that get a frame, by threshold_by and threshold
    Rgb box_color = {255, 255, 255};
    unsigned box_width = 2;  // pixels, >= 1

    ChannelOrder channel_order = ChannelOrder::kRgb;
    bool image_range_given = false;  // else each item's own minimum and maximum
    double image_low = 0.0;
    double image_high = 1.0;
    bool image_norm_given = false;  // else the range; a picture's colour is x * std + mean
    double image_mean[3] = {0.0, 0.0, 0.0};
    double image_std[3] = {1.0, 1.0, 1.0};
    bool grayscale = false;  // the image's colours, not those that are laid over it

    NonFinitePolicy nonfinite = NonFinitePolicy::kRaise;

    // Makes the tables that the other members call for; once, after they are set.
    void prepare();
    ImageTable image_table;  // for uint8 images of a painter that needs one, with image_range_given

    bool has_grey_background() const {
        return background == Background::kColor && background_color[0] == background_color[1] &&
               background_color[1] == background_color[2];
    }
    // The maps that are painted: as many planes as the reduction leaves, the image's rows and
    // columns where maps are upsampled. `image` is null where there is none.
    Shape map_shape(const Shape& attributions, const Shape* image) const;
    // Whether lines are drawn over the picture.
    bool has_marks() const { return !contours.empty() || boxes > 0; }
    // Whether a picture has no colours but the table's.
    bool has_table_colors_alone() const;
    // How the limits follow from the mode and the sign, unless they are given.
    LimitRule limit_rule() const;
    // Whether limits depend on the values of other items of the batch.
    bool shares_limits() const;
    // fit_scales() by the values of an item, or by the extremes that are given where the mode goes
    // by extremes. `known` are those of the item, where somebody has looked.
    template <typename T>
    void fit(Normalization mode, const T* item, std::size_t channels, std::size_t plane,
             Scale<T>* scales, const Team& team, const Extremes<T>* known = nullptr) const;
    // The limits of values of this extent times `factor`, unless limits are given.
    template <typename T>
    Limits<T> limits(const Extent& extent, T factor = T{1}) const;
    // The attributions at both ends of an item's colours; of items that share limits, `item` is
    // about all of them. Nothing of use where Painter::has_value_colors() is
    // false.
    Extent attribution_limits(const ItemExtents& item) const;
};

}  // namespace hotcold
