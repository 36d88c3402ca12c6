// One pass per item: load (reduce) -> blur -> sign -> normalise -> paint. The map lives in the
// thread's scratch from the first step to the last (196 KiB for 224x224 float, inside L2); image
// rows are read, scaled and blended a short run at a time. Memory traffic per pixel: the
// attributions and the image once in, the picture once out.
#include "kernels/render.hpp"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <limits>

#include "kernels/batch.hpp"
#include "kernels/load.hpp"
#include "kernels/percentile.hpp"

namespace hotcold {
namespace {

// Pixels handled between reading image values and writing bytes; fits the stack and L1.
constexpr std::size_t kRun = 512;

// Reads a run of one image row as T, all channels, and tells how many values were not finite.
template <typename T>
class ImageReader {
  public:
    ImageReader(const SourceView& image, std::size_t item) : image_(image), item_(item) {}

    std::size_t read(std::size_t row, std::size_t column, std::size_t count,
                     T (&planes)[kMaxPictureChannels][kRun]) const {
        SourceView shifted = image_;
        shifted.shape.rows = 1;
        shifted.shape.columns = count;
        const std::byte* data = static_cast<const std::byte*>(image_.at(item_, 0, row));
        const auto size = static_cast<std::ptrdiff_t>(image_.item_size);
        shifted.data = data + static_cast<std::ptrdiff_t>(column) * image_.strides.column * size;
        std::size_t bad = 0;
        for (std::size_t c = 0; c < image_.shape.channels; ++c) {
            bad += load_channel(shifted, 0, c, planes[c], Team(1));
        }
        return bad;
    }

  private:
    const SourceView& image_;
    std::size_t item_;
};

// Calls body(row, column, count) over the runs of rows [first, last).
template <typename F>
void for_runs(std::size_t first, std::size_t last, std::size_t columns, const F& body) {
    for (std::size_t row = first; row < last; ++row) {
        for (std::size_t column = 0; column < columns; column += kRun) {
            body(row, column, std::min(kRun, columns - column));
        }
    }
}

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
          blur_(attributions.shape.rows, attributions.shape.columns, plan.sigma_y, plan.sigma_x,
                plan.accuracy),
          planes_(plan.reduction == Reduction::kMean ? 1 : attributions.shape.channels),
          plane_(attributions.shape.plane()) {}

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
    std::size_t blocks() const { return (rows() + block_rows() - 1) / block_rows(); }
    std::size_t block_rows() const { return rows_per_block(columns()); }
    std::size_t rows() const { return attributions_.shape.rows; }
    std::size_t columns() const { return attributions_.shape.columns; }

    std::size_t workspace_bytes() const {
        return 2 * Workspace::bytes_for<T>(planes_ * plane_) +
               Workspace::bytes_for<std::byte>(blur_.workspace_bytes()) +
               Workspace::bytes_for<Scale<T>>(planes_);
    }

