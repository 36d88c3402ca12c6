// The alphabets of DEFLATE (RFC 1951, section 3.2.5). The functions are static because per-level
// files use them too: see levels.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hotcold {

constexpr std::size_t kLiteralSymbols = 286;
constexpr std::size_t kDistanceSymbols = 30;
constexpr std::size_t kEndOfBlock = 256;
constexpr std::size_t kFirstLengthSymbol = 257;
constexpr std::size_t kMinMatch = 3;
constexpr std::size_t kMaxMatch = 258;
constexpr std::size_t kFarthestMatch = 32768;

// A symbol stands for `base` and what its extra bits add.
struct ExtraBits {
    std::uint16_t base;
    std::uint8_t bits;
};

// The symbol of a value counted from 0 when each symbol after the first 2^(k+1) covers a range
// twice as wide for every 2^k symbols: lengths have k = 2, distances k = 1.
static constexpr std::size_t ranged_symbol(std::size_t value, unsigned k) {
    std::size_t shift = 0;
    while ((value >> shift) >= (std::size_t{2} << k)) ++shift;
    return (shift << k) + (value >> shift);
}

static constexpr ExtraBits ranged_extra(std::size_t symbol, unsigned k) {
    const std::size_t steps = symbol >> k;
    const std::size_t shift = steps < 2 ? 0 : steps - 1;
    return {static_cast<std::uint16_t>((symbol - (shift << k)) << shift),
            static_cast<std::uint8_t>(shift)};
}

// Match length 3 to 258 to its symbol, less kFirstLengthSymbol: 258 has one of its own.
static constexpr std::size_t length_symbol(std::size_t length) {
    return length == kMaxMatch ? 28 : ranged_symbol(length - kMinMatch, 2);
}

static constexpr ExtraBits length_extra(std::size_t symbol) {
    return symbol == 28 ? ExtraBits{kMaxMatch - kMinMatch, 0} : ranged_extra(symbol, 2);
}

// Distance 1 to 32768 to its symbol.
static constexpr std::size_t distance_symbol(std::size_t distance) {
    return ranged_symbol(distance - 1, 1);
}

static constexpr ExtraBits distance_extra(std::size_t symbol) { return ranged_extra(symbol, 1); }

// Both of every length.
struct LengthTable {
    std::uint8_t symbol[kMaxMatch + 1] = {};
    ExtraBits extra[kMaxMatch + 1] = {};

    constexpr LengthTable() {
        for (std::size_t length = kMinMatch; length <= kMaxMatch; ++length) {
            symbol[length] = static_cast<std::uint8_t>(length_symbol(length));
            extra[length] = length_extra(symbol[length]);
        }
    }
};

static constexpr LengthTable kLengths{};

static_assert(length_symbol(3) == 0 && length_symbol(11) == 8 && length_symbol(257) == 27);
static_assert(length_extra(27).base == 227 - 3 && length_extra(27).bits == 5);
static_assert(distance_symbol(5) == 4 && distance_symbol(32768) == 29);
static_assert(distance_extra(29).base == 24577 - 1 && distance_extra(29).bits == 13);

}  // namespace hotcold
