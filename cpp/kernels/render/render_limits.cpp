#include "kernels/render/render_limits.hpp"

namespace hotcold {
namespace {

// Around zero, which stays in the middle also when everything is zero.
template <typename T>
Limits<T> symmetric_limits(T largest) {
    return {-largest, largest + largest, T{0.5}};
}

}  // namespace

template <typename T>
Limits<T> given_limits(const RenderPlan& plan) {
    return {static_cast<T>(plan.limit_low), static_cast<T>(plan.limit_high - plan.limit_low), T{0}};
}

template <typename T>
Limits<T> limits_of(const RenderPlan& plan, const T* map, std::size_t count, const Scale<T>& scale,
                    T batch_max, const Team& team) {
    if (plan.limits_given) return given_limits<T>(plan);
    switch (plan.normalization) {
        case Normalization::kUnsignedMax:
        case Normalization::kSignedMax:
            return {T{-1}, T{2}, T{0}};
        case Normalization::kMagnitudeSum:
            return {T{0}, scaled(extremes(map, count, team).magnitude(), scale), T{0}};
        case Normalization::kSignedSum: {
            const Extremes<T> raw = extremes(map, count, team);
            const Extremes<T> normalized{scaled(raw.min, scale), scaled(raw.max, scale)};
            return symmetric_limits(normalized.magnitude());
        }
        case Normalization::kUnnormalized:
            return symmetric_limits(batch_max * scale.prescale);
        default:
            return {T{0}, T{1}, T{0}};
    }
}

#define HOTCOLD_INSTANTIATE(T)                                                                 \
    template Limits<T> given_limits(const RenderPlan&);                                        \
    template Limits<T> limits_of(const RenderPlan&, const T*, std::size_t, const Scale<T>&, T, \
                                 const Team&);
HOTCOLD_INSTANTIATE(float)
HOTCOLD_INSTANTIATE(double)
#undef HOTCOLD_INSTANTIATE

}  // namespace hotcold
