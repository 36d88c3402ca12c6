// How much two maps of the same thing agree.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/load/image_view.hpp"

namespace hotcold {

// The first five are 1 where both maps are constant, and 0 where one of them is.
enum class Metric {
    kRank,      // Spearman's correlation: that of average ranks
    kIou,       // of the pixels above the quantile 1 - top of each; none in both: of the largest
    kSsim,      // of both over their largest magnitudes
    kOverlap,   // the sum of the smaller of the two |v| / sum |v|
    kPearson,   // the correlation of values
    kCentroid,  // pixels between the centres of mass of |v|; of a map of zeros its middle
    kMaxAbs,    // the largest |a - b|
};

struct CompareOptions {
    std::vector<Metric> metrics;
    double top = 0.1;  // in (0, 1): the fraction of the pixels whose places are compared
};

// Into `table`, (N, metrics), for every pair of items. Both have one channel and one shape; rows
// and columns are at least kSsimWindow where kSsim is asked for. Where items are not finite, which
// the results tell of, rows hold nothing of use.
struct CompareFault {
    NonFinite a;
    NonFinite b;
};
template <typename T>
CompareFault compare(const SourceView& a, const SourceView& b, const CompareOptions& options,
                     double* table, int n_threads);

}  // namespace hotcold
