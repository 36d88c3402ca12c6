// What becomes of the channels of an item before anything else.
#pragma once

namespace hotcold {

enum class Reduction {
    kNone,
    kMean,
    kSum,
    kSumAbs,
    kMaxAbs,  // the value of largest magnitude, with its sign; of equals the first channel's
    kNorm,    // the L2 norm, without overflow on the way
};

}  // namespace hotcold
