// The fused render: everything between reading an item's attributions and writing its picture, in
// one core's cache. One description, RenderPlan, says what to do; the visualizers' calls, their
// render(), files and offline jobs all come through here, so they show the same pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "kernels/load/image_view.hpp"
#include "kernels/normalize/extent.hpp"
#include "kernels/percentile/ranks.hpp"
#include "kernels/render/plan.hpp"

namespace hotcold {

// Which input held non-finite values, and where.
struct RenderFault {
    NonFinite attributions;
    NonFinite image;
    bool found() const { return attributions.found() || image.found(); }
};

// Renders a batch. `image` is null unless the plan's painter needs one. `values` (null: not wanted)
// receives what is computed before colouring, of Painter::values_shape(): the reduced, blurred,
// normalised map, or the masked image. `picture` (null: not wanted) receives uint8 pixels. When a
// fault is returned the outputs hold nothing of use. `extents` (null: not wanted) receives what
// RenderPlan::attribution_limits() goes by, an item each. Preconditions: items agree, and rows and
// columns do unless upsampled; Painter::can_paint(); the outputs overlap no input.
template <typename T>
RenderFault render(const RenderPlan& plan, const SourceView& attributions, const SourceView* image,
                   const BatchView<T>* values, const PictureView* picture, int n_threads,
                   ItemExtents* extents = nullptr);

// Told of an item once its picture is finished, or that it has none for its non-finite values.
// False: that is enough.
using ItemDone = std::function<bool(std::size_t item, const RenderFault& fault)>;

// Renders the items one after the other, each picture over the last at `pixels` (rows adjoining,
// `channels` to a pixel: Painter::picture_channels(), or 1 for the table's entries in place of
// their colours where the painter has table colours alone and the table at most 256), and calls
// `done` while it is in the caches, on this thread and with its Workspace free. n_threads share the
// rows of an item. `extents` of an item are there when it is done. Preconditions as above.
template <typename T>
void render_each(const RenderPlan& plan, const SourceView& attributions, const SourceView* image,
                 std::uint8_t* pixels, std::size_t channels, const ItemDone& done, int n_threads,
                 ItemExtents* extents = nullptr);

// The extent of the maps' normalised values, over all items that can be drawn: those whose inputs
// are finite, unless the plan takes other numbers as missing. Preconditions as above.
template <typename T>
Extent measure(const RenderPlan& plan, const SourceView& attributions, const SourceView* image,
               int n_threads);

// The same for each item, into `extents`; empty where an item cannot be drawn or misses all values.
template <typename T>
void measure_each(const RenderPlan& plan, const SourceView& attributions, const SourceView* image,
                  Extent* extents, int n_threads);

// Adds the values of the maps before they are normalised, over the items that measure() looks at,
// to counts of query.prefixes.size() * kRankBins bins; returns their extent.
template <typename T>
Extent count_ranks(const RenderPlan& plan, const SourceView& attributions, const SourceView* image,
                   const RankQuery& query, const RankCounts& counts, int n_threads);

}  // namespace hotcold
