// Reductions keep 16 running values, whatever the register width: the compiler turns them into as
// many vectors as the level has lanes for, and every level adds in the same order.
#include "kernels/normalize.simd.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

constexpr std::size_t kLanes = 16;

template <typename T>
void extremes(const T* values, std::size_t count, T* min, T* max) {
    T low[kLanes];
    T high[kLanes];
    for (std::size_t j = 0; j < kLanes; ++j) low[j] = high[j] = values[0];
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
        for (std::size_t j = 0; j < kLanes; ++j) {
            const T v = values[i + j];
            low[j] = v < low[j] ? v : low[j];
            high[j] = v > high[j] ? v : high[j];
        }
    }
    for (; i < count; ++i) {
        low[0] = values[i] < low[0] ? values[i] : low[0];
        high[0] = values[i] > high[0] ? values[i] : high[0];
    }
    for (std::size_t j = 1; j < kLanes; ++j) {
        low[0] = low[j] < low[0] ? low[j] : low[0];
        high[0] = high[j] > high[0] ? high[j] : high[0];
    }
    *min = low[0];
    *max = high[0];
}

template <typename T>
void sums(const T* values, std::size_t count, double* positive, double* negative) {
    double above[kLanes] = {};
    double below[kLanes] = {};
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
        for (std::size_t j = 0; j < kLanes; ++j) {
            const T v = values[i + j];
            above[j] += static_cast<double>(v > T{0} ? v : T{0});
            below[j] += static_cast<double>(v < T{0} ? v : T{0});
        }
    }
    for (; i < count; ++i) {
        above[0] += static_cast<double>(values[i] > T{0} ? values[i] : T{0});
        below[0] += static_cast<double>(values[i] < T{0} ? values[i] : T{0});
    }
    double total_above = 0.0;
    double total_below = 0.0;
    for (std::size_t j = 0; j < kLanes; ++j) {
        total_above += above[j];
        total_below += below[j];
    }
    *positive = total_above;
    *negative = total_below;
}

// A divisor of 0 means "gives 0": the value is multiplied by 0 and divided by 1 instead.
template <typename T, bool magnitude, bool centered>
void apply_signed(T* values, std::size_t count, const Scale<T>& scale) {
    const T one{1};
    const T zero{0};
    const T positive_gain = scale.positive_divisor == zero ? zero : one;
    const T negative_gain = scale.negative_divisor == zero ? zero : one;
    const T positive_divisor = scale.positive_divisor == zero ? one : scale.positive_divisor;
    const T negative_divisor = scale.negative_divisor == zero ? one : scale.negative_divisor;
    const T prescale = scale.prescale;
    const T low = scale.low;
    for (std::size_t i = 0; i < count; ++i) {
        T v = values[i];
        if (magnitude) v = v < zero ? -v : v;
        v = v * prescale - low;
        const bool below = v < zero;
        v = v * (below ? negative_gain : positive_gain) /
            (below ? negative_divisor : positive_divisor);
        values[i] = centered ? v / T{2} + T{0.5} : v;
    }
}

template <typename T>
void apply(T* values, std::size_t count, const Scale<T>& scale) {
    if (scale.magnitude) {
        apply_signed<T, true, false>(values, count, scale);
    } else if (scale.centered) {
        apply_signed<T, false, true>(values, count, scale);
    } else {
        apply_signed<T, false, false>(values, count, scale);
    }
}

template <typename T>
void clip_negative(T* values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) values[i] = values[i] > T{0} ? values[i] : T{0};
}

}  // namespace

const NormalizeOps<float> normalize_f = {extremes<float>, sums<float>, apply<float>,
                                         clip_negative<float>};
const NormalizeOps<double> normalize_d = {extremes<double>, sums<double>, apply<double>,
                                          clip_negative<double>};

}  // namespace hotcold::HOTCOLD_LEVEL
