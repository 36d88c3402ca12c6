// One pass per item: load (reduce) -> upsample -> blur -> sign -> normalise -> paint. The map lives
// in the thread's scratch from the first step to the last (196 KiB for 224x224 float, inside L2);
// image rows are read, scaled and blended a short run at a time. Memory traffic per pixel: the
// attributions and the image once in, the picture once out.
#include "kernels/render.hpp"

#include <algorithm>
#include <atomic>
#include <limits>

#include "kernels/batch.hpp"
#include "kernels/colorize.hpp"
#include "kernels/load.hpp"
#include "kernels/mask_limit.hpp"
#include "kernels/percentile.hpp"
#include "kernels/render_image.hpp"
#include "kernels/render_limits.hpp"
#include "kernels/resize.hpp"

namespace hotcold {
namespace {

template <typename T>
class Renderer {
  public:
    Renderer(const RenderPlan& plan, const SourceView& attributions, const SourceView* image,
             const BatchView<T>* values, const PictureView* picture)
        : plan_(plan),
          attributions_(attributions),
          image_(image),
          values_(values),
          picture_(picture),
          shape_(drawn_shape(plan, attributions.shape, image == nullptr ? nullptr : &image->shape)),
          resize_(attributions.shape, shape_),
          blur_(shape_.rows, shape_.columns, plan.sigma_y, plan.sigma_x, plan.accuracy),
          planes_(plan.reduction == Reduction::kMean ? 1 : attributions.shape.channels),
          plane_(shape_.plane()),
          byte_image_(image != nullptr && image->type == ScalarType::kUint8 &&
                      plan.image_range_given),
          adjoining_((picture == nullptr ||
                      picture->row_stride ==
                          static_cast<std::ptrdiff_t>(picture->channels * shape_.columns)) &&
                     (image == nullptr || rows_adjoin(image->shape, image->strides)) &&
                     (values == nullptr || rows_adjoin(values->shape, values->strides))) {}

    RenderFault run(int n_threads) {
        if (needs_batch_limits()) find_batch_limits(n_threads);
        const bool keep_going = plan_.zero_nonfinite;
        for_each_item(attributions_.shape.items, plane_ * attributions_.shape.channels,
                      workspace_bytes(), n_threads,
                      [&](std::size_t item, Workspace& workspace, const Team& team) {
                          T* map = workspace.take<T>(planes_ * plane_);
                          const std::size_t bad = prepare(item, map, workspace, team);
                          bad_attributions_.record(item, bad);
                          if (bad != 0 && !keep_going) return;
                          if (plan_.paint == Paint::kMask) {
                              mask(item, map, workspace, team);
                          } else {
                              color(item, map, team);
                          }
                      });
        RenderFault fault;
        if (!keep_going) fault = {bad_attributions_.first(), bad_image_.first()};
        return fault;
    }

  private:
    std::size_t rows() const { return shape_.rows; }
    std::size_t columns() const { return shape_.columns; }

    std::size_t workspace_bytes() const {
        return 2 * Workspace::bytes_for<T>(planes_ * plane_) +
               Workspace::bytes_for<std::byte>(blur_.workspace_bytes()) + small_bytes();
    }

    // What a map of the attributions' own size takes before it is enlarged.
    std::size_t small_bytes() const {
        if (resize_.is_identity()) return 0;
        return Workspace::bytes_for<T>(planes_ * attributions_.shape.plane()) +
               Workspace::bytes_for<std::byte>(resize_.workspace_bytes());
    }

    // Load, reduce. Returns how many values were not finite.
    std::size_t load(std::size_t item, T* planes, const Team& team) const {
        if (plan_.reduction == Reduction::kMean)
            return load_mean(attributions_, item, planes, team);
        std::size_t bad = 0;
        for (std::size_t c = 0; c < planes_; ++c) {
            T* plane = planes + c * attributions_.shape.plane();
            bad += load_channel(attributions_, item, c, plane, team);
        }
        return bad;
    }

    // Load and upsample.
    std::size_t load_drawn(std::size_t item, T* map, Workspace& workspace, const Team& team) const {
        if (resize_.is_identity()) return load(item, map, team);
        const std::size_t small_plane = attributions_.shape.plane();
        T* small = workspace.take<T>(planes_ * small_plane);
        std::byte* scratch = workspace.take<std::byte>(resize_.workspace_bytes());
        const std::size_t bad = load(item, small, team);
        for (std::size_t c = 0; c < planes_; ++c) {
            resize_.apply(small + c * small_plane, map + c * plane_, scratch, team);
        }
        return bad;
    }

