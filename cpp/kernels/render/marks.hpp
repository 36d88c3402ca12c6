// Lines over a picture: contours of its map, and frames around the strongest regions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/render/canvas.hpp"
#include "kernels/render/map_item.hpp"
#include "kernels/render/plan.hpp"

namespace hotcold {

// Prepared for the items of one batch: immutable, shared by all threads of a call. Maps have one
// channel where a plan has marks.
template <typename T>
class Marks {
  public:
    // The plan must outlive it.
    Marks(const RenderPlan& plan, const Shape& map) : plan_(plan), map_(map) {}

    // What find() takes from the workspace.
    std::size_t workspace_bytes() const;

    // Where lines of which kind are, a byte a pixel: by the map before it is painted, which
    // painters may change. Missing values are above no threshold. Null where the plan has no marks.
    const std::uint8_t* find(const MapItem<T>& item) const;

    // Draws them over the item's picture.
    void draw(const Canvas<T>& canvas, const MapItem<T>& item, const std::uint8_t* marks) const;

  private:
    void add_contours(const T* values, const MapItem<T>& item, T* scratch,
                      std::uint8_t* marks) const;
    void add_frames(const T* map, T limit, std::uint8_t* marks) const;

    const RenderPlan& plan_;
    const Shape map_;
};

}  // namespace hotcold
