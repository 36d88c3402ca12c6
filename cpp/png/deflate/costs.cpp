#include "png/deflate/costs.hpp"

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

std::uint32_t highest_bit(std::uint32_t x) {
#if defined(__GNUC__)
    return 31u - static_cast<std::uint32_t>(__builtin_clz(x));
#else
    std::uint32_t bit = 0;
    for (std::uint32_t step = 16; step > 0; step /= 2) {
        if (x >> (bit + step) != 0) bit += step;
    }
    return bit;
#endif
}

// log2(x), straight between powers of two.
std::uint32_t log2_of(std::uint32_t x) {
    const std::uint32_t whole = highest_bit(x);
    const std::uint64_t fraction = (std::uint64_t{x} << 16 >> whole) - 65536;
    return kOneBit * whole + static_cast<std::uint32_t>(fraction * kOneBit >> 16);
}

std::uint16_t bits(std::uint32_t count) { return static_cast<std::uint16_t>(kOneBit * count); }

std::uint32_t used(std::uint8_t length) { return length > 0 ? length : kUnusedBits; }

}  // namespace

SymbolCosts expected_costs(const std::uint32_t (&bytes)[256]) {
    std::uint32_t total = 0;
    for (const std::uint32_t count : bytes) total += count;
    const std::uint32_t whole = log2_of(total);
    SymbolCosts costs;
    for (std::size_t i = 0; i < 256; ++i) {
        const std::uint32_t cost = whole - log2_of(bytes[i] > 0 ? bytes[i] : 1);
        // A code has one bit or more, however common its byte.
        costs.literal[i] = static_cast<std::uint16_t>(cost < kOneBit ? kOneBit : cost);
    }
    for (std::size_t i = 0; i < kMinMatch; ++i) costs.length[i] = kNever;
    for (std::size_t i = kMinMatch; i <= kMaxMatch; ++i) {
        costs.length[i] = bits(kLengthBits + kLengths.extra[i].bits);
    }
    for (std::size_t i = 0; i < kDistanceSymbols; ++i) {
        costs.distance[i] = bits((i == 0 ? kNearBits : kFarBits) + distance_extra(i).bits);
    }
    return costs;
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