    // Load, reduce, upsample, blur, sign. Returns how many values were not finite.
    std::size_t prepare(std::size_t item, T* map, Workspace& workspace, const Team& team) const {
        const std::size_t bad = load_drawn(item, map, workspace, team);
        if (!blur_.is_identity()) {
            std::byte* scratch = workspace.take<std::byte>(blur_.workspace_bytes());
            for (std::size_t c = 0; c < planes_; ++c) blur_.apply(map + c * plane_, scratch, team);
        }
        // mask_limit() clips in its own way.
        const bool later = plan_.paint == Paint::kMask && plan_.opacity == Opacity::kPercentile;
        if (plan_.sign == Sign::kPositive && !later) clip_negative(map, planes_ * plane_, team);
        return bad;
    }

    // --- colour limits ----------------------------------------------------------------------

    bool needs_batch_limits() const {
        return picture_ != nullptr && !plan_.limits_given &&
               plan_.normalization == Normalization::kUnnormalized &&
               (plan_.paint == Paint::kTable || plan_.paint == Paint::kOverlay);
    }

    // The only limits that items share. The maps are prepared twice rather than kept: a batch of
    // them may be larger than memory.
    void find_batch_limits(int n_threads) {
        std::mutex mutex;
        for_each_item(attributions_.shape.items, plane_ * attributions_.shape.channels,
                      workspace_bytes(), n_threads,
                      [&](std::size_t item, Workspace& workspace, const Team& team) {
                          T* map = workspace.take<T>(planes_ * plane_);
                          prepare(item, map, workspace, team);
                          const T largest = extremes(map, planes_ * plane_, team).magnitude();
                          const std::lock_guard<std::mutex> lock(mutex);
                          batch_max_ = std::max(batch_max_, largest);
                      });
    }

    // Keeps twice the largest value finite; 1 but for maps near the type's end.
    T batch_prescale() const {
        return batch_max_ > std::numeric_limits<T>::max() / 4 ? T{0.25} : T{1};
    }

    // --- walking ------------------------------------------------------------------------------

    template <typename F>
    void for_item_runs(const Team& team, const F& body) const {
        const std::size_t step = rows_per_block(columns());
        team.for_each((rows() + step - 1) / step, [&](std::size_t block) {
            for_runs(block * step, std::min(rows(), (block + 1) * step), columns(), adjoining_,
                     body);
        });
    }

    std::uint8_t* pixels(std::size_t item, std::size_t row, std::size_t column) const {
        return picture_->at(item, row) + column * picture_->channels;
    }

    // --- colours --------------------------------------------------------------------------------

    void color(std::size_t item, T* map, const Team& team) {
        Scale<T> scales[kMaxPictureChannels];
        fit_scales(map, planes_, plane_, plan_.normalization, scales, team);
        if (plan_.paint == Paint::kChannels) {
            if (picture_ != nullptr) paint_channels(item, map, scales, team);
        } else if (plan_.table.entries() <= 256) {
            paint_table<std::uint8_t>(item, map, scales[0], team);
        } else {
            paint_table<std::uint16_t>(item, map, scales[0], team);
        }
        if (values_ == nullptr) return;
        for (std::size_t c = 0; c < planes_; ++c) {
            T* plane = map + c * plane_;
            apply_scale(plane, plane_, scales[c], plane, team);
            store_channel(plane, *values_, item, c, team);
        }
    }

