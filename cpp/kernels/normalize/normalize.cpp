#include "kernels/normalize/normalize.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "kernels/load/batch.hpp"
#include "kernels/load/load.hpp"
#include "kernels/normalize/normalize.ops.hpp"
#include "runtime/integers.hpp"

namespace hotcold {
namespace {

template <typename T>
const NormalizeOps<T>& ops();
template <>
const NormalizeOps<float>& ops<float>() {
    return HOTCOLD_SELECT(normalize_f);
}
template <>
const NormalizeOps<double>& ops<double>() {
    return HOTCOLD_SELECT(normalize_d);
}

// A plane is measured and mapped in blocks of this many elements; their partial results are
// combined in order, so threads change nothing.
constexpr std::size_t kBlock = 16384;

template <typename F>
void for_blocks(std::size_t count, const Team& team, const F& body) {
    team.for_each(ceil_div(count, kBlock), [&](std::size_t block) {
        const std::size_t begin = block * kBlock;
        body(block, begin, std::min(kBlock, count - begin));
    });
}

// Small planes, the common case, need no memory for their partial results.
template <typename T>
class Partials {
  public:
    explicit Partials(std::size_t count) {
        if (count > kInline) heap_.resize(count);
    }
    T* data() { return heap_.empty() ? inline_ : heap_.data(); }

