// Per-level functions of deflate.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "png/deflate/huffman.hpp"
#include "simd/levels.hpp"

namespace hotcold {

// Bytes [start, start + length) repeat those `distance` before them.
struct Match {
    std::uint32_t start;
    std::uint16_t length;    // 3 to 258
    std::uint16_t distance;  // 1 to 32768
};

// Two literals and the length of both fit 32 bits, and four a 64-bit register beside the up to 7
// bits that wait in it.
constexpr unsigned kMaxLiteralBits = 13;

// A literal's code above its length, which takes the lowest kLiteralShift bits: those alone count
// where a 64-bit value is shifted, so a literal may be the amount of a shift as it is, and so may
// the sum of a few.
constexpr unsigned kLiteralShift = 6;

// A run of bits to send, the first in the least significant place.
struct Bits {
    std::uint32_t value;
    std::uint32_t count;
};

// What a block's symbols become. Lengths and distances hold code and extra bits together.
struct BlockCodes {
    // Literals two ways: whole, and split into the byte tables that a vector register looks up.
    std::uint32_t literal[256];
    alignas(64) std::uint8_t literal_low[256];
    alignas(64) std::uint8_t literal_high[256];
    alignas(64) std::uint8_t literal_count[256];
    Bits length[259];   // from 3
    Bits distance[30];  // by symbol, without extra bits
    Bits run[259];      // length and distance of a match at distance one
    Bits end;
};

// Bits not yet written: fewer than 8 between calls. Each write touches 8 bytes from `out`.
struct BitWriter {
    std::uint8_t* out;
    std::uint64_t bits;
    std::uint32_t count;
};

// Bytes -kNear to kNear - 1 are near: nine residuals of ten.
constexpr int kNear = 16;

// Near bytes are counted in the first kSample of each kSampleOf.
constexpr std::size_t kSample = 64;
constexpr std::size_t kSampleOf = 256;

struct DeflateOps {
    // How often each of the 256 bytes occurs.
    void (*count_bytes)(const std::uint8_t* data, std::size_t count, std::uint32_t* counts);
    // The same, but of near bytes those in the sample, kSampleOf / kSample times each; a sample is
    // whole or not looked at.
    void (*estimate_bytes)(const std::uint8_t* data, std::size_t count, std::uint32_t* counts);
    // Sets bit i of `bits` where data[i] == data[i - 1]; bit 0 is 0, as are the bits from `count`
    // to the end of the last word.
    void (*equal_bits)(const std::uint8_t* data, std::size_t count, std::uint64_t* bits);
    // Sends data[first, last) as literals and matches: in order, apart, and all within.
    void (*emit)(const std::uint8_t* data, std::size_t first, std::size_t last,
                 const Match* matches, std::size_t n_matches, const BlockCodes& codes,
                 BitWriter& writer);
};

#define HOTCOLD_DECLARE(level)       \
    namespace level {                \
    extern const DeflateOps deflate; \
    }
HOTCOLD_FOR_EACH_LEVEL(HOTCOLD_DECLARE)
#undef HOTCOLD_DECLARE

}  // namespace hotcold
