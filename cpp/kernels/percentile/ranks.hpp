// Order statistics of very many values that are never together in memory: values are counted by 16
// of their bits at a time, from the top, and each pass looks only at those whose upper bits are the
// ones asked about. Two passes find any rank of float values, four of double ones, in memory that
// does not grow with their number; counts of parts add up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hotcold {

// Ways that 16 bits can be.
constexpr std::size_t kRankBins = std::size_t{1} << 16;

// What to count. The key of a value is its bits, changed so that keys sort as values do: those of
// numbers below 0 inverted, else with the sign's bit set; -0 is 0.
struct RankQuery {
    bool magnitudes = false;              // |v| stands for v
    unsigned digit = 0;                   // which 16 bits, from the top
    std::vector<std::uint64_t> prefixes;  // ascending: the bits above them, 0 alone for digit 0
};

// For each prefix and bin, in this order: how many values, and, unless these are null, the sum of
// what the bits below leave of their keys, the lower 24 of them and the rest apart, so that neither
// sum overflows.
struct RankCounts {
    std::uint64_t* count;
    std::uint64_t* low_sum;
    std::uint64_t* high_sum;
};

// Adds the values of a part. They are finite; `query.digit` is less than sizeof(T) / 2.
template <typename T>
void count_ranks(const T* values, std::size_t count, const RankQuery& query,
                 const RankCounts& counts);

}  // namespace hotcold
