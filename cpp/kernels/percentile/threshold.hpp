// Where a map begins to speak: one rule of thresholds for masks, opacity, contours and boxes.
#pragma once

#include <cstddef>

namespace hotcold {

// What a threshold t means; higher keeps less.
enum class ThresholdBy {
    kQuantile,  // above numpy.quantile(values, t)
    kMass,      // the fewest largest values that hold 1 - t of the positive sum; ties are kept
    kMax,       // above t times the largest value, where that is positive
    kOtsu,      // above scikit-image's threshold_otsu(values, 256); t is not used
};

// The limit of which `value > limit` tells what a rule keeps. count >= 1, finite values, t in
// [0, 1]; `scratch` holds count elements; `values` is left alone. Linear time but for kMass, which
// sorts the few values of about its limit's size.
template <typename T>
T threshold_limit(const T* values, std::size_t count, ThresholdBy by, double t, T* scratch);

}  // namespace hotcold