    // Load, reduce, blur, sign. Returns how many values were not finite.
    std::size_t prepare(std::size_t item, T* map, Workspace& workspace, const Team& team) const {
        std::size_t bad = 0;
        if (plan_.reduction == Reduction::kMean) {
            bad = load_mean(attributions_, item, map, team);
        } else {
            for (std::size_t c = 0; c < planes_; ++c) {
                bad += load_channel(attributions_, item, c, map + c * plane_, team);
            }
        }
        if (!blur_.is_identity()) {
            std::byte* scratch = workspace.take<std::byte>(blur_.workspace_bytes());
            for (std::size_t c = 0; c < planes_; ++c) blur_.apply(map + c * plane_, scratch, team);
        }
        if (plan_.sign == Sign::kPositive) clip_negative(map, planes_ * plane_, team);
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
                          const T largest = max_abs(map, planes_ * plane_, team);
                          const std::lock_guard<std::mutex> lock(mutex);
                          batch_max_ = std::max(batch_max_, largest);
                      });
    }

    // Keeps twice the largest value finite; 1 but for maps near the type's end.
    T batch_prescale() const {
        return batch_max_ > std::numeric_limits<T>::max() / 4 ? T{0.25} : T{1};
    }

    // Around zero, which stays in the middle also when everything is zero.
    static Limits<T> symmetric_limits(T largest) { return {-largest, largest + largest, T{0.5}}; }

    Limits<T> limits_for(const T* map, const Team& team) const {
        if (plan_.limits_given) {
            return {static_cast<T>(plan_.limit_low),
                    static_cast<T>(plan_.limit_high - plan_.limit_low), T{0}};
        }
        switch (plan_.normalization) {
            case Normalization::kUnsignedMax:
            case Normalization::kSignedMax:
                return {T{-1}, T{2}, T{0}};
            case Normalization::kMagnitudeSum:
                return {T{0}, max_abs(map, planes_ * plane_, team), T{0}};
            case Normalization::kSignedSum:
                return symmetric_limits(max_abs(map, planes_ * plane_, team));
            case Normalization::kUnnormalized:
                return symmetric_limits(batch_max_ * batch_prescale());
            default:
                return {T{0}, T{1}, T{0}};
        }
    }

    // --- image --------------------------------------------------------------------------------

    ImageScale<T> image_scale(std::size_t item) {
        if (plan_.image_range_given) {
            return {T{1}, static_cast<T>(plan_.image_low),
                    static_cast<T>(plan_.image_high - plan_.image_low)};
        }
        const ImageReader<T> reader(*image_, item);
        T low = std::numeric_limits<T>::max();
        T high = std::numeric_limits<T>::lowest();
        T planes[kMaxPictureChannels][kRun];
        for_runs(0, rows(), columns(), [&](std::size_t row, std::size_t column, std::size_t count) {
            reader.read(row, column, count, planes);
            for (std::size_t c = 0; c < image_->shape.channels; ++c) {
                for (std::size_t i = 0; i < count; ++i) {
                    low = std::min(low, planes[c][i]);
                    high = std::max(high, planes[c][i]);
                }
            }
        });
        // The same rule as the `01` normalization, which also keeps the largest numbers finite.
        const T ends[2] = {low, high};
        Scale<T> scale;
        fit_scales(ends, 1, 2, Normalization::kZeroOne, &scale, Team(1));
        return {scale.prescale, scale.low, scale.positive_divisor};
    }

    // --- painting -----------------------------------------------------------------------------

    void color(std::size_t item, T* map, const Team& team) {
        normalize_in_place(map, plan_.normalization, team);
        if (values_ != nullptr) {
            for (std::size_t c = 0; c < planes_; ++c) {
                store_channel(map + c * plane_, *values_, item, c, team);
            }
        }
        if (batch_prescale() != T{1}) {
            Scale<T> shrink;
            shrink.prescale = batch_prescale();
            apply_scale(map, planes_ * plane_, shrink, team);
        }
        if (plan_.paint == Paint::kOverlay) {
            overlay(item, map, team);
            return;
        }
        if (picture_ == nullptr) return;
        const Limits<T> limits =
            plan_.paint == Paint::kTable ? limits_for(map, team) : channel_limits();
        team.for_each(blocks(), [&](std::size_t block) {
            for_runs(block * block_rows(), std::min(rows(), (block + 1) * block_rows()), columns(),
                     [&](std::size_t row, std::size_t column, std::size_t count) {
                         std::uint8_t* out = picture_->at(item, row) + column * picture_->channels;
                         const T* run = map + row * columns() + column;
                         if (plan_.paint == Paint::kTable) {
                             color_run(run, count, limits, plan_.table, picture_->channels, out);
                         } else {
                             PixelRun<T> pixels;
                             pixels.count = count;
                             pixels.n_channels = planes_;
                             for (std::size_t c = 0; c < planes_; ++c) {
                                 pixels.channels[c] = run + c * plane_;
                             }
                             channels_run(pixels, limits, out);
                         }
                     });
        });
    }

    Limits<T> channel_limits() const {
        if (!plan_.limits_given) return {T{0}, T{1}, T{0}};
        return {static_cast<T>(plan_.limit_low), static_cast<T>(plan_.limit_high - plan_.limit_low),
                T{0}};
    }

    void overlay(std::size_t item, const T* map, const Team& team) {
        const Limits<T> limits = limits_for(map, team);
        paint_image(item, team,
                    [&](std::size_t row, std::size_t column, PixelRun<T>& image,
                        T(&)[kMaxPictureChannels][kRun]) {
                        if (picture_ == nullptr) return;  // the image is still read, for its faults
                        overlay_run(map + row * columns() + column, image, limits, plan_.table,
                                    plan_.overlay_opacity,
                                    picture_->at(item, row) + column * picture_->channels);
                    });
    }

    void mask(std::size_t item, T* map, Workspace& workspace, const Team& team) {
        normalize_in_place(map, Normalization::kZeroOne, team);
        if (plan_.opacity == Opacity::kPercentile) {
            T* scratch = workspace.take<T>(planes_ * plane_);
            const T limit =
                interpolate(percentile_neighbours(map, planes_ * plane_, plan_.threshold, scratch));
            mask_above(map, planes_ * plane_, limit, static_cast<T>(plan_.masked_opacity), map,
                       team);
        }
        const std::size_t channels = image_->shape.channels;
        const bool alpha_only = channels == 4 && planes_ == 1;
        paint_image(item, team,
                    [&](std::size_t row, std::size_t column, PixelRun<T>& image,
                        T(&planes)[kMaxPictureChannels][kRun]) {
                        const T* opacity = map + row * columns() + column;
                        for (std::size_t c = alpha_only ? 3 : 0; c < channels; ++c) {
                            multiply_run(opacity + (planes_ == 1 ? 0 : c * plane_), planes[c],
                                         image.count, planes[c]);
                        }
                        if (values_ != nullptr) {
                            for (std::size_t c = 0; c < channels; ++c) {
                                const std::ptrdiff_t stride = values_->strides.column;
                                store_run(planes[c], image.count,
                                          values_->at(item, c, row) +
                                              static_cast<std::ptrdiff_t>(column) * stride,
                                          stride);
                            }
                        }
                        if (picture_ != nullptr) {
                            channels_run(image, Limits<T>{},
                                         picture_->at(item, row) + column * picture_->channels);
                        }
                    });
    }

    // Walks the image in runs of x01 and hands each to body(row, column, run, planes).
    template <typename F>
    void paint_image(std::size_t item, const Team& team, const F& body) {
        const ImageScale<T> scale = image_scale(item);
        const ImageReader<T> reader(*image_, item);
        std::atomic<std::size_t> bad{0};
        team.for_each(blocks(), [&](std::size_t block) {
            T planes[kMaxPictureChannels][kRun];
            PixelRun<T> run;
            run.n_channels = image_->shape.channels;
            for (std::size_t c = 0; c < run.n_channels; ++c) run.channels[c] = planes[c];
            for_runs(block * block_rows(), std::min(rows(), (block + 1) * block_rows()), columns(),
                     [&](std::size_t row, std::size_t column, std::size_t count) {
                         bad += reader.read(row, column, count, planes);
                         run.count = count;
                         for (std::size_t c = 0; c < run.n_channels; ++c) {
                             scale_image_run(planes[c], count, scale);
                         }
                         body(row, column, run, planes);
                     });
        });
        bad_image_.record(item, bad);
    }

    void normalize_in_place(T* map, Normalization mode, const Team& team) const {
        Scale<T> scales[kMaxScales];
        assert(planes_ <= kMaxScales);
        fit_scales(map, planes_, plane_, mode, scales, team);
        for (std::size_t c = 0; c < planes_; ++c) {
            apply_scale(map + c * plane_, plane_, scales[c], team);
        }
    }

    static constexpr std::size_t kMaxScales = kMaxPictureChannels;

    const RenderPlan& plan_;
    const SourceView& attributions_;
    const SourceView* image_;
    const BatchView<T>* values_;
    const PictureView* picture_;
    const GaussianBlur<T> blur_;
    const std::size_t planes_;
    const std::size_t plane_;
    T batch_max_ = 0;
    NonFiniteLog bad_attributions_;
    NonFiniteLog bad_image_;
};

}  // namespace

std::size_t picture_channels(const RenderPlan& plan, std::size_t attribution_channels,
                             std::size_t image_channels) {
    const bool from_image = plan.paint == Paint::kOverlay || plan.paint == Paint::kMask;
    const bool from_map = plan.paint == Paint::kChannels;
    const std::size_t deciding = from_image ? image_channels : attribution_channels;
    return (from_image || from_map) && deciding == 4 ? 4 : 3;
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