    template <typename Entry>
    void paint_table(std::size_t item, const T* map, Scale<T> scale, const Team& team) {
        if (plan_.normalization == Normalization::kUnnormalized) scale.prescale = batch_prescale();
        const Limits<T> limits = limits_of(plan_, map, plane_, scale, batch_max_, team);
        const EntryMap<T> to_entries(scale, limits, plan_.table.entries());
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
                paint_colors(entries, count, table, pixels(item, row, column));
            });
        }
    }

    template <typename Entry, typename F>
    void overlay_bytes(std::size_t item, const Team& team, const F& entries_of) const {
        if (picture_ == nullptr) return;
        const ImageReader reader(*image_, item);
        const ColorPlanes table = plan_.table.planes();
        for_item_runs(team, [&](std::size_t row, std::size_t column, std::size_t count) {
            Entry entries[kRun];
            std::uint8_t planes[kMaxPictureChannels][kRun];
            entries_of(row, column, count, entries);
            paint_overlay(entries, reader.bytes(row, column, count, planes), table,
                          plan_.image_table, pixels(item, row, column));
        });
    }

    template <typename Entry, typename F>
    void overlay_numbers(std::size_t item, const Team& team, const F& entries_of) {
        const T gain = static_cast<T>(255.0 * (1.0 - plan_.overlay_opacity));
        for_image_runs(item, team, [&](std::size_t row, std::size_t column, NumberRun<T>& x01) {
            if (picture_ == nullptr) return;  // the image is read all the same, for its faults
            Entry entries[kRun];
            entries_of(row, column, x01.count, entries);
            BytePlanes bytes(x01.count, x01.channels == 4 ? 4 : 3);
            for (std::size_t c = 0; c < 3; ++c) {
                blend_run(x01.planes[x01.channels == 1 ? 0 : c], entries, x01.count, gain,
                          plan_.table.share(c), bytes.planes[c]);
            }
            if (x01.channels == 4) {
                bytes_run(x01.planes[3], x01.count, Limits<T>{}, bytes.planes[3]);
            }
            join_planes(bytes.run(), pixels(item, row, column));
        });
    }

    void paint_channels(std::size_t item, const T* map, const Scale<T>* scales,
                        const Team& team) const {
        const Limits<T> limits = plan_.limits_given ? given_limits<T>(plan_) : Limits<T>{};
        for_item_runs(team, [&](std::size_t row, std::size_t column, std::size_t count) {
            BytePlanes bytes(count, planes_);
            T normalized[kRun];
            for (std::size_t c = 0; c < planes_; ++c) {
                const T* run = map + c * plane_ + row * columns() + column;
                apply_scale(run, count, scales[c], normalized, Team(1));
                bytes_run(normalized, count, limits, bytes.planes[c]);
            }
            join_planes(bytes.run(), pixels(item, row, column));
        });
    }

    // --- masks ----------------------------------------------------------------------------------

    void mask(std::size_t item, T* map, Workspace& workspace, const Team& team) {
        if (plan_.opacity == Opacity::kMap) {
            Scale<T> scale;
            fit_scales(map, 1, planes_ * plane_, Normalization::kZeroOne, &scale, team);
            mask_numbers(
                item, team,
                [&](const T* run, std::size_t count, T* opacity) {
                    apply_scale(run, count, scale, opacity, Team(1));
                },
                map);
            return;
        }
        const T limit = mask_limit(map, planes_ * plane_, plan_.sign == Sign::kPositive,
                                   plan_.threshold, workspace.take<T>(planes_ * plane_), team);
        if (byte_image_ && picture_ != nullptr) mask_bytes(item, map, limit, team);
        if (byte_image_ && values_ == nullptr) return;
        const T masked = static_cast<T>(plan_.masked_opacity);
        mask_numbers(
            item, team,
            [&](const T* run, std::size_t count, T* opacity) {
                mask_above(run, count, limit, masked, opacity, Team(1));
            },
            map);
    }

    // Which of the map's planes decides over an image channel; none over the colours of an image
    // with alpha, if there is one for all.
    static constexpr std::size_t kNoPlane = ~std::size_t{0};
    std::size_t plane_for(std::size_t channel) const {
        if (planes_ > 1) return channel;
        return image_->shape.channels == 4 && channel < 3 ? kNoPlane : 0;
    }

    void mask_bytes(std::size_t item, const T* map, T limit, const Team& team) const {
        const ImageReader reader(*image_, item);
        for_item_runs(team, [&](std::size_t row, std::size_t column, std::size_t count) {
            std::uint8_t above[kMaxPictureChannels][kRun];
            const std::uint8_t* masks[kMaxPictureChannels] = {};
            for (std::size_t p = 0; p < planes_; ++p) {
                above_run(map + p * plane_ + row * columns() + column, count, limit, above[p]);
            }
            for (std::size_t c = 0; c < image_->shape.channels; ++c) {
                masks[c] = plane_for(c) == kNoPlane ? nullptr : above[plane_for(c)];
            }
            std::uint8_t planes[kMaxPictureChannels][kRun];
            paint_mask(masks, reader.bytes(row, column, count, planes), plan_.image_table,
                       pixels(item, row, column));
        });
    }

    // Opacity times image as numbers. opacity_of(map run, count, out) makes the opacity.
    template <typename F>
    void mask_numbers(std::size_t item, const Team& team, const F& opacity_of, const T* map) {
        // A byte image's picture was made from its bytes, unless the map itself is the opacity.
        const bool paint =
            picture_ != nullptr && !(byte_image_ && plan_.opacity == Opacity::kPercentile);
        for_image_runs(item, team, [&](std::size_t row, std::size_t column, NumberRun<T>& run) {
            T opacity[kRun];
            BytePlanes bytes(run.count, run.channels);
            for (std::size_t c = 0; c < run.channels; ++c) {
                T* x = run.planes[c];
                if (plane_for(c) != kNoPlane) {
                    if (c == 0 || planes_ > 1 || run.channels == 4) {
                        opacity_of(map + plane_for(c) * plane_ + row * columns() + column,
                                   run.count, opacity);
                    }
                    multiply_run(opacity, x, run.count, x);
                }
                if (values_ != nullptr) {
                    const std::ptrdiff_t stride = values_->strides.column;
                    store_run(
                        x, run.count,
                        values_->at(item, c, row) + static_cast<std::ptrdiff_t>(column) * stride,
                        stride);
                }
                if (paint) bytes_run(x, run.count, Limits<T>{}, bytes.planes[c]);
            }
            if (paint) join_planes(bytes.run(), pixels(item, row, column));
        });
    }

    // --- images ---------------------------------------------------------------------------------

    template <typename F>
    void for_image_runs(std::size_t item, const Team& team, const F& body) {
        const ImageReader reader(*image_, item);
        const ImageScale<T> scale =
            plan_.image_range_given
                ? ImageScale<T>{T{1}, static_cast<T>(plan_.image_low),
                                static_cast<T>(plan_.image_high - plan_.image_low)}
                : reader.own_scale<T>(team);
        std::atomic<std::size_t> bad{0};
        for_item_runs(team, [&](std::size_t row, std::size_t column, std::size_t count) {
            NumberRun<T> run;
            run.count = count;
            run.channels = image_->shape.channels;
            const std::size_t found = reader.numbers(row, column, count, run.planes);
            if (found != 0) bad.fetch_add(found, std::memory_order_relaxed);
            for (std::size_t c = 0; c < run.channels; ++c) {
                scale_image_run(run.planes[c], count, scale);
            }
            body(row, column, run);
        });
        bad_image_.record(item, bad.load());
    }

    const RenderPlan& plan_;
    const SourceView& attributions_;
    const SourceView* image_;
    const BatchView<T>* values_;
    const PictureView* picture_;
    const Shape shape_;  // of the maps as they are drawn
    const BilinearResize<T> resize_;
    const GaussianBlur<T> blur_;
    const std::size_t planes_;
    const std::size_t plane_;
    const bool byte_image_;  // uint8 with the tables at hand
    const bool adjoining_;   // rows of everything but the attributions follow one another
    T batch_max_ = 0;
    NonFiniteLog bad_attributions_;
    NonFiniteLog bad_image_;
};

}  // namespace

