#include "kernels/percentile/ranks.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace hotcold {
namespace {

template <typename T>
using Key = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

template <typename T>
Key<T> key_of(T value, bool magnitude) {
    value = magnitude ? std::abs(value) : value + T{0};  // no -0
    Key<T> bits;
    std::memcpy(&bits, &value, sizeof bits);
    constexpr Key<T> kSign = Key<T>{1} << (8 * sizeof(T) - 1);
    return (bits & kSign) != 0 ? static_cast<Key<T>>(~bits) : static_cast<Key<T>>(bits | kSign);
}

// Where a key is counted, and what the bits below leave of it.
template <typename K, bool kSums>
struct Bins {
    const RankCounts& counts;
    unsigned below;

    void add(K key, std::size_t row) const {
        const std::size_t bin = row * kRankBins + static_cast<std::size_t>((key >> below) & 0xffff);
        ++counts.count[bin];
        if constexpr (kSums) {
            const std::uint64_t rest = key & ((K{1} << below) - 1);
            counts.low_sum[bin] += rest & 0xffffff;
            counts.high_sum[bin] += rest >> 24;
        }
    }
};

template <typename T, bool kSums>
void count_values(const T* values, std::size_t count, const RankQuery& query,
                  const RankCounts& counts) {
    const unsigned below = static_cast<unsigned>(8 * sizeof(T)) - 16 * (query.digit + 1);
    const Bins<Key<T>, kSums> bins{counts, below};
    const bool magnitudes = query.magnitudes;
    if (query.digit == 0) {
        for (std::size_t i = 0; i < count; ++i) bins.add(key_of(values[i], magnitudes), 0);
        return;
    }
    // All keys that begin with any of the prefixes lie between these; few do.
    const std::vector<std::uint64_t>& prefixes = query.prefixes;
    const std::uint64_t low = prefixes.front();
    const std::uint64_t high = prefixes.back();
    for (std::size_t i = 0; i < count; ++i) {
        const Key<T> key = key_of(values[i], magnitudes);
        const std::uint64_t prefix = std::uint64_t{key >> below} >> 16;
        if (prefix < low || prefix > high) continue;
        const auto at = std::lower_bound(prefixes.begin(), prefixes.end(), prefix);
        if (*at == prefix) bins.add(key, static_cast<std::size_t>(at - prefixes.begin()));
    }
}

}  // namespace

template <typename T>
void count_ranks(const T* values, std::size_t count, const RankQuery& query,
                 const RankCounts& counts) {
    if (counts.low_sum != nullptr) {
        count_values<T, true>(values, count, query, counts);
    } else {
        count_values<T, false>(values, count, query, counts);
    }
}

template void count_ranks(const float*, std::size_t, const RankQuery&, const RankCounts&);
template void count_ranks(const double*, std::size_t, const RankQuery&, const RankCounts&);

}  // namespace hotcold
