// One pass per item: load (reduce) -> upsample -> blur -> sign -> normalise -> paint. The map lives
// in the thread's scratch from the first step to the last (196 KiB for 224x224 float, inside L2);
// image rows are read, scaled and blended a short run at a time. Memory traffic per pixel: the
// attributions and the image once in, the picture once out.
//
// Here: the batch is walked and maps are made ready for painting.
#include "kernels/render/render.hpp"

#include <algorithm>
#include <mutex>

#include "kernels/render/renderer.hpp"

namespace hotcold {
namespace {

// Without a resize any will do.
Interpolation interpolation_of(Upsample upsample) {
    if (upsample == Upsample::kNearest) return Interpolation::kNearest;
    return upsample == Upsample::kBicubic ? Interpolation::kBicubic : Interpolation::kBilinear;
}

}  // namespace

template <typename T>
Renderer<T>::Renderer(const RenderPlan& plan, const SourceView& attributions,
                      const SourceView* image, const BatchView<T>* values,
                      const PictureView* picture)
    : plan_(plan),
      attributions_(attributions),
      image_(image),
      values_(values),
      picture_(picture),
      shape_(drawn_shape(plan, attributions.shape, image == nullptr ? nullptr : &image->shape)),
      resize_(attributions.shape, shape_, interpolation_of(plan.upsample)),
      blur_(shape_.rows, shape_.columns, plan.sigma_y, plan.sigma_x, plan.accuracy),
      planes_(plan.reduction != Reduction::kNone ? 1 : attributions.shape.channels),
      plane_(shape_.plane()),
      byte_image_(image != nullptr && image->type == ScalarType::kUint8 && plan.image_range_given &&
                  (image->shape.channels != 4 || plan.image_table.identity) &&
                  (plan.paint != Paint::kOverlay || !plan.table.is_translucent())),
      adjoining_((picture == nullptr ||
                  picture->row_stride ==
                      static_cast<std::ptrdiff_t>(picture->channels * shape_.columns)) &&
                 (image == nullptr || rows_adjoin(image->shape, image->strides)) &&
                 (values == nullptr || rows_adjoin(values->shape, values->strides))) {}

template <typename T>
RenderFault Renderer<T>::run(int n_threads) {
    step_ = static_cast<std::size_t>(std::max(1, n_threads));
    if (needs_batch_limits()) find_batch_limits(n_threads);
    for_each_item(attributions_.shape.items, elements_per_item(), workspace_bytes(), n_threads,
                  [&](std::size_t item, Workspace& workspace, const Team& team) {
                      draw(item, workspace, team);
                  });
    return fault();
}

template <typename T>
void Renderer<T>::run_each(const ItemDone& done, int n_threads) {
    if (needs_batch_limits()) find_batch_limits(n_threads);
    const Team team(elements_per_item() < kSerialElements ? 1 : n_threads);
    bool wanted = true;
    for (std::size_t item = 0; wanted && item < attributions_.shape.items; ++item) {
        check_interrupt();
        {
            Workspace workspace(workspace_bytes());
            draw(item, workspace, team);
        }
        wanted = done(item, fault());
        bad_attributions_.clear();
        bad_image_.clear();
    }
}

template <typename T>
RenderFault Renderer<T>::fault() const {
    if (plan_.nonfinite != NonFinitePolicy::kRaise) return {};
    return {bad_attributions_.first(), bad_image_.first()};
}

template <typename T>
void Renderer<T>::draw(std::size_t item, Workspace& workspace, const Team& team) {
    T* map = workspace.take<T>(planes_ * plane_);
    Missing missing;
    const std::size_t bad = prepare(item, map, workspace, team, missing);
    bad_attributions_.record(item, bad);
    if (bad != 0 && plan_.nonfinite == NonFinitePolicy::kRaise) return;
    if (plan_.paint == Paint::kMask) {
        mask(item, map, missing, workspace, team);
    } else {
        color(item, map, missing, team);
    }
}

template <typename T>
std::size_t Renderer<T>::workspace_bytes() const {
    return 2 * Workspace::bytes_for<T>(planes_ * plane_) +
           Workspace::bytes_for<std::byte>(blur_.workspace_bytes()) + small_bytes();
}

// What a map of the attributions' own size takes before it is enlarged.
template <typename T>
std::size_t Renderer<T>::small_bytes() const {
    if (resize_.is_identity()) return 0;
    return Workspace::bytes_for<T>(planes_ * attributions_.shape.plane()) +
           Workspace::bytes_for<std::byte>(resize_.workspace_bytes());
}

template <typename T>
typename Renderer<T>::Scratch Renderer<T>::take_scratch(Workspace& workspace) const {
    Scratch scratch;
    if (!resize_.is_identity()) {
        scratch.small = workspace.take<T>(planes_ * attributions_.shape.plane());
        scratch.resize = workspace.take<std::byte>(resize_.workspace_bytes());
    }
    scratch.blur = workspace.take<std::byte>(blur_.workspace_bytes());
    return scratch;
}

// Load, reduce and upsample.
template <typename T>
std::size_t Renderer<T>::load_drawn(std::size_t item, T* map, const Scratch& scratch,
                                    const Team& team) const {
    const std::size_t small_plane = attributions_.shape.plane();
    std::size_t bad = 0;
    for (std::size_t c = 0; c < planes_; ++c) {
        T* const small = scratch.small + c * small_plane;
        bad += plane_of(item, c).read(small, team);
        resize_.apply(small, map + c * plane_, scratch.resize, team);
    }
    return bad;
}

// A plane of the attributions as it is read; past the last one of an item, the first of the item
// that the same thread takes next.
template <typename T>
PlaneReader<T> Renderer<T>::plane_of(std::size_t item, std::size_t plane) const {
    const std::size_t last = attributions_.shape.items - 1;
    if (plane == planes_) return plane_of(std::min(item + step_, last), 0);
    if (plan_.reduction != Reduction::kNone) {
        return PlaneReader<T>::reduced(attributions_, item, plan_.reduction);
    }
    return PlaneReader<T>::channel(attributions_, item, plane);
}

// Load, reduce, upsample, blur, sign. Returns how many values were not finite.
template <typename T>
std::size_t Renderer<T>::prepare(std::size_t item, T* map, Workspace& workspace, const Team& team,
                                 Missing& missing) const {
    const Scratch scratch = take_scratch(workspace);
    std::size_t bad = 0;
    if (!resize_.is_identity()) bad = load_drawn(item, map, scratch, team);
    for (std::size_t c = 0; c < planes_; ++c) {
        T* const plane = map + c * plane_;
        if (resize_.is_identity()) {
            const PlaneReader<T> next = plane_of(item, c + 1);
            bad += blur_.apply(plane_of(item, c), &next, plane, scratch.blur, team);
        } else {
            blur_.apply(plane, scratch.blur, team);
        }
    }
    if (bad != 0 && plan_.nonfinite != NonFinitePolicy::kRaise) {
        load_around_missing(item, map, scratch, team, missing);
    }
    // mask_limit() clips in its own way.
    const bool later = plan_.paint == Paint::kMask && plan_.opacity == Opacity::kPercentile;
    if (plan_.sign == Sign::kPositive && !later) clip_negative(map, planes_ * plane_, team);
    return bad;
}

template <typename T>
bool Renderer<T>::needs_batch_limits() const {
    return picture_ != nullptr && !plan_.limits_given &&
           plan_.normalization == Normalization::kUnnormalized &&
           (plan_.paint == Paint::kTable || plan_.paint == Paint::kOverlay);
}

// The only limits that items share. The maps are prepared twice rather than kept: a batch of
// them may be larger than memory.
template <typename T>
void Renderer<T>::find_batch_limits(int n_threads) {
    std::mutex mutex;
    for_each_item(attributions_.shape.items, elements_per_item(), workspace_bytes(), n_threads,
                  [&](std::size_t item, Workspace& workspace, const Team& team) {
                      T* map = workspace.take<T>(planes_ * plane_);
                      Missing missing;
                      prepare(item, map, workspace, team, missing);
                      if (!missing.empty()) fill_missing(map, missing, T{0});
                      const T largest = extremes(map, planes_ * plane_, team).magnitude();
                      const std::lock_guard<std::mutex> lock(mutex);
                      batch_max_ = std::max(batch_max_, largest);
                  });
}

void RenderPlan::prepare() {
    if (paint == Paint::kOverlay) table.prepare_overlay(overlay_opacity);
    if (!image_range_given || (paint != Paint::kOverlay && paint != Paint::kMask)) return;
    image_table = ImageTable(image_low, image_high, overlay_opacity, masked_opacity);
    if (paint == Paint::kOverlay) table.prepare_overlay(overlay_opacity, image_table);
}

std::size_t picture_channels(const RenderPlan& plan, std::size_t attribution_channels,
                             std::size_t image_channels) {
    const bool hides = plan.nonfinite == NonFinitePolicy::kTransparent;
    switch (plan.paint) {
        case Paint::kTable:
            return hides || plan.table.is_translucent() ? 4 : 3;
        case Paint::kChannels:
            return hides || attribution_channels == 4 ? 4 : 3;
        default:
            return image_channels == 4 ? 4 : 3;
    }
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

template <typename T>
void render_each(const RenderPlan& plan, const SourceView& attributions, const SourceView* image,
                 std::uint8_t* pixels, std::size_t channels, const ItemDone& done, int n_threads) {
    const Shape* image_shape = image == nullptr ? nullptr : &image->shape;
    PictureView picture;  // the distances between items stay 0: all lie at one place
    picture.data = pixels;
    picture.channels = channels;
    picture.row_stride = static_cast<std::ptrdiff_t>(
        channels * drawn_shape(plan, attributions.shape, image_shape).columns);
    Renderer<T>(plan, attributions, image, nullptr, &picture).run_each(done, n_threads);
}

template RenderFault render(const RenderPlan&, const SourceView&, const SourceView*,
                            const BatchView<float>*, const PictureView*, int);
template RenderFault render(const RenderPlan&, const SourceView&, const SourceView*,
                            const BatchView<double>*, const PictureView*, int);
template void render_each<float>(const RenderPlan&, const SourceView&, const SourceView*,
                                 std::uint8_t*, std::size_t, const ItemDone&, int);
template void render_each<double>(const RenderPlan&, const SourceView&, const SourceView*,
                                  std::uint8_t*, std::size_t, const ItemDone&, int);

}  // namespace hotcold
