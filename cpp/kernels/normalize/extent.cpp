#include "kernels/normalize/extent.hpp"

#include <algorithm>

namespace hotcold {

Extent merge(const Extent& a, const Extent& b) {
    return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

template <typename T>
Extent measure(const T* item, std::size_t channels, std::size_t plane, const Scale<T>* scales,
               const Team& team) {
    Extent all;
    for (std::size_t c = 0; c < channels; ++c) {
        const Extremes<T> raw = extremes(item + c * plane, plane, team);
        const bool magnitude = scales[c].magnitude;
        const T low = magnitude ? T{0} : scaled(raw.min, scales[c]);
        const T high = scaled(magnitude ? raw.magnitude() : raw.max, scales[c]);
        all = merge(all, {static_cast<double>(low), static_cast<double>(high)});
    }
    return all;
}

template <typename T>
Limits<T> limits_of(LimitRule rule, const Extent& extent, T factor) {
    switch (rule) {
        case LimitRule::kMinusOneToOne:
            return {T{-1}, T{2}, T{0}};
        case LimitRule::kZeroToLargest:
            return {T{0}, static_cast<T>(extent.magnitude()) * factor, T{0}};
        case LimitRule::kSymmetric: {
            // Around zero, which stays in the middle also when everything is zero.
            const T largest = static_cast<T>(extent.magnitude()) * factor;
            return {-largest, largest + largest, T{0.5}};
        }
        default:
            return {T{0}, T{1}, T{0}};
    }
}

Extent limits_between(LimitRule rule, const Extent& extent) {
    const double largest = extent.magnitude();
    switch (rule) {
        case LimitRule::kMinusOneToOne:
            return {-1.0, 1.0};
        case LimitRule::kZeroToLargest:
            return {0.0, largest > 0.0 ? largest : 1.0};
        case LimitRule::kSymmetric:
            return largest > 0.0 ? Extent{-largest, largest} : Extent{-1.0, 1.0};
        default:
            return {0.0, 1.0};
    }
}

#define HOTCOLD_INSTANTIATE(T)                                                                 \
    template Extent measure(const T*, std::size_t, std::size_t, const Scale<T>*, const Team&); \
    template Limits<T> limits_of(LimitRule, const Extent&, T);
HOTCOLD_INSTANTIATE(float)
HOTCOLD_INSTANTIATE(double)
#undef HOTCOLD_INSTANTIATE

}  // namespace hotcold
