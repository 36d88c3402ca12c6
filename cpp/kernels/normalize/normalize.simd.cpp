// Sums keep many running values, side by side in L1, whatever the register width: the compiler
// makes vectors of them, and every level adds in the same order.
#include "kernels/normalize/normalize.ops.hpp"
#include "simd/ordered-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

template <typename T>
void extremes(const T* values, std::size_t count, T* min, T* max) {
    using O = Ordered<T>;
    typename O::Key low = O::key(values[0]);
    typename O::Key high = low;
    for (std::size_t i = 0; i < count; ++i) {
        const typename O::Key key = O::key(values[i]);
        low = key < low ? key : low;
        high = key > high ? key : high;
    }
    *min = O::value(low);
    *max = O::value(high);
}

template <typename T>
void sums(const T* values, std::size_t count, double* positive, double* negative) {
    constexpr std::size_t kRunning = 32;
    double above[kRunning] = {};
    double below[kRunning] = {};
    for (std::size_t begin = 0; begin < count; begin += kRunning) {
        const std::size_t length = count - begin < kRunning ? count - begin : kRunning;
        const T* run = values + begin;
        for (std::size_t j = 0; j < length; ++j) {
            above[j] += static_cast<double>(run[j] > T{0} ? run[j] : T{0});
            below[j] += static_cast<double>(run[j] < T{0} ? run[j] : T{0});
        }
    }
    double total_above = 0.0;
    double total_below = 0.0;
    for (std::size_t j = 0; j < kRunning; ++j) {
        total_above += above[j];
        total_below += below[j];
    }
    *positive = total_above;
    *negative = total_below;
}

// Where a divisor is 0, all that it divides is 0 too and stays so whatever it is divided by.
template <typename T, bool magnitude, bool centered, bool two_divisors>
void apply_as(const T* values, std::size_t count, const Scale<T>& scale, T* out) {
    const T zero{0};
    const T positive = scale.positive_divisor == zero ? T{1} : scale.positive_divisor;
    const T negative = scale.negative_divisor == zero ? T{1} : scale.negative_divisor;
    const T prescale = scale.prescale;
    const T low = scale.low;
    for (std::size_t i = 0; i < count; ++i) {
        T v = values[i];
        if (magnitude) v = v < zero ? -v : v;
        v = v * prescale - low;
        v = v / (two_divisors && v < zero ? negative : positive);
        out[i] = centered ? v / T{2} + T{0.5} : v;
    }
}

template <typename T>
void apply(const T* values, std::size_t count, const Scale<T>& scale, T* out) {
    const bool two = scale.positive_divisor != scale.negative_divisor;
    if (scale.magnitude) {
        apply_as<T, true, false, false>(values, count, scale, out);
    } else if (scale.centered) {
        two ? apply_as<T, false, true, true>(values, count, scale, out)
            : apply_as<T, false, true, false>(values, count, scale, out);
    } else {
        two ? apply_as<T, false, false, true>(values, count, scale, out)
            : apply_as<T, false, false, false>(values, count, scale, out);
    }
}

// Zeros of either sign become 0: a result is a positive number, 0, or a difference from 0.
template <typename T>
void take_sign(T* values, std::size_t count, Sign sign) {
    const T zero{0};
    if (sign == Sign::kPositive) {
        for (std::size_t i = 0; i < count; ++i) values[i] = values[i] > zero ? values[i] : zero;
    } else if (sign == Sign::kNegative) {
        for (std::size_t i = 0; i < count; ++i) values[i] = values[i] < zero ? -values[i] : zero;
    } else {
        for (std::size_t i = 0; i < count; ++i) {
            const T opposite = zero - values[i];
            values[i] = values[i] > zero ? values[i] : opposite;
        }
    }
}

}  // namespace

const NormalizeOps<float> normalize_f = {extremes<float>, sums<float>, apply<float>,
                                         take_sign<float>};
const NormalizeOps<double> normalize_d = {extremes<double>, sums<double>, apply<double>,
                                          take_sign<double>};

}  // namespace hotcold::HOTCOLD_LEVEL
