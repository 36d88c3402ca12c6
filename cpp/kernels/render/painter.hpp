// How maps become pictures: one painter for each kind of picture, in a file of its own. A new kind
// is such a file and its line in kPainters.
#pragma once

#include <cstddef>

#include "kernels/load/image_view.hpp"
#include "kernels/render/map_item.hpp"
#include "kernels/render/plan.hpp"

namespace hotcold {

template <typename T>
class Canvas;

// All of a painter is in the plan; it has no state. What is asked of it is what is asked of maps of
// `planes` planes and an image of `image_channels` (0 without one).
class Painter {
  public:
    virtual const char* name() const = 0;

    virtual bool needs_image() const { return false; }
    // Whether values become colours by a table, between limits.
    virtual bool needs_table() const { return false; }
    // Whether a picture has no colours but the table's.
    virtual bool has_table_colors_alone() const { return false; }
    // Whether colours stand for values, and RenderPlan::attribution_limits() tells their ends.
    virtual bool has_value_colors(const RenderPlan&, std::size_t /*planes*/) const { return true; }
    // Whether Sign::kPositive is left to the painter.
    virtual bool clips(const RenderPlan&) const { return false; }
    virtual bool can_paint(const RenderPlan&, std::size_t planes,
                           std::size_t /*image_channels*/) const {
        return planes == 1;
    }
    // 3, or 4 for pictures with alpha.
    virtual std::size_t picture_channels(const RenderPlan& plan, std::size_t planes,
                                         std::size_t image_channels) const = 0;
    // Whether an image of bytes may be looked up in the plan's table instead of computed with.
    virtual bool takes_image_bytes(const RenderPlan&) const { return true; }
    // Of what is computed before colouring; `image` is not null where one is needed.
    virtual Shape values_shape(const RenderPlan&, const Shape& map, const Shape* /*image*/) const {
        return map;
    }
    virtual std::size_t planes_of_scratch(std::size_t /*planes*/) const { return 0; }

    // Makes the plan's tables that only this painter looks at.
    virtual void prepare(RenderPlan&) const {}
    virtual void paint(Canvas<float>& canvas, const MapItem<float>& item) const = 0;
    virtual void paint(Canvas<double>& canvas, const MapItem<double>& item) const = 0;

  protected:
    ~Painter() = default;  // they live as long as the program
};

// Both paint() from one template of the derived class: template <typename T> static void
// paint_item(Canvas<T>&, const MapItem<T>&).
template <typename Derived>
class PainterOf : public Painter {
  public:
    void paint(Canvas<float>& canvas, const MapItem<float>& item) const final {
        Derived::paint_item(canvas, item);
    }
    void paint(Canvas<double>& canvas, const MapItem<double>& item) const final {
        Derived::paint_item(canvas, item);
    }

  protected:
    ~PainterOf() = default;
};

// One channel through the colour table.
const Painter& table_painter();
// 1 (grey), 3 or 4 channels as they are.
const Painter& channels_painter();
// Table colours blended over the image.
const Painter& overlay_painter();
// The image times an opacity.
const Painter& mask_painter();

constexpr const Painter& (*kPainters[])() = {table_painter, channels_painter, overlay_painter,
                                             mask_painter};

}  // namespace hotcold
