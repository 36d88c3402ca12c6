#include "kernels/render/map_steps.hpp"

#include <algorithm>
#include <cstdint>

#include "kernels/blur/gaussian_blur.hpp"
#include "kernels/geometry/resize.hpp"
#include "kernels/load/missing.hpp"
#include "kernels/load/plane_reader.hpp"
#include "kernels/normalize/normalize.hpp"
#include "kernels/percentile/clip.hpp"
#include "kernels/render/missing_values.hpp"
#include "kernels/render/painter.hpp"

namespace hotcold {
namespace {

// Without a resize any will do.
Interpolation interpolation_of(Upsample upsample) {
    if (upsample == Upsample::kNearest) return Interpolation::kNearest;
    return upsample == Upsample::kBicubic ? Interpolation::kBicubic : Interpolation::kBilinear;
}

// The planes of the attributions as they are read: channels, or what they are reduced to.
template <typename T>
class MapPlanes {
  public:
    MapPlanes(const RenderPlan& plan, const SourceView& attributions, std::size_t stride)
        : attributions_(attributions),
          reduction_(plan.reduction),
          keeps_missing_(plan.nonfinite != NonFinitePolicy::kRaise),
          stride_(stride) {}

    const Shape& shape() const { return attributions_.shape; }
    std::size_t count() const { return is_reduced() ? 1 : shape().channels; }
    // Whether numbers that are not finite are to be flagged.
    bool keeps_missing() const { return keeps_missing_; }

    PlaneReader<T> of(std::size_t item, std::size_t plane) const {
        return is_reduced() ? PlaneReader<T>::reduced(attributions_, item, reduction_)
                            : PlaneReader<T>::channel(attributions_, item, plane);
    }

    // What the same thread reads after a plane: the item's next, or the next item's first.
    PlaneReader<T> after(std::size_t item, std::size_t plane) const {
        if (plane + 1 < count()) return of(item, plane + 1);
        return of(std::min(item + stride_, shape().items - 1), 0);
    }

    // Sets to 0 what is missing of a plane that was read, in one channel or all, and flags it.
    void zero_missing(std::size_t item, std::size_t plane, T* values, std::uint8_t* flags) const {
        for (std::size_t k = 0; k < (is_reduced() ? shape().channels : 1); ++k) {
            mark_missing(attributions_, item, is_reduced() ? k : plane, flags);
        }
        for (std::size_t i = 0; i < shape().plane(); ++i) {
            if (flags[i] != 0) values[i] = T{0};
        }
    }

  private:
    bool is_reduced() const { return reduction_ != Reduction::kNone; }

    const SourceView& attributions_;
    Reduction reduction_;
    bool keeps_missing_;
    std::size_t stride_;
};

// Load, reduce and blur: the blur reads the attributions themselves.
template <typename T>
class LoadBlurred final : public MapStep<T> {
  public:
    LoadBlurred(const RenderPlan& plan, const MapPlanes<T>& planes, const Shape& map)
        : planes_(planes),
          plane_(map.plane()),
          blur_(map.rows, map.columns, plan.sigma_y, plan.sigma_x, plan.accuracy) {}

    std::size_t workspace_bytes() const override {
        return Workspace::bytes_for<std::byte>(blur_.workspace_bytes());
    }

    std::size_t apply(MapItem<T>& item) const override {
        auto* scratch = item.workspace.template take<std::byte>(blur_.workspace_bytes());
        std::size_t bad = 0;
        for (std::size_t c = 0; c < planes_.count(); ++c) {
            const PlaneReader<T> next = planes_.after(item.index, c);
            bad += blur_.apply(planes_.of(item.index, c), &next, item.map + c * plane_, scratch,
                               item.team);
        }
        if (bad != 0 && planes_.keeps_missing()) apply_around_missing(item, scratch);
        return bad;
    }

  private:
    // Once more, with what is missing as 0 before the blur.
    void apply_around_missing(MapItem<T>& item, std::byte* scratch) const {
        item.missing.assign(planes_.count() * plane_, 0);
        for (std::size_t c = 0; c < planes_.count(); ++c) {
            T* const plane = item.map + c * plane_;
            planes_.of(item.index, c).read(plane, item.team);
            planes_.zero_missing(item.index, c, plane, item.missing.data() + c * plane_);
            blur_.apply(plane, scratch, item.team);
        }
    }

    MapPlanes<T> planes_;
    std::size_t plane_;
    GaussianBlur<T> blur_;
};

// Load, reduce and enlarge.
template <typename T>
class LoadResized final : public MapStep<T> {
  public:
    LoadResized(const RenderPlan& plan, const MapPlanes<T>& planes, const Shape& map)
        : planes_(planes),
          map_(map),
          resize_(planes.shape(), map, interpolation_of(plan.upsample)) {}

    std::size_t workspace_bytes() const override {
        return Workspace::bytes_for<T>(planes_.shape().plane()) +
               Workspace::bytes_for<std::byte>(resize_.workspace_bytes());
    }

    std::size_t apply(MapItem<T>& item) const override {
        T* small = item.workspace.template take<T>(planes_.shape().plane());
        auto* scratch = item.workspace.template take<std::byte>(resize_.workspace_bytes());
        std::size_t bad = 0;
        for (std::size_t c = 0; c < planes_.count(); ++c) {
            const std::size_t found = planes_.of(item.index, c).read(small, item.team);
            if (found != 0 && planes_.keeps_missing()) flag_missing(item, c, small);
            bad += found;
            resize_.apply(small, item.map + c * map_.plane(), scratch, item.team);
        }
        return bad;
    }

