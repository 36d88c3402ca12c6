// One pass per item: the map's steps, then the painter. The map lives in the thread's scratch from
// the first step to the last (196 KiB for 224x224 float, inside L2); image rows are read, scaled
// and blended a short run at a time. Memory traffic per pixel: the attributions and the image once
// in, the picture once out.
#include "kernels/render/render.hpp"

#include <algorithm>
#include <cstdint>
#include <list>
#include <mutex>
#include <vector>

#include "kernels/load/batch.hpp"
#include "kernels/load/missing.hpp"
#include "kernels/normalize/normalize.hpp"
#include "kernels/render/canvas.hpp"
#include "kernels/render/map_steps.hpp"
#include "kernels/render/marks.hpp"
#include "kernels/render/missing_values.hpp"
#include "kernels/render/painter.hpp"

namespace hotcold {
namespace {

const Shape* shape_of(const SourceView* view) { return view == nullptr ? nullptr : &view->shape; }

// Counts for each of the threads that count at the same time; the first are those of the caller.
class RankPool {
  public:
    RankPool(std::size_t bins, const RankCounts& total) : bins_(bins), total_(total) {
        free_.push_back(total);
    }

    // Calls count(RankCounts) with counts that no other thread has.
    template <typename F>
    void use(const F& count) {
        const RankCounts own = take();
        count(own);
        const std::lock_guard<std::mutex> lock(mutex_);
        free_.push_back(own);
    }

    // Adds all to the caller's.
    void add_up() {
        for (const std::vector<std::uint64_t>& part : parts_) {
            for (std::size_t i = 0; i < bins_; ++i) {
                total_.count[i] += part[i];
            }
            for (std::size_t i = 0; has_sums() && i < bins_; ++i) {
                total_.low_sum[i] += part[bins_ + i];
                total_.high_sum[i] += part[2 * bins_ + i];
            }
        }
    }

  private:
    bool has_sums() const { return total_.low_sum != nullptr; }

    RankCounts take() {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (free_.empty()) {
            std::uint64_t* const part = parts_.emplace_back((has_sums() ? 3 : 1) * bins_).data();
            if (!has_sums()) return {part, nullptr, nullptr};
            return {part, part + bins_, part + 2 * bins_};
        }
        const RankCounts own = free_.back();
        free_.pop_back();
        return own;
    }

    std::size_t bins_;
    RankCounts total_;
    std::mutex mutex_;
    std::vector<RankCounts> free_;
    std::list<std::vector<std::uint64_t>> parts_;
};

// What renders one batch.
template <typename T>
class BatchRender {
  public:
    // As for render(), which see; everything must outlive it. `stride`: see MapSteps.
    BatchRender(const RenderPlan& plan, const SourceView& attributions, const SourceView* image,
                const BatchView<T>* values, const PictureView* picture, std::size_t stride,
                ItemExtents* extents = nullptr)
        : plan_(plan),
          attributions_(attributions),
          image_(image),
          map_(plan.map_shape(attributions.shape, shape_of(image))),
          steps_(plan, attributions, map_, stride),
          marks_(plan, map_),
          canvas_(plan, map_, image, values, picture),
          extents_(extents) {}

    RenderFault run(int n_threads) {
        find_limits(n_threads);
        for_each_item(items(), elements_per_item(), workspace_bytes(), n_threads,
                      [&](std::size_t item, Workspace& workspace, const Team& team) {
                          draw(item, workspace, team);
                      });
        return fault();
    }

    // As for render_each(); every item of the picture lies at one place.
    void run_each(const ItemDone& done, int n_threads) {
        find_limits(n_threads);
        const Team team(elements_per_item() < kSerialElements ? 1 : n_threads);
        bool wanted = true;
        for (std::size_t item = 0; wanted && item < items(); ++item) {
            check_interrupt();
            {
                Workspace workspace(workspace_bytes());
                draw(item, workspace, team);
            }
            wanted = done(item, fault());
            bad_attributions_.clear();
            canvas_.bad_image.clear();
        }
    }

