// One kernel on a few items and nothing else, for counting instructions: run under callgrind with
// two numbers of items, the difference is what the items cost. benchmarks/instructions.py does so.
//
//   count_kernels CASE ITEMS
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "kernels/blur/gaussian_blur.hpp"
#include "kernels/percentile/percentile.hpp"
#include "kernels/render/painter.hpp"
#include "kernels/render/render.hpp"
#include "png/png.hpp"

namespace {

using namespace hotcold;

constexpr std::size_t kMaxItems = 3;
constexpr std::size_t kSize = 224;
constexpr std::size_t kChannels = 3;

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

struct Batch {
    std::vector<float> maps = std::vector<float>(kMaxItems * kChannels * kSize * kSize);
    std::vector<std::uint8_t> images = std::vector<std::uint8_t>(maps.size());
    std::vector<std::uint8_t> pictures = std::vector<std::uint8_t>(maps.size());
    std::vector<float> results = std::vector<float>(maps.size());

    Batch() {
        Numbers numbers;
        for (std::size_t i = 0; i < maps.size(); ++i) {
            const float slope = static_cast<float>(i % kSize) / static_cast<float>(kSize);
            maps[i] = slope + 0.5f * numbers.next();
            images[i] = static_cast<std::uint8_t>(100.0f + 100.0f * slope + 20.0f * numbers.next());
        }
    }
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

void picture(Batch& batch, std::size_t items, const Painter& painter, double sigma,
             bool planar_images) {
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
    plan.prepare();
    const SourceView image = images_of(batch, items, planar_images);
    const PictureView out = pictures_of(batch);
    render<float>(plan, maps_of(batch, items, kChannels), &image, nullptr, &out, 1);
}

void encode(Batch& batch, std::size_t items) {
    for (std::size_t i = 0; i < items; ++i) {
        PngImage image;
        image.data = batch.images.data() + i * kSize * kSize * kChannels;
        image.row_stride = kPitch * static_cast<std::ptrdiff_t>(kChannels);
        image.width = image.height = kSize;
        std::vector<std::uint8_t> file(png_bound(image, {}));
        encode_png(image, {}, Compression::kDefault, file.data(), 1);
    }
}

struct Case {
    const char* name;
    void (*run)(Batch& batch, std::size_t items);
};

constexpr BlurAccuracy kExact = BlurAccuracy::kExact;
constexpr BlurAccuracy kFast = BlurAccuracy::kFast;
constexpr Case kCases[] = {
    {"blur_5", [](Batch& batch, std::size_t items) { blur(batch, items, 5.0, kExact); }},
    {"blur_10", [](Batch& batch, std::size_t items) { blur(batch, items, 10.0, kExact); }},
    {"blur_30", [](Batch& batch, std::size_t items) { blur(batch, items, 30.0, kExact); }},
    {"blur_10_fast", [](Batch& batch, std::size_t items) { blur(batch, items, 10.0, kFast); }},
    {"percentile_mask", percentile},
    {"render_heatmap",
     [](Batch& batch, std::size_t items) {
         picture(batch, items, overlay_painter(), 10.0, false);
     }},
    {"render_heatmap_planes",
     [](Batch& batch, std::size_t items) { picture(batch, items, overlay_painter(), 10.0, true); }},
    {"render_mask",
     [](Batch& batch, std::size_t items) { picture(batch, items, mask_painter(), 5.0, false); }},
    {"render_mask_planes",
     [](Batch& batch, std::size_t items) { picture(batch, items, mask_painter(), 5.0, true); }},
    {"encode_png", encode},
};

}  // namespace

int main(int count, char** arguments) {
    const std::size_t items = count == 3 ? std::strtoul(arguments[2], nullptr, 10) : 0;
    if (items >= 1 && items <= kMaxItems) {
        for (const Case& one : kCases) {
            if (std::strcmp(one.name, arguments[1]) != 0) continue;
            Batch batch;
            one.run(batch, items);
            return 0;
        }
    }
    std::fprintf(stderr, "usage: count_kernels CASE 1..%zu, CASE one of:\n", kMaxItems);
    for (const Case& one : kCases) std::fprintf(stderr, "  %s\n", one.name);
    return 2;
}
