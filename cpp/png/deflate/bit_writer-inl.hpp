// Appending bits to a stream, for .simd.cpp files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "png/deflate/deflate.ops.hpp"
#include "png/deflate/tables.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// What one write can take beside the bits that wait.
constexpr std::uint64_t kMaxPut = 56;

// count <= kMaxPut.
inline void put(BitWriter& writer, std::uint64_t bits, std::uint32_t count) {
    writer.bits |= bits << writer.count;
    std::memcpy(writer.out, &writer.bits, sizeof(writer.bits));
    writer.count += count;
    writer.out += writer.count >> 3;
    writer.bits >>= writer.count & ~7u;
    writer.count &= 7;
}

inline void put(BitWriter& writer, const Bits& bits) { put(writer, bits.value, bits.count); }

// The codes of a match, its length's first.
struct MatchBits {
    std::uint64_t value;
    std::uint32_t count;
};

static_assert(kMaxLiteralBits + 5 + 15 + 13 <= kMaxPut, "a match is one write");

inline MatchBits match_bits(const Match& match, const BlockCodes& codes) {
    const Bits length = codes.length[match.length];
    const std::size_t symbol = distance_symbol(match.distance);
    const ExtraBits extra = distance_extra(symbol);
    const Bits distance = codes.distance[symbol];
    const std::uint64_t offset = match.distance - 1u - extra.base;
    const std::uint64_t behind = distance.value | offset << distance.count;
    return {length.value | behind << length.count, length.count + distance.count + extra.bits};
}

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
