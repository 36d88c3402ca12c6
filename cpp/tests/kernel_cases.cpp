#include "tests/kernel_cases.hpp"

#include <algorithm>
#include <utility>

#include "kernels/blur/gaussian_blur.hpp"
#include "kernels/compare/compare.hpp"
#include "kernels/normalize/normalize.hpp"
#include "kernels/paint/cam_overlay.hpp"
#include "kernels/percentile/percentile.hpp"
#include "kernels/regions/boxes.hpp"
#include "kernels/render/painter.hpp"
#include "kernels/render/render.hpp"
#include "png/png.hpp"

namespace hotcold::test {
namespace {

// Noise over a slope, the same in every run.
class Numbers {
  public:
    float next() {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return static_cast<float>(static_cast<double>(state_ >> 40) * 0x1p-23 - 1.0);
    }

  private:
    std::uint64_t state_ = 1;
};

constexpr auto kPitch = static_cast<std::ptrdiff_t>(kSize);
constexpr std::ptrdiff_t kPlane = kPitch * kPitch;

SourceView maps_of(const Batch& batch, std::size_t items, std::size_t channels) {
    const auto strides = Strides{kPlane * static_cast<std::ptrdiff_t>(channels), kPlane, kPitch, 1};
    return {batch.maps.data(), ScalarType::kFloat32, 4, {items, channels, kSize, kSize}, strides};
}

SourceView images_of(const Batch& batch, std::size_t items, bool planar) {
    const auto channels = static_cast<std::ptrdiff_t>(kChannels);
    const auto strides = planar ? Strides{kPlane * channels, kPlane, kPitch, 1}
                                : Strides{kPlane * channels, 1, kPitch * channels, channels};
    return {batch.images.data(), ScalarType::kUint8, 1, {items, kChannels, kSize, kSize}, strides};
}

PictureView pictures_of(Batch& batch) {
    PictureView view;
    view.data = batch.pictures.data();
    view.row_stride = kPitch * static_cast<std::ptrdiff_t>(kChannels);
    view.grid_row_stride = kPitch * view.row_stride;
    return view;
}

void blur(Batch& batch, std::size_t items, double sigma, BlurAccuracy accuracy) {
    const SourceView source = maps_of(batch, items, 1);
    const BatchView<float> out = {batch.results.data(), source.shape, source.strides};
    gaussian_blur<float>(source, sigma, sigma, accuracy, out, 1);
}

void percentile(Batch& batch, std::size_t items) {
    const SourceView source = maps_of(batch, items, 1);
    const BatchView<float> out = {batch.results.data(), source.shape, source.strides};
    percentile_mask<float>(source, 0.5, 0.2, out, 1);
}

void normalized(Batch& batch, std::size_t items, Normalization mode) {
    const SourceView source = maps_of(batch, items, kChannels);
    const BatchView<float> out = {batch.results.data(), source.shape, source.strides};
    normalize<float>(source, mode, out, 1);
}

RenderPlan plan_of(const Painter& painter, double sigma) {
    double rgba[4 * 256];
    for (std::size_t i = 0; i < 256; ++i) {
        const double fraction = static_cast<double>(i) / 255.0;
        const double color[] = {fraction, 1.0 - fraction, 0.5, 1.0};
        std::copy(color, color + 4, rgba + 4 * i);
    }
    RenderPlan plan;
    plan.reduction = Reduction::kMean;
    plan.sigma_y = plan.sigma_x = sigma;
    plan.painter = &painter;
    const bool masks = &painter == &mask_painter();
    plan.sign = masks ? Sign::kPositive : Sign::kAll;
    plan.opacity = masks ? Opacity::kThreshold : Opacity::kConstant;
    plan.table = ColorTable(rgba, 256);
    plan.image_range_given = true;
    plan.image_high = 255.0;
    return plan;
}

void draw(Batch& batch, std::size_t items, RenderPlan plan, bool planar_images) {
    plan.prepare();
    const SourceView image = images_of(batch, items, planar_images);
    const PictureView out = pictures_of(batch);
    render<float>(plan, maps_of(batch, items, kChannels), &image, nullptr, &out, 1);
}

void picture(Batch& batch, std::size_t items, const Painter& painter, double sigma,
             bool planar_images) {
    draw(batch, items, plan_of(painter, sigma), planar_images);
}

void reduced(Batch& batch, std::size_t items, Reduction reduction, Opacity opacity) {
    RenderPlan plan = plan_of(overlay_painter(), 0.0);
    plan.reduction = reduction;
    plan.opacity = opacity;
    plan.clip_by = ClipBy::kQuantile;
    plan.clip_low = 0.01;
    plan.clip_high = 0.99;
    plan.contours = {Threshold{ThresholdBy::kQuantile, 0.9}};
    plan.grayscale = true;
    draw(batch, items, plan, false);
}

void encode(Batch& batch, std::size_t items, Compression compression) {
    for (std::size_t i = 0; i < items; ++i) {
        PngImage image;
        image.data = batch.images.data() + i * kSize * kSize * kChannels;
        image.row_stride = kPitch * static_cast<std::ptrdiff_t>(kChannels);
        image.width = image.height = kSize;
        std::vector<std::uint8_t> file(png_bound(image, {}));
        file.resize(encode_png(image, {}, compression, file.data(), 1));
        batch.file = std::move(file);
    }
}

void overlay_of_cam(Batch& batch, std::size_t items) {
    std::vector<float> table(4 * kCamEntries);
    for (std::size_t i = 0; i < table.size(); ++i) {
        table[i] = i % 4 == 3 ? 0.0f : static_cast<float>(i) / static_cast<float>(table.size());
    }
    std::vector<float> image(kChannels * kSize * kSize);
    std::vector<float> map(kSize * kSize);
    for (std::size_t item = 0; item < items; ++item) {
        const std::uint8_t* bytes = batch.images.data() + item * image.size();
        for (std::size_t i = 0; i < image.size(); ++i) {
            image[i] = static_cast<float>(bytes[i]) / 255.0f;
        }
        for (std::size_t i = 0; i < map.size(); ++i) {
            map[i] = std::clamp(batch.maps[item * image.size() + i], 0.0f, 1.0f);
        }
        cam_overlay({image.data(), map.data(), map.size(), table.data(), 0.5f, 0.0f},
                    batch.pictures.data() + item * image.size());
    }
}

void compared(Batch& batch, std::size_t items) {
    CompareOptions options;
    options.metrics = {Metric::kRank,    Metric::kIou,      Metric::kSsim,  Metric::kOverlap,
                       Metric::kPearson, Metric::kCentroid, Metric::kMaxAbs};
    const SourceView a = maps_of(batch, items, 1);
    SourceView b = a;
    b.data = batch.maps.data() + kPlane * 2;
    batch.table.resize(items * options.metrics.size());
    compare<float>(a, b, options, batch.table.data(), 1);
}

void boxed(Batch& batch, std::size_t items) {
    BoxOptions options;
    options.count = 4;
    const std::size_t regions = items * options.count;
    std::vector<std::int64_t> boxes(regions * 4);
    std::vector<std::int64_t> area(regions);
    std::vector<double> peak(regions);
    batch.table.resize(regions);
    find_boxes<float>(maps_of(batch, items, 1), options,
                      {boxes.data(), batch.table.data(), peak.data(), area.data()}, 1);
    batch.table.insert(batch.table.end(), peak.begin(), peak.end());
    for (const std::int64_t edge : boxes) batch.table.push_back(static_cast<double>(edge));
    for (const std::int64_t pixels : area) batch.table.push_back(static_cast<double>(pixels));
}

constexpr BlurAccuracy kExact = BlurAccuracy::kExact;
constexpr BlurAccuracy kFast = BlurAccuracy::kFast;

template <Normalization mode>
void normalize_by(Batch& batch, std::size_t items) {
    normalized(batch, items, mode);
}

template <Reduction reduction, Opacity opacity>
void reduce_by(Batch& batch, std::size_t items) {
    reduced(batch, items, reduction, opacity);
}

template <Compression compression>
void encode_by(Batch& batch, std::size_t items) {
    encode(batch, items, compression);
}

}  // namespace

Batch::Batch() {
    Numbers numbers;
    for (std::size_t i = 0; i < maps.size(); ++i) {
        const float slope = static_cast<float>(i % kSize) / static_cast<float>(kSize);
        maps[i] = slope + 0.5f * numbers.next();
        images[i] = static_cast<std::uint8_t>(100.0f + 100.0f * slope + 20.0f * numbers.next());
    }
}

const std::vector<Case>& kernel_cases() {
    using N = Normalization;
    static const std::vector<Case> cases = {
        {"blur_5", [](Batch& batch, std::size_t n) { blur(batch, n, 5.0, kExact); }, false},
        {"blur_10", [](Batch& batch, std::size_t n) { blur(batch, n, 10.0, kExact); }, false},
        {"blur_30", [](Batch& batch, std::size_t n) { blur(batch, n, 30.0, kExact); }, false},
        {"blur_10_fast", [](Batch& batch, std::size_t n) { blur(batch, n, 10.0, kFast); }, false},
        {"percentile_mask", percentile},
        {"render_heatmap",
         [](Batch& batch, std::size_t n) { picture(batch, n, overlay_painter(), 10.0, false); }},
        {"render_heatmap_planes",
         [](Batch& batch, std::size_t n) { picture(batch, n, overlay_painter(), 10.0, true); }},
        {"render_mask",
         [](Batch& batch, std::size_t n) { picture(batch, n, mask_painter(), 5.0, false); }},
        {"render_mask_planes",
         [](Batch& batch, std::size_t n) { picture(batch, n, mask_painter(), 5.0, true); }},
        {"encode_png", encode_by<Compression::kDefault>},
        {"encode_png_fast", encode_by<Compression::kFast>},
        {"encode_png_small", encode_by<Compression::kSmall>},
        {"unsigned_max", normalize_by<N::kUnsignedMax>},
        {"unsigned_max_positive_centered", normalize_by<N::kUnsignedMaxPositiveCentered>},
        {"magnitude_max", normalize_by<N::kMagnitudeMax>},
        {"magnitude_sum", normalize_by<N::kMagnitudeSum>},
        {"signed_max", normalize_by<N::kSignedMax>},
        {"signed_max_positive_centered", normalize_by<N::kSignedMaxPositiveCentered>},
        {"signed_sum", normalize_by<N::kSignedSum>},
        {"zero_one", normalize_by<N::kZeroOne>},
        {"mean", reduce_by<Reduction::kMean, Opacity::kConstant>},
        {"sum_abs", reduce_by<Reduction::kSumAbs, Opacity::kMap>},
        {"max_abs", reduce_by<Reduction::kMaxAbs, Opacity::kThreshold>},
        {"norm", reduce_by<Reduction::kNorm, Opacity::kMap>},
        {"cam_overlay", overlay_of_cam},
        {"compare", compared},
        {"find_boxes", boxed},
    };
    return cases;
}

}  // namespace hotcold::test
