#include "png/deflate/costs.hpp"

#include <cstring>

namespace hotcold {
namespace {

// Pictures of 224x224 pixels, overlays and masks, gave codes of 6 to 9 bits for the lengths in use
// and 1 to 2 bits for distance one where runs are the only matches (measured 2026-11).
constexpr std::uint32_t kLengthBits = 8;
constexpr std::uint32_t kNearBits = 2;  // distance one
constexpr std::uint32_t kFarBits = 5;

constexpr std::uint32_t kUnusedBits = 14;

// The cost of a length that no match has.
constexpr std::uint16_t kNever = 64 * kOneBit;

// log2(x) for 0 < x < 2^24, straight between powers of two and rounded down: what a float's bits
// are, from its exponent to where sixteenths are left.
std::uint32_t log2_of(std::uint32_t x) {
    static_assert(kOneBit == 16);
    const auto value = static_cast<float>(static_cast<std::int32_t>(x));
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    return (bits >> 19) - 127 * kOneBit;
}

constexpr std::uint16_t bits(std::uint32_t count) {
    return static_cast<std::uint16_t>(kOneBit * count);
}

constexpr std::uint16_t length_cost(std::size_t length) {
    return bits(kLengthBits + kLengths.extra[length].bits);
}

void literal_costs(const std::uint32_t (&bytes)[256], std::uint16_t (&costs)[256]) {
    std::uint32_t total = 0;
    for (const std::uint32_t count : bytes) total += count;
    const std::uint32_t whole = log2_of(total);
    for (std::size_t i = 0; i < 256; ++i) {
        const std::uint32_t cost = whole - log2_of(bytes[i] > 0 ? bytes[i] : 1);
        // A code has one bit or more, however common its byte.
        costs[i] = static_cast<std::uint16_t>(cost < kOneBit ? kOneBit : cost);
    }
}

// From this cost on the shortest run of a byte is the shortest of all.
constexpr std::size_t kMostCost = bits(kLengthBits + kNearBits);

// By a literal's cost. With every byte more its literals cost more by a bit at least, and the match
// by a bit at most.
struct ShortestRuns {
    std::uint8_t length[kMostCost + 1] = {};

    constexpr ShortestRuns() {
        for (std::size_t cost = kOneBit; cost <= kMostCost; ++cost) {
            std::size_t least = kShortestRun;
            while (least * cost <= std::size_t{length_cost(least)} + bits(kNearBits)) ++least;
            length[cost] = static_cast<std::uint8_t>(least);
        }
    }
};

constexpr ShortestRuns kShortestRuns{};

std::uint32_t used(std::uint8_t length) { return length > 0 ? length : kUnusedBits; }

}  // namespace

SymbolCosts expected_costs(const std::uint32_t (&bytes)[256]) {
    SymbolCosts costs;
    literal_costs(bytes, costs.literal);
    for (std::size_t i = 0; i < kMinMatch; ++i) costs.length[i] = kNever;
    for (std::size_t i = kMinMatch; i <= kMaxMatch; ++i) costs.length[i] = length_cost(i);
    for (std::size_t i = 0; i < kDistanceSymbols; ++i) {
        costs.distance[i] = bits((i == 0 ? kNearBits : kFarBits) + distance_extra(i).bits);
    }
    return costs;
}

void shortest_runs(const std::uint32_t (&bytes)[256], std::uint16_t (&least)[256]) {
    std::uint16_t costs[256];
    literal_costs(bytes, costs);
    for (std::size_t byte = 0; byte < 256; ++byte) {
        least[byte] = kShortestRuns.length[costs[byte] < kMostCost ? costs[byte] : kMostCost];
    }
}

SymbolCosts costs_of(const CodeLengths& lengths) {
    SymbolCosts costs;
    for (std::size_t i = 0; i < 256; ++i) costs.literal[i] = bits(used(lengths.literal[i]));
    for (std::size_t i = 0; i < kMinMatch; ++i) costs.length[i] = kNever;
    for (std::size_t i = kMinMatch; i <= kMaxMatch; ++i) {
        const std::size_t symbol = kLengths.symbol[i];
        costs.length[i] =
            bits(used(lengths.literal[kFirstLengthSymbol + symbol]) + kLengths.extra[i].bits);
    }
    for (std::size_t i = 0; i < kDistanceSymbols; ++i) {
        costs.distance[i] = bits(used(lengths.distance[i]) + distance_extra(i).bits);
    }
    return costs;
}

}  // namespace hotcold
