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

}  // namespace

template <typename T>
void count_ranks(const T* values, std::size_t count, const RankQuery& query,
                 const RankCounts& counts) {
    const unsigned below = static_cast<unsigned>(8 * sizeof(T)) - 16 * (query.digit + 1);
    const Key<T> rest_mask = static_cast<Key<T>>((Key<T>{1} << below) - 1);
    const std::vector<std::uint64_t>& prefixes = query.prefixes;
    for (std::size_t i = 0; i < count; ++i) {
        const Key<T> key = key_of(values[i], query.magnitudes);
        std::size_t at = 0;
        if (query.digit > 0) {
            const std::uint64_t prefix = static_cast<std::uint64_t>(key >> below) >> 16;
            while (at < prefixes.size() && prefixes[at] != prefix) ++at;
            if (at == prefixes.size()) continue;
        }
        const std::size_t bin = at * kRankBins + static_cast<std::size_t>((key >> below) & 0xffff);
        const std::uint64_t rest = key & rest_mask;
        ++counts.count[bin];
        counts.low_sum[bin] += rest & 0xffffff;
        counts.high_sum[bin] += rest >> 24;
    }
}

template void count_ranks(const float*, std::size_t, const RankQuery&, const RankCounts&);
template void count_ranks(const double*, std::size_t, const RankQuery&, const RankCounts&);

}  // namespace hotcold