    // Calls look(MapItem) for the maps of all items, or of those alone that can be drawn. The maps
    // are made for it and not kept: a batch of them may be larger than memory.
    template <typename F>
    void for_each_map(int n_threads, bool drawable_alone, const F& look) {
        for_each_item(items(), elements_per_item(), workspace_bytes(), n_threads,
                      [&](std::size_t item, Workspace& workspace, const Team& team) {
                          MapItem<T> made = {item, take_map(workspace), workspace, team};
                          const std::size_t bad = steps_.apply(made);
                          const bool skips = drawable_alone && raises();
                          if (skips && (bad != 0 || !image_is_finite(item, team))) return;
                          look(made);
                      });
    }

    // The extent of the values of those items.
    Extent measure_items(int n_threads, bool drawable_alone) {
        Extent all;
        std::mutex mutex;
        for_each_map(n_threads, drawable_alone, [&](const MapItem<T>& made) {
            const Extent found = extent_of(made);
            const std::lock_guard<std::mutex> lock(mutex);
            all = merge(all, found);
        });
        return all;
    }

    void measure_each(Extent* extents, int n_threads) {
        for_each_map(n_threads, true,
                     [&](const MapItem<T>& made) { extents[made.index] = extent_of(made); });
    }

    Extent count_ranks(const RankQuery& query, const RankCounts& counts, int n_threads) {
        RankPool pool(query.prefixes.size() * kRankBins, counts);
        Extent all;
        std::mutex mutex;
        for_each_map(n_threads, true, [&](const MapItem<T>& made) {
            std::vector<T> present;
            const T* values = made.map;
            std::size_t count = map_.channels * map_.plane();
            if (!made.missing.empty()) {
                present = present_values(made.map, made.missing.data(), count);
                values = present.data();
                count = present.size();
            }
            pool.use(
                [&](const RankCounts& own) { hotcold::count_ranks(values, count, query, own); });
            const Extent found = extent_between(extremes(values, count, made.team));
            const std::lock_guard<std::mutex> lock(mutex);
            all = merge(all, found);
        });
        pool.add_up();
        return all;
    }

  private:
    std::size_t items() const { return attributions_.shape.items; }
    std::size_t elements_per_item() const { return map_.plane() * attributions_.shape.channels; }

    T* take_map(Workspace& workspace) const {
        return workspace.take<T>(map_.channels * map_.plane());
    }
    std::size_t workspace_bytes() const {
        const std::size_t scratch = plan_.painter->planes_of_scratch(map_.channels);
        return Workspace::bytes_for<T>(map_.channels * map_.plane()) +
               Workspace::bytes_for<T>(scratch * map_.plane()) + steps_.workspace_bytes() +
               canvas_.background_bytes() + marks_.workspace_bytes();
    }

    // One item from start to end, in a workspace of workspace_bytes().
    void draw(std::size_t item, Workspace& workspace, const Team& team) {
        MapItem<T> made = {item, take_map(workspace), workspace, team};
        const std::size_t bad = steps_.apply(made);
        bad_attributions_.record(item, bad);
        if (bad != 0 && raises()) return;
        if (extents_ != nullptr) extents_[item] = extents_of(made);
        const std::uint8_t* marks = canvas_.wants_picture() ? marks_.find(made) : nullptr;
        plan_.painter->paint(canvas_, made);
        if (marks != nullptr) marks_.draw(canvas_, made, marks);
    }

    bool raises() const { return plan_.nonfinite == NonFinitePolicy::kRaise; }

    // What has been found, if it is a fault.
    RenderFault fault() const {
        if (!raises()) return {};
        return {bad_attributions_.first(), canvas_.bad_image.first()};
    }

    void find_limits(int n_threads) {
        if (plan_.shares_limits() && canvas_.wants_picture()) {
            canvas_.batch = measure_items(n_threads, false);
        }
    }

    Extent extent_of(const MapItem<T>& item) const {
        if (!item.missing.empty()) return measure_present(plan_, item, map_);
        std::vector<Scale<T>> scales(map_.channels);
        plan_.fit(plan_.normalization, item.map, map_.channels, map_.plane(), scales.data(),
                  item.team);
        return hotcold::measure(item.map, map_.channels, map_.plane(), scales.data(), item.team);
    }