  private:
    static constexpr std::size_t kInline = 16;
    T inline_[kInline] = {};
    std::vector<T> heap_;
};

struct Sums {
    double positive;
    double negative;
};

template <typename T>
Sums sums(const T* values, std::size_t count, const Team& team) {
    const std::size_t blocks = ceil_div(count, kBlock);
    Partials<Sums> storage(blocks);
    Sums* partial = storage.data();
    for_blocks(count, team, [&](std::size_t block, std::size_t begin, std::size_t length) {
        ops<T>().sums(values + begin, length, &partial[block].positive, &partial[block].negative);
    });
    Sums all{0.0, 0.0};
    for (std::size_t block = 0; block < blocks; ++block) {
        all.positive += partial[block].positive;
        all.negative += partial[block].negative;
    }
    return all;
}

// Tells whether all values are finite; the extremes mean nothing otherwise. NaN and infinity are
// beyond all numbers in the order that extremes are found by.
template <typename T>
bool find_extremes(const T* values, std::size_t count, const Team& team, Extremes<T>& all) {
    const std::size_t blocks = ceil_div(count, kBlock);
    Partials<Extremes<T>> storage(blocks);
    Extremes<T>* partial = storage.data();
    for_blocks(count, team, [&](std::size_t block, std::size_t begin, std::size_t length) {
        ops<T>().extremes(values + begin, length, &partial[block].min, &partial[block].max);
    });
    all = partial[0];
    bool finite = true;
    for (std::size_t block = 0; block < blocks; ++block) {
        finite = finite && std::isfinite(partial[block].min) && std::isfinite(partial[block].max);
        all.min = std::min(all.min, partial[block].min);
        all.max = std::max(all.max, partial[block].max);
    }
    return finite;
}

// Above this, a difference of two values or a sum of many may overflow; the factor brings even a
// sum over 2^60 elements back into range.
template <typename T>
T overflow_guard(T largest) {
    if (largest < std::numeric_limits<T>::max() / 4) return T{1};
    return std::is_same_v<T, float> ? T{0x1p-64f} : static_cast<T>(0x1p-64);
}

// Sums of float maps cannot overflow double, but their result may not fit a float; sums of double
// maps may overflow. Only maps near the type's end take the scaled path.
template <typename T>
Scale<T> fit_sum(const T* plane, std::size_t count, Normalization mode, const Team& team) {
    Scale<T> scale;
    scale.magnitude = traits_of(mode).magnitude;
    Sums s = sums(plane, count, team);
    constexpr double kLargest = static_cast<double>(std::numeric_limits<T>::max());
    if (!(s.positive - s.negative <= kLargest)) {
        scale.prescale = std::is_same_v<T, float> ? T{0x1p-64f} : static_cast<T>(0x1p-64);
        std::vector<T> scaled(plane, plane + count);
        for (T& value : scaled) value *= scale.prescale;
        s = sums(scaled.data(), count, team);
    }
    if (scale.magnitude) {
        scale.positive_divisor = scale.negative_divisor = static_cast<T>(s.positive - s.negative);
    } else {
        scale.positive_divisor = static_cast<T>(s.positive);
        scale.negative_divisor = static_cast<T>(-s.negative);
    }
    return scale;
}

}  // namespace

template <typename T>
Extremes<T> extremes(const T* values, std::size_t count, const Team& team) {
    Extremes<T> all;
    find_extremes(values, count, team, all);
    return all;
}

template <typename T>
Scale<T> fit_extremes(const Extremes<T>& item, Normalization mode) {
    Scale<T> scale;
    const T largest = item.magnitude();
    const NormalizationTraits& traits = traits_of(mode);
    switch (traits.denominator) {
        case Denominator::kEnds:
            scale.positive_divisor = std::max(item.max, T{0});
            scale.negative_divisor = std::max(-item.min, T{0});
            break;
        case Denominator::kRange:
            scale.prescale = overflow_guard(largest);
            scale.low = item.min * scale.prescale;
            scale.positive_divisor = item.max * scale.prescale - scale.low;
            scale.negative_divisor = scale.positive_divisor;
            break;
        default:
            scale.positive_divisor = scale.negative_divisor = largest;
            break;
    }
    scale.magnitude = traits.magnitude;
    scale.centered = traits.centered;
    return scale;
}

template <typename T>
void fit_scales(const T* item, std::size_t channels, std::size_t plane, Normalization mode,
                Scale<T>* scales, const Team& team) {
    if (traits_of(mode).denominator == Denominator::kNone) {
        Scale<T> unchanged;
        unchanged.identity = true;
        std::fill(scales, scales + channels, unchanged);
    } else if (traits_of(mode).per_channel()) {
        for (std::size_t c = 0; c < channels; ++c) {
            scales[c] = fit_sum(item + c * plane, plane, mode, team);
        }
    } else {
        std::fill(scales, scales + channels,
                  fit_extremes(extremes(item, channels * plane, team), mode));
    }
}

template <typename T>
void apply_scale(const T* values, std::size_t count, const Scale<T>& scale, T* out,
                 const Team& team) {
    for_blocks(count, team, [&](std::size_t, std::size_t begin, std::size_t length) {
        if (!scale.identity) {
            ops<T>().apply(values + begin, length, scale, out + begin);
        } else if (out != values) {
            std::copy(values + begin, values + begin + length, out + begin);
        }
    });
}

template <typename T>
T scaled(T value, const Scale<T>& scale) {
    if (!scale.identity) ops<T>().apply(&value, 1, scale, &value);
    return value;
}

template <typename T>
void take_sign(T* values, std::size_t count, Sign sign, const Team& team) {
    if (sign == Sign::kAll) return;
    for_blocks(count, team, [&](std::size_t, std::size_t begin, std::size_t length) {
        ops<T>().take_sign(values + begin, length, sign);
    });
}

namespace {

// Whether an item can be measured and mapped where it is, in memory order.
template <typename T>
bool works_in_place(const SourceView& source, Normalization mode, const BatchView<T>& out) {
    return holds_type<T>(source) && same_places(source, out) &&
           (is_planar(source.shape, source.strides) ||
            (!traits_of(mode).per_channel() && is_interleaved(source.shape, source.strides)));
}

// fit_scales() for an item that may not be finite; false if it is not. Each part is looked at while
// it comes to the cache.
template <typename T>
bool fit_if_finite(const T* item, std::size_t channels, std::size_t plane, Normalization mode,
                   Scale<T>* scales, const Team& team) {
    const bool needs_extremes =
        !traits_of(mode).per_channel() && traits_of(mode).denominator != Denominator::kNone;
    if (needs_extremes) {
        Extremes<T> all;
        if (!find_extremes(item, channels * plane, team, all)) return false;
        std::fill(scales, scales + channels, fit_extremes(all, mode));
        return true;
    }
    for (std::size_t c = 0; c < channels; ++c) {
        if (!all_finite(item + c * plane, plane, team)) return false;
        fit_scales(item + c * plane, 1, plane, mode, scales + c, team);
    }
    return true;
}

}  // namespace

template <typename T>
NonFinite normalize(const SourceView& source, Normalization mode, const BatchView<T>& out,
                    int n_threads) {
    const std::size_t channels = source.shape.channels;
    const std::size_t plane = source.shape.plane();
    const std::size_t count = channels * plane;
    const std::size_t bytes =
        Workspace::bytes_for<T>(count) + Workspace::bytes_for<Scale<T>>(channels);
    const bool in_place = works_in_place(source, mode, out);
    NonFiniteLog log;
    const auto body = [&](std::size_t item, Workspace& workspace, const Team& team) {
        auto* scales = workspace.take<Scale<T>>(channels);
        if (in_place) {
            const T* values = static_cast<const T*>(source.at(item, 0, 0));
            if (fit_if_finite(values, channels, plane, mode, scales, team)) {
                T* to = out.at(item, 0, 0);
                for (std::size_t c = 0; c < channels; ++c) {
                    apply_scale(values + c * plane, plane, scales[c], to + c * plane, team);
                }
                return;
            }
        }
        T* map = workspace.take<T>(count);
        std::size_t bad = 0;
        for (std::size_t c = 0; c < channels; ++c) {
            bad += load_channel(source, item, c, map + c * plane, team);
        }
        log.record(item, bad);
        fit_scales(map, channels, plane, mode, scales, team);
        for (std::size_t c = 0; c < channels; ++c) {
            apply_scale(map + c * plane, plane, scales[c], map + c * plane, team);
            store_channel(map + c * plane, out, item, c, team);
        }
    };
    for_each_item(source.shape.items, count, bytes, n_threads, body);
    return log.first();
}

#define HOTCOLD_INSTANTIATE(T)                                                             \
    template Extremes<T> extremes(const T*, std::size_t, const Team&);                     \
    template Scale<T> fit_extremes(const Extremes<T>&, Normalization);                     \
    template T scaled(T, const Scale<T>&);                                                 \
    template void fit_scales(const T*, std::size_t, std::size_t, Normalization, Scale<T>*, \
                             const Team&);                                                 \
    template void apply_scale(const T*, std::size_t, const Scale<T>&, T*, const Team&);    \
    template void take_sign(T*, std::size_t, Sign, const Team&);                           \
    template NonFinite normalize(const SourceView&, Normalization, const BatchView<T>&, int);
HOTCOLD_INSTANTIATE(float)
HOTCOLD_INSTANTIATE(double)
#undef HOTCOLD_INSTANTIATE

}  // namespace hotcold
