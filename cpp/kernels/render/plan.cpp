#include "kernels/render/plan.hpp"

#include "kernels/render/painter.hpp"

namespace hotcold {

void RenderPlan::prepare() {
    if (painter->needs_image() && image_range_given) {
        image_table =
            ImageTable(image_low, image_high, overlay_opacity, masked_opacity, background_color[0]);
    }
    painter->prepare(*this);
}

Shape RenderPlan::map_shape(const Shape& attributions, const Shape* image) const {
    Shape shape = attributions;
    if (reduction != Reduction::kNone) shape.channels = 1;
    if (upsample != Upsample::kNone && image != nullptr) {
        shape.rows = image->rows;
        shape.columns = image->columns;
    }
    return shape;
}

bool RenderPlan::has_table_colors_alone() const {
    return painter->has_table_colors_alone() && !has_marks();
}

LimitRule RenderPlan::limit_rule() const {
    const LimitRule rule = traits_of(normalization).limits;
    return sign == Sign::kAll ? rule : one_sided(rule);
}

bool RenderPlan::shares_limits() const {
    const NormalizationTraits& traits = traits_of(normalization);
    return painter->needs_table() && !limits_given && traits.limits_depend_on_values() &&
           traits.scope == LimitScope::kBatch;
}

template <typename T>
Limits<T> RenderPlan::limits(const Extent& extent, T factor) const {
    if (!limits_given) return limits_of<T>(limit_rule(), extent, factor);
    return {static_cast<T>(limit_low), static_cast<T>(limit_high - limit_low), T{0}};
}

template Limits<float> RenderPlan::limits(const Extent&, float) const;
template Limits<double> RenderPlan::limits(const Extent&, double) const;

}  // namespace hotcold
