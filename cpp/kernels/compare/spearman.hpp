// Average ranks of a map's values, and their correlation.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hotcold {

// Of each value twice its average rank, counted from 1, less n + 1, so that their mean is 0: as
// scipy.stats.rankdata(values), but whole numbers. Finite values, fewer than 2^32; `out` holds as
// many, `scratch` twice as many.
template <typename T>
void rank(const T* values, std::size_t count, std::int64_t* out, std::uint64_t* scratch);

// The correlation of whole numbers whose means are 0; neither all 0.
double correlation(const std::int64_t* a, const std::int64_t* b, std::size_t count);

}  // namespace hotcold
