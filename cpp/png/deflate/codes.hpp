// From the symbols that a block sends to the codes that send them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "png/deflate/deflate.ops.hpp"
#include "png/deflate/tables.hpp"

namespace hotcold {

// How often a block sends each symbol, the end of the block included.
struct SymbolCounts {
    std::uint32_t literal[kLiteralSymbols];
    std::uint32_t distance[kDistanceSymbols];
    std::uint64_t extra_bits;
};

// bytes: how often each occurs in the whole block, matches or not, or an estimate of it where all
// matches have distance one.
void count_symbols(const std::uint8_t* data, const std::uint32_t (&bytes)[256],
                   const Match* matches, std::size_t n_matches, SymbolCounts& counts);

// 288 literal lengths: two symbols that are never sent take part in the fixed code.
struct CodeLengths {
    std::uint8_t literal[kMaxHuffmanSymbols];
    std::uint8_t distance[kDistanceSymbols];
};

CodeLengths fixed_lengths();
CodeLengths best_lengths(const SymbolCounts& counts);

// Bits that the symbols take, without the block's header.
std::uint64_t data_bits(const SymbolCounts& counts, const CodeLengths& lengths);

void build_codes(const CodeLengths& lengths, BlockCodes& codes);

// Appends up to 56 bits; the writer's `out` is touched up to 8 bytes on.
void put_bits(BitWriter& writer, std::uint64_t bits, std::uint32_t count);

// The code lengths as a dynamic block sends them (RFC 1951, 3.2.7): run-length coded, then
// Huffman coded with a code that is sent first.
class LengthsHeader {
  public:
    LengthsHeader() = default;
    explicit LengthsHeader(const CodeLengths& lengths);

    std::uint64_t bits() const;
    void write(BitWriter& writer) const;

  private:
    static constexpr std::size_t kSymbols = 19;

    struct Token {
        std::uint8_t symbol;
        std::uint8_t extra;
    };

    void add(std::size_t symbol, std::size_t extra);
    void add_runs(const std::uint8_t* lengths, std::size_t count);

    std::size_t literals_ = 0;  // how many lengths of each alphabet are sent
    std::size_t distances_ = 0;
    std::size_t sent_ = 0;  // how many lengths of the code-length code are sent
    std::size_t n_tokens_ = 0;
    Token tokens_[kMaxHuffmanSymbols + kDistanceSymbols];
    std::uint32_t counts_[kSymbols] = {};
    std::uint8_t lengths_[kSymbols];
};

}  // namespace hotcold
