// What happens to a map before it is painted, step by step. A step acts on all planes of an item,
// so that what it costs to call one cannot be measured.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "kernels/load/image_view.hpp"
#include "kernels/render/map_item.hpp"
#include "kernels/render/plan.hpp"

namespace hotcold {

// Prepared for the items of one batch: immutable, shared by all threads of a call.
template <typename T>
class MapStep {
  public:
    virtual ~MapStep() = default;

    // What apply() takes from the workspace.
    virtual std::size_t workspace_bytes() const { return 0; }

    // Makes (the first step) or changes the map of an item. Returns how many of the numbers that it
    // read were not finite; those are taken as 0, and flagged where the plan takes them as missing.
    virtual std::size_t apply(MapItem<T>& item) const = 0;
};

// The steps of a plan in their order: load and reduce, upsample, blur, sign, clip.
template <typename T>
class MapSteps {
  public:
    // `map` is plan.map_shape(); everything must outlive the steps. `stride` is how many items on
    // the thread that draws an item goes on.
    MapSteps(const RenderPlan& plan, const SourceView& attributions, const Shape& map,
             std::size_t stride);

    std::size_t workspace_bytes() const;

    // Makes the map of an item. Returns how many of its numbers were not finite.
    std::size_t apply(MapItem<T>& item) const;

  private:
    std::vector<std::unique_ptr<const MapStep<T>>> steps_;
};

}  // namespace hotcold