    // What the limits of an item's colours follow from; before the painter changes the map.
    ItemExtents extents_of(MapItem<T>& item) const {
        ItemExtents found;
        const std::size_t count = map_.channels * map_.plane();
        if (plan_.shares_limits()) {
            found.map = canvas_.batch;
        } else if (item.missing.empty()) {
            item.extremes = extremes(item.map, count, item.team);
            found.map = extent_between(item.extremes);
        } else {
            const std::vector<T> present = present_values(item.map, item.missing.data(), count);
            found.map = extent_between(extremes(present.data(), present.size(), item.team));
        }
        if (traits_of(plan_.normalization).per_channel()) found.values = extent_of(item);
        return found;
    }

    static Extent extent_between(const Extremes<T>& found) {
        return {static_cast<double>(found.min), static_cast<double>(found.max)};
    }

    bool image_is_finite(std::size_t item, const Team& team) const {
        return image_ == nullptr ||
               ImageReader(*image_, item, plan_.channel_order).template is_finite<T>(team);
    }

    const RenderPlan& plan_;
    const SourceView& attributions_;
    const SourceView* image_;
    const Shape map_;
    const MapSteps<T> steps_;
    const Marks<T> marks_;
    Canvas<T> canvas_;
    ItemExtents* const extents_;
    NonFiniteLog bad_attributions_;
};

std::size_t threads_of(int n_threads) { return static_cast<std::size_t>(std::max(1, n_threads)); }

}  // namespace

template <typename T>
RenderFault render(const RenderPlan& plan, const SourceView& attributions, const SourceView* image,
                   const BatchView<T>* values, const PictureView* picture, int n_threads,
                   ItemExtents* extents) {
    return BatchRender<T>(plan, attributions, image, values, picture, threads_of(n_threads),
                          extents)
        .run(n_threads);
}

template <typename T>
void render_each(const RenderPlan& plan, const SourceView& attributions, const SourceView* image,
                 std::uint8_t* pixels, std::size_t channels, const ItemDone& done, int n_threads,
                 ItemExtents* extents) {
    PictureView picture;  // the distances between items stay 0: all lie at one place
    picture.data = pixels;
    picture.channels = channels;
    picture.row_stride = static_cast<std::ptrdiff_t>(
        channels * plan.map_shape(attributions.shape, shape_of(image)).columns);
    BatchRender<T>(plan, attributions, image, nullptr, &picture, 1, extents)
        .run_each(done, n_threads);
}

template <typename T>
Extent measure(const RenderPlan& plan, const SourceView& attributions, const SourceView* image,
               int n_threads) {
    return BatchRender<T>(plan, attributions, image, nullptr, nullptr, threads_of(n_threads))
        .measure_items(n_threads, true);
}

template <typename T>
void measure_each(const RenderPlan& plan, const SourceView& attributions, const SourceView* image,
                  Extent* extents, int n_threads) {
    BatchRender<T>(plan, attributions, image, nullptr, nullptr, threads_of(n_threads))
        .measure_each(extents, n_threads);
}

template <typename T>
Extent count_ranks(const RenderPlan& plan, const SourceView& attributions, const SourceView* image,
                   const RankQuery& query, const RankCounts& counts, int n_threads) {
    return BatchRender<T>(plan, attributions, image, nullptr, nullptr, threads_of(n_threads))
        .count_ranks(query, counts, n_threads);
}

#define HOTCOLD_INSTANTIATE(T)                                                                    \
    template RenderFault render(const RenderPlan&, const SourceView&, const SourceView*,          \
                                const BatchView<T>*, const PictureView*, int, ItemExtents*);      \
    template void render_each<T>(const RenderPlan&, const SourceView&, const SourceView*,         \
                                 std::uint8_t*, std::size_t, const ItemDone&, int, ItemExtents*); \
    template Extent measure<T>(const RenderPlan&, const SourceView&, const SourceView*, int);     \
    template void measure_each<T>(const RenderPlan&, const SourceView&, const SourceView*,        \
                                  Extent*, int);                                                  \
    template Extent count_ranks<T>(const RenderPlan&, const SourceView&, const SourceView*,       \
                                   const RankQuery&, const RankCounts&, int);
HOTCOLD_INSTANTIATE(float)
HOTCOLD_INSTANTIATE(double)
#undef HOTCOLD_INSTANTIATE

}  // namespace hotcold
