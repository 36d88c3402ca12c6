// Prefix codes for DEFLATE (RFC 1951, section 3.2): code lengths from counts, codes from lengths.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hotcold {

// The literal/length alphabet is the largest that DEFLATE has.
constexpr std::size_t kMaxHuffmanSymbols = 288;

// Writes the code length of each of n <= kMaxHuffmanSymbols symbols: 0 for a count of 0, otherwise
// 1 to `limit`. The code is complete (Kraft's sum is 1) when two symbols or more have a count; a
// symbol alone gets length 1. Optimal unless the limit bites, then within a fraction of a per cent.
// 2^limit must be at least n, and the counts must add up to less than 2^32.
void huffman_lengths(const std::uint32_t* counts, std::size_t n, unsigned limit,
                     std::uint8_t* lengths);

// Writes the canonical codes of the lengths (at most 15), bits reversed: DEFLATE sends a code from
// its most significant bit and fills bytes from the least significant one.
void huffman_codes(const std::uint8_t* lengths, std::size_t n, std::uint16_t* codes);

}  // namespace hotcold
