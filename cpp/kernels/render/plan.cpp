#include "kernels/render/plan.hpp"

#include <algorithm>

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
void RenderPlan::fit(Normalization mode, const T* item, std::size_t channels, std::size_t plane,
                     Scale<T>* scales, const Team& team, const Extremes<T>* known) const {
    const NormalizationTraits& traits = traits_of(mode);
    const bool by_extremes = !traits.per_channel() && traits.denominator != Denominator::kNone;
    if (!by_extremes || (!extremes_given && known == nullptr)) {
        fit_scales(item, channels, plane, mode, scales, team);
        return;
    }
    const Extremes<T> all =
        extremes_given ? Extremes<T>{static_cast<T>(extreme_low), static_cast<T>(extreme_high)}
                       : *known;
    std::fill(scales, scales + channels, fit_extremes(all, mode));
}

template <typename T>
Limits<T> RenderPlan::limits(const Extent& extent, T factor) const {
    if (!limits_given) return limits_of<T>(limit_rule(), extent, factor);
    return {static_cast<T>(limit_low), static_cast<T>(limit_high - limit_low), T{0}};
}

Extent RenderPlan::attribution_limits(const ItemExtents& item) const {
    const NormalizationTraits& traits = traits_of(normalization);
    // Channels become levels, which have no table and begin at 0.
    const bool levels = !painter->needs_table() && painter->has_value_colors(*this, 1);
    const LimitRule rule = levels ? LimitRule::kZeroToOne : limit_rule();
    const auto limits_for = [&](const Extent& extent) {
        return limits_given ? Extent{limit_low, limit_high} : limits_between(rule, extent);
    };
    Extent map = item.map.empty() ? Extent{0.0, 0.0} : item.map;
    if (traits.denominator == Denominator::kNone) return limits_for(map);
    if (traits.per_channel()) {
        const Extent whole = item.values.empty() ? Extent{0.0, 0.0} : item.values;
        const Extent limits = limits_for(whole);
        if (traits.magnitude) map.high = map.magnitude();
        // A value is its part of a sum: of the positive values, or of the negative ones.
        const auto sum = [](double end, double part) { return part == 0.0 ? 0.0 : end / part; };
        return {limits.low * sum(map.low, whole.low) + 0.0,
                limits.high * sum(map.high, whole.high) + 0.0};
    }
    if (extremes_given) map = {extreme_low, extreme_high};
    if (traits.denominator == Denominator::kRange) return map;
    double low = std::min(map.low, 0.0);
    double high = std::max(map.high, 0.0);
    if (traits.denominator != Denominator::kEnds) {
        high = std::max(high, -low);
        low = -high;
    }
    if (limits_between(rule, map).low == 0.0 && !traits.centered) low = 0.0;
    return {low + 0.0, high};  // never -0
}

template void RenderPlan::fit(Normalization, const float*, std::size_t, std::size_t, Scale<float>*,
                              const Team&, const Extremes<float>*) const;
template void RenderPlan::fit(Normalization, const double*, std::size_t, std::size_t,
                              Scale<double>*, const Team&, const Extremes<double>*) const;
template Limits<float> RenderPlan::limits(const Extent&, float) const;
template Limits<double> RenderPlan::limits(const Extent&, double) const;

}  // namespace hotcold