void RenderPlan::prepare() {
    if (paint == Paint::kOverlay) table.prepare_overlay(overlay_opacity);
    if (!image_range_given || (paint != Paint::kOverlay && paint != Paint::kMask)) return;
    image_table = ImageTable(image_low, image_high, overlay_opacity, masked_opacity);
    if (paint == Paint::kOverlay) table.prepare_overlay(overlay_opacity, image_table);
}

std::size_t picture_channels(const RenderPlan& plan, std::size_t attribution_channels,
                             std::size_t image_channels) {
    const bool from_image = plan.paint == Paint::kOverlay || plan.paint == Paint::kMask;
    const bool from_map = plan.paint == Paint::kChannels;
    const std::size_t deciding = from_image ? image_channels : attribution_channels;
    return (from_image || from_map) && deciding == 4 ? 4 : 3;
}

Shape drawn_shape(const RenderPlan& plan, const Shape& attributions, const Shape* image) {
    Shape shape = attributions;
    if (plan.upsample != Upsample::kNone && image != nullptr) {
        shape.rows = image->rows;
        shape.columns = image->columns;
    }
    return shape;
}

template <typename T>
RenderFault render(const RenderPlan& plan, const SourceView& attributions, const SourceView* image,
                   const BatchView<T>* values, const PictureView* picture, int n_threads) {
    return Renderer<T>(plan, attributions, image, values, picture).run(n_threads);
}

template RenderFault render(const RenderPlan&, const SourceView&, const SourceView*,
                            const BatchView<float>*, const PictureView*, int);
template RenderFault render(const RenderPlan&, const SourceView&, const SourceView*,
                            const BatchView<double>*, const PictureView*, int);

}  // namespace hotcold