  private:
    void flag_missing(MapItem<T>& item, std::size_t plane, T* small) const {
        std::vector<std::uint8_t> flags(planes_.shape().plane());
        planes_.zero_missing(item.index, plane, small, flags.data());
        item.missing.resize(planes_.count() * map_.plane());
        mark_nearest(flags.data(), planes_.shape(), map_,
                     item.missing.data() + plane * map_.plane());
    }

    MapPlanes<T> planes_;
    Shape map_;
    Resize<T> resize_;
};

// The blur of a map that has been made.
template <typename T>
class Blur final : public MapStep<T> {
  public:
    Blur(const RenderPlan& plan, const Shape& map)
        : planes_(map.channels),
          plane_(map.plane()),
          blur_(map.rows, map.columns, plan.sigma_y, plan.sigma_x, plan.accuracy) {}

    std::size_t workspace_bytes() const override {
        return Workspace::bytes_for<std::byte>(blur_.workspace_bytes());
    }

    std::size_t apply(MapItem<T>& item) const override {
        auto* scratch = item.workspace.template take<std::byte>(blur_.workspace_bytes());
        for (std::size_t c = 0; c < planes_; ++c) {
            blur_.apply(item.map + c * plane_, scratch, item.team);
        }
        return 0;
    }

  private:
    std::size_t planes_;
    std::size_t plane_;
    GaussianBlur<T> blur_;
};

// What is missing is 0 by now, and stays so.
template <typename T>
class TakeSign final : public MapStep<T> {
  public:
    TakeSign(const RenderPlan& plan, const Shape& map)
        : sign_(plan.sign), count_(map.channels * map.plane()) {}

    std::size_t apply(MapItem<T>& item) const override {
        take_sign(item.map, count_, sign_, item.team);
        return 0;
    }

  private:
    Sign sign_;
    std::size_t count_;
};

// Outliers as the nearest values that are none, found and clipped over all planes of an item.
template <typename T>
class Clip final : public MapStep<T> {
  public:
    Clip(const RenderPlan& plan, const Shape& map)
        : plan_(plan), count_(map.channels * map.plane()) {}

    std::size_t workspace_bytes() const override { return Workspace::bytes_for<T>(2 * count_); }

    std::size_t apply(MapItem<T>& item) const override {
        T* scratch = item.workspace.template take<T>(2 * count_);
        std::vector<T> present;
        if (!item.missing.empty()) present = present_values(item.map, item.missing.data(), count_);
        const T* values = present.empty() ? item.map : present.data();
        const std::size_t count = present.empty() ? count_ : present.size();
        clip_to(
            clip_interval(values, count, plan_.clip_by, plan_.clip_low, plan_.clip_high, scratch),
            item.map, count_, item.team);
        return 0;
    }

  private:
    const RenderPlan& plan_;
    std::size_t count_;
};

// Values beyond a scale that is given, as its ends.
template <typename T>
class ClipToScale final : public MapStep<T> {
  public:
    ClipToScale(const RenderPlan& plan, const Shape& map)
        : interval_{static_cast<T>(plan.extreme_low), static_cast<T>(plan.extreme_high)},
          count_(map.channels * map.plane()) {}

    std::size_t apply(MapItem<T>& item) const override {
        clip_to(interval_, item.map, count_, item.team);
        return 0;
    }

  private:
    ClipInterval<T> interval_;
    std::size_t count_;
};

}  // namespace

template <typename T>
MapSteps<T>::MapSteps(const RenderPlan& plan, const SourceView& attributions, const Shape& map,
                      std::size_t stride) {
    const Shape& from = attributions.shape;
    const MapPlanes<T> planes(plan, attributions, stride);
    if (from.rows == map.rows && from.columns == map.columns) {
        steps_.push_back(std::make_unique<LoadBlurred<T>>(plan, planes, map));
    } else {
        steps_.push_back(std::make_unique<LoadResized<T>>(plan, planes, map));
        steps_.push_back(std::make_unique<Blur<T>>(plan, map));
    }
    const bool clips = plan.clip_by != ClipBy::kNone || plan.extremes_given;
    const bool left =
        plan.sign == Sign::kPositive && plan.painter->clips(plan) && !clips && !plan.has_marks();
    if (plan.sign != Sign::kAll && !left)
        steps_.push_back(std::make_unique<TakeSign<T>>(plan, map));
    if (plan.extremes_given) {
        steps_.push_back(std::make_unique<ClipToScale<T>>(plan, map));
    } else if (clips) {
        steps_.push_back(std::make_unique<Clip<T>>(plan, map));
    }
}

template <typename T>
std::size_t MapSteps<T>::workspace_bytes() const {
    std::size_t bytes = 0;
    for (const auto& step : steps_) bytes += step->workspace_bytes();
    return bytes;
}

template <typename T>
std::size_t MapSteps<T>::apply(MapItem<T>& item) const {
    std::size_t bad = 0;
    for (const auto& step : steps_) bad += step->apply(item);
    return bad;
}

template class MapSteps<float>;
template class MapSteps<double>;

}  // namespace hotcold
