// What painters paint on and look at: an item's picture and values, its image, walked in runs of
// pixels.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

#include "kernels/blur/gaussian_blur.hpp"
#include "kernels/load/batch.hpp"
#include "kernels/load/load.hpp"
#include "kernels/normalize/extent.hpp"
#include "kernels/render/painter.hpp"
#include "kernels/render/plan.hpp"
#include "kernels/render/render_image.hpp"
#include "runtime/integers.hpp"
#include "runtime/workspace.hpp"

namespace hotcold {

// For one batch. Null views are not wanted, or not there; all must outlive the canvas.
template <typename T>
class Canvas {
  public:
    Canvas(const RenderPlan& recipe, const Shape& map, const SourceView* image,
           const BatchView<T>* values, const PictureView* picture)
        : plan(recipe),
          image_(image),
          values_(values),
          picture_(picture),
          map_(map),
          byte_image_(image != nullptr && image->type == ScalarType::kUint8 &&
                      recipe.image_range_given &&
                      // Alpha is not put through the table, and is grey made of what comes out.
                      (recipe.image_table.identity || image->shape.channels == 1 ||
                       (image->shape.channels == 3 && !recipe.grayscale)) &&
                      recipe.painter->takes_image_bytes(recipe)),
          adjoining_((picture == nullptr ||
                      picture->row_stride ==
                          static_cast<std::ptrdiff_t>(picture->channels * map.columns)) &&
                     (image == nullptr || rows_adjoin(image->shape, image->strides)) &&
                     (values == nullptr || rows_adjoin(values->shape, values->strides))) {
        if (image == nullptr || plan.background != Background::kBlur) return;
        background_blur_ = std::make_unique<GaussianBlur<T>>(
            map.rows, map.columns, plan.background_sigma_y, plan.background_sigma_x, plan.accuracy);
    }

    const RenderPlan& plan;
    Extent batch;  // of all items, where plan.shares_limits()
    NonFiniteLog bad_image;

    const Shape& map() const { return map_; }
    std::size_t planes() const { return map_.channels; }
    std::size_t plane() const { return map_.plane(); }
    std::size_t image_channels() const { return image_->shape.channels; }
    // The image's channel that becomes channel `shown` of the picture.
    std::size_t image_channel(std::size_t shown) const {
        return hotcold::image_channel(plan.channel_order, image_channels(), shown);
    }
    bool wants_values() const { return values_ != nullptr; }
    bool wants_picture() const { return picture_ != nullptr; }
    // 1 where a picture takes the table's entries in place of their colours.
    std::size_t picture_channels() const { return picture_->channels; }
    // Whether the image is bytes and plan.image_table says what becomes of them.
    bool byte_image() const { return byte_image_; }
    // What blurs the image for the background; null where that is something else.
    const GaussianBlur<T>* background_blur() const { return background_blur_.get(); }
    // Of the workspace that a blurred image takes, and what blurs it.
    std::size_t background_bytes() const {
        if (background_blur_ == nullptr) return 0;
        return Workspace::bytes_for<T>(image_channels() * plane()) +
               Workspace::bytes_for<std::byte>(background_blur_->workspace_bytes());
    }
    ImageReader image(std::size_t item) const {
        return ImageReader(*image_, item, plan.channel_order);
    }

    // The run of a plane of an item's map.
    const T* run_of(const T* map, std::size_t plane, std::size_t row, std::size_t column) const {
        return map + plane * map_.plane() + row * map_.columns + column;
    }
    std::uint8_t* pixels(std::size_t item, std::size_t row, std::size_t column) const {
        return picture_->at(item, row) + column * picture_->channels;
    }

    // Where values are wanted alone: a plane of them, or a run.
    void store_plane(std::size_t item, std::size_t channel, const T* plane,
                     const Team& team) const {
        store_channel(plane, *values_, item, channel, team);
    }
    void store_values(std::size_t item, std::size_t channel, std::size_t row, std::size_t column,
                      const T* run, std::size_t count) const {
        const std::ptrdiff_t stride = values_->strides.column;
        store_run(run, count,
                  values_->at(item, channel, row) + static_cast<std::ptrdiff_t>(column) * stride,
                  stride);
    }

    // Calls body(row, column, count) for the runs of an item.
    template <typename F>
    void for_item_runs(const Team& team, const F& body) const {
        const std::size_t step = rows_per_block(map_.columns);
        team.for_each(ceil_div(map_.rows, step), [&](std::size_t block) {
            for_runs(block * step, std::min(map_.rows, (block + 1) * step), map_.columns,
                     adjoining_, body);
        });
    }

    // The same with the image's numbers: body(row, column, NumberRun).
    template <typename F>
    void for_image_runs(std::size_t item, const Team& team, const F& body) {
        const ImageReader reader = image(item);
        const ImageScale<T> scale = scale_of(reader, team);
        const ImageScale<T> alpha_scale{T{1}, T{0}, reader.opaque<T>()};
        std::atomic<std::size_t> bad{0};
        for_item_runs(team, [&](std::size_t row, std::size_t column, std::size_t count) {
            NumberRun<T> run;
            run.count = count;
            run.channels = image_->shape.channels;
            const std::size_t found = reader.numbers(row, column, count, run.planes);
            if (found != 0) bad.fetch_add(found, std::memory_order_relaxed);
            for (std::size_t c = 0; c < run.channels; ++c) {
                if (plan.image_norm_given && c != 3) {
                    unnorm_image_run(run.planes[c], count, image_norm(c));
                } else {
                    scale_image_run(run.planes[c], count, c == 3 ? alpha_scale : scale);
                }
            }
            if (plan.grayscale && run.channels >= 3) {
                grey_run(run.planes[0], run.planes[1], run.planes[2], count);
            }
            body(row, column, run);
        });
        bad_image.record(item, bad.load());
    }

  private:
    // The scale of colours, where they have one.
    ImageScale<T> scale_of(const ImageReader& reader, const Team& team) const {
        if (plan.image_norm_given) return {};
        if (!plan.image_range_given) return reader.own_scale<T>(team);
        return {T{1}, static_cast<T>(plan.image_low),
                static_cast<T>(plan.image_high - plan.image_low)};
    }
    // What was done to colour `c`; numbers beyond T's are its largest.
    ImageNorm<T> image_norm(std::size_t c) const {
        constexpr double kMost = std::numeric_limits<T>::max();
        return {static_cast<T>(std::clamp(plan.image_mean[c], -kMost, kMost)),
                static_cast<T>(std::min(plan.image_std[c], kMost))};
    }

    const SourceView* image_;
    const BatchView<T>* values_;
    const PictureView* picture_;
    const Shape map_;
    const bool byte_image_;
    std::unique_ptr<const GaussianBlur<T>> background_blur_;
    const bool adjoining_;  // rows of everything but the attributions follow one another
};

}  // namespace hotcold
