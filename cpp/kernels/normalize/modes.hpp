// What each normalization is, one row a mode: all that the kernels, the bindings and Python ask.
#pragma once

#include <cstddef>

namespace hotcold {

enum class Normalization {
    kUnsignedMax,                  // a / max |a|
    kUnsignedMaxPositiveCentered,  // the above / 2 + 0.5
    kMagnitudeMax,                 // |a| / max |a|
    kMagnitudeSum,                 // |a| / sum |a|, per channel
    kSignedMax,                    // positives / max, negatives / |min|
    kSignedMaxPositiveCentered,    // the above / 2 + 0.5
    kSignedSum,                    // positives / their sum, negatives / their |sum|, per channel
    kZeroOne,                      // (a - min) / (max - min)
    kUnnormalized,                 // a
};

// What values are divided by.
enum class Denominator {
    kLargest,   // the item's max |a|
    kEnds,      // its max and |min|, each for its sign
    kRange,     // its max - min, after its min is taken off
    kSum,       // a channel's sum of |a|
    kSignSums,  // a channel's sums of positives and of negatives, each for its sign
    kNone,
};

// The colour limits that a mode has by itself. The last two depend on the values drawn.
enum class LimitRule {
    kZeroToOne,
    kMinusOneToOne,
    kZeroToLargest,
    kSymmetric,  // minus and plus the largest magnitude
};

// The rule for values of one sign: limits around zero begin there.
constexpr LimitRule one_sided(LimitRule rule) {
    if (rule == LimitRule::kMinusOneToOne) return LimitRule::kZeroToOne;
    return rule == LimitRule::kSymmetric ? LimitRule::kZeroToLargest : rule;
}

// Whose values decide about limits that depend on them.
enum class LimitScope { kItem, kBatch };

struct NormalizationTraits {
    Normalization mode;
    const char* name;
    Denominator denominator;
    bool magnitude;  // |a| stands for a
    bool centered;   // values / 2 + 0.5
    bool is_signed;  // zero, or 0.5 where centred, parts values of opposite meaning
    LimitRule limits;
    LimitScope scope;

    // One scale a channel; else one for all channels of an item.
    constexpr bool per_channel() const {
        return denominator == Denominator::kSum || denominator == Denominator::kSignSums;
    }
    constexpr bool limits_depend_on_values() const {
        return limits == LimitRule::kZeroToLargest || limits == LimitRule::kSymmetric;
    }
};

// clang-format off
inline constexpr NormalizationTraits kNormalizations[] = {
    {Normalization::kUnsignedMax, "unsigned_max",
     Denominator::kLargest, false, false, true, LimitRule::kMinusOneToOne, LimitScope::kItem},
    {Normalization::kUnsignedMaxPositiveCentered, "unsigned_max_positive_centered",
     Denominator::kLargest, false, true, true, LimitRule::kZeroToOne, LimitScope::kItem},
    {Normalization::kMagnitudeMax, "magnitude_max",
     Denominator::kLargest, true, false, false, LimitRule::kZeroToOne, LimitScope::kItem},
    {Normalization::kMagnitudeSum, "magnitude_sum",
     Denominator::kSum, true, false, false, LimitRule::kZeroToLargest, LimitScope::kItem},
    {Normalization::kSignedMax, "signed_max",
     Denominator::kEnds, false, false, true, LimitRule::kMinusOneToOne, LimitScope::kItem},
    {Normalization::kSignedMaxPositiveCentered, "signed_max_positive_centered",
     Denominator::kEnds, false, true, true, LimitRule::kZeroToOne, LimitScope::kItem},
    {Normalization::kSignedSum, "signed_sum",
     Denominator::kSignSums, false, false, true, LimitRule::kSymmetric, LimitScope::kItem},
    {Normalization::kZeroOne, "01",
     Denominator::kRange, false, false, false, LimitRule::kZeroToOne, LimitScope::kItem},
    {Normalization::kUnnormalized, "unnormalized",
     Denominator::kNone, false, false, true, LimitRule::kSymmetric, LimitScope::kBatch},
};
// clang-format on

constexpr const NormalizationTraits& traits_of(Normalization mode) {
    return kNormalizations[static_cast<std::size_t>(mode)];
}

namespace detail {
constexpr bool rows_follow_the_enumerators() {
    std::size_t i = 0;
    for (const NormalizationTraits& row : kNormalizations) {
        if (static_cast<std::size_t>(row.mode) != i++) return false;
    }
    return true;
}
}  // namespace detail
static_assert(detail::rows_follow_the_enumerators());

}  // namespace hotcold
