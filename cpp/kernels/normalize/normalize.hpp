// The nine normalizations of an attribution map, each in two steps: measure the item, then map
// every value through a Scale. A zero denominator gives 0 (0.5 where centred), there is no epsilon,
// and no finite input overflows: maps near the type's largest number are halved first.
#pragma once

#include <cstddef>

#include "kernels/load/image_view.hpp"
#include "kernels/normalize/modes.hpp"
#include "runtime/parallel.hpp"

namespace hotcold {

// value(a) = s(a) / (s(a) < 0 ? negative_divisor : positive_divisor), then / 2 + 0.5 if centered;
// s(a) = (magnitude ? |a| : a) * prescale - low. A divisor of 0 stands for "gives 0".
template <typename T>
struct Scale {
    T prescale = 1;
    T low = 0;
    T positive_divisor = 1;
    T negative_divisor = 1;
    bool magnitude = false;
    bool centered = false;
    bool identity = false;
};

// Measures an item of `channels` contiguous planes of `plane` elements and fills scales[channels].
// `max` modes and kZeroOne share one scale over the item; `sum` modes have one per channel.
template <typename T>
void fit_scales(const T* item, std::size_t channels, std::size_t plane, Normalization mode,
                Scale<T>* scales, const Team& team);

// Maps `count` values; `out` may be `values`.
template <typename T>
void apply_scale(const T* values, std::size_t count, const Scale<T>& scale, T* out,
                 const Team& team);

// The same for one value.
template <typename T>
T scaled(T value, const Scale<T>& scale);

template <typename T>
struct Extremes {
    T min;
    T max;

    // The largest |value|.
    T magnitude() const { return max > -min ? max : -min; }
};

// The smallest and the largest value; count >= 1.
template <typename T>
Extremes<T> extremes(const T* values, std::size_t count, const Team& team);

// The one scale of a `max` mode or kZeroOne for an item of these extremes.
template <typename T>
Scale<T> fit_extremes(const Extremes<T>& item, Normalization mode);

// Which values of a map count; the others are taken as 0.
enum class Sign {
    kAll,
    kPositive,  // max(v, 0)
    kNegative,  // max(-v, 0)
    kAbsolute,  // |v|
};

// Replaces values by what counts of them. But for kAll no value is below 0 afterwards, nor -0.
template <typename T>
void take_sign(T* values, std::size_t count, Sign sign, const Team& team);

// Normalizes every item into `out` (same shape, no overlap). When the result tells of a non-finite
// input, `out` holds nothing of use.
template <typename T>
NonFinite normalize(const SourceView& source, Normalization mode, const BatchView<T>& out,
                    int n_threads);

}  // namespace hotcold
