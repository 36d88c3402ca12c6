#include "png/deflate/codes.hpp"

#include <cstring>
#include <utility>

namespace hotcold {
namespace {

// The order in which a dynamic block sends the lengths of the code-length code.
constexpr std::uint8_t kLengthsOrder[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                            11, 4,  12, 3, 13, 2, 14, 1, 15};

constexpr unsigned kMaxLengthsCode = 7;
constexpr unsigned kMaxDistanceCode = 15;

std::uint32_t extra_bits_of(std::size_t symbol) {
    return symbol == 16 ? 2u : symbol == 17 ? 3u : symbol == 18 ? 7u : 0u;
}

}  // namespace

void count_symbols(const std::uint8_t* data, const std::uint32_t (&bytes)[256],
                   const Match* matches, std::size_t n_matches, SymbolCounts& counts) {
    counts = SymbolCounts{};
    std::memcpy(counts.literal, bytes, sizeof(bytes));
    for (std::size_t m = 0; m < n_matches; ++m) {
        const Match match = matches[m];
        if (match.distance == 1) {
            // No less than none: where bytes are an estimate, it may be too low.
            std::uint32_t& count = counts.literal[data[match.start]];
            count -= count < match.length ? count : match.length;
        } else {
            for (std::size_t i = 0; i < match.length; ++i) --counts.literal[data[match.start + i]];
        }
        const std::size_t length = kLengths.symbol[match.length];
        const std::size_t distance = distance_symbol(match.distance);
        ++counts.literal[kFirstLengthSymbol + length];
        ++counts.distance[distance];
        counts.extra_bits += kLengths.extra[match.length].bits + distance_extra(distance).bits;
    }
    counts.literal[kEndOfBlock] = 1;
}

CodeLengths fixed_lengths() {
    CodeLengths lengths;
    for (std::size_t i = 0; i < kMaxHuffmanSymbols; ++i) {
        lengths.literal[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    }
    std::memset(lengths.distance, 5, sizeof(lengths.distance));
    return lengths;
}

CodeLengths best_lengths(const SymbolCounts& counts) {
    CodeLengths lengths = {};
    huffman_lengths(counts.literal, kLiteralSymbols, kMaxLiteralBits, lengths.literal);
    huffman_lengths(counts.distance, kDistanceSymbols, kMaxDistanceCode, lengths.distance);
    // A block without matches still describes one distance code; decoders differ on none at all.
    std::uint8_t any = 0;
    for (const std::uint8_t length : lengths.distance) any |= length;
    if (any == 0) lengths.distance[0] = 1;
    return lengths;
}

std::uint64_t data_bits(const SymbolCounts& counts, const CodeLengths& lengths) {
    std::uint64_t bits = counts.extra_bits;
    for (std::size_t i = 0; i < kLiteralSymbols; ++i) {
        bits += std::uint64_t{counts.literal[i]} * lengths.literal[i];
    }
    for (std::size_t i = 0; i < kDistanceSymbols; ++i) {
        bits += std::uint64_t{counts.distance[i]} * lengths.distance[i];
    }
    return bits;
}

void build_codes(const CodeLengths& lengths, BlockCodes& codes) {
    std::uint16_t literal[kMaxHuffmanSymbols];
    huffman_codes(lengths.literal, kMaxHuffmanSymbols, literal);
    for (std::size_t i = 0; i < 256; ++i) {
        codes.literal[i] =
            static_cast<std::uint32_t>(literal[i]) << kLiteralShift | lengths.literal[i];
        codes.literal_low[i] = static_cast<std::uint8_t>(literal[i] & 255);
        codes.literal_high[i] = static_cast<std::uint8_t>(literal[i] >> 8);
        codes.literal_count[i] = lengths.literal[i];
    }
    codes.end = {literal[kEndOfBlock], lengths.literal[kEndOfBlock]};
    std::uint16_t distance[kDistanceSymbols];
    huffman_codes(lengths.distance, kDistanceSymbols, distance);
    for (std::size_t i = 0; i < kDistanceSymbols; ++i) {
        codes.distance[i] = {distance[i], lengths.distance[i]};
    }
    const Bits near = codes.distance[0];
    for (std::size_t symbol = 0; symbol < kLiteralSymbols - kFirstLengthSymbol; ++symbol) {
        const std::uint32_t count = lengths.literal[kFirstLengthSymbol + symbol];
        if (count == 0) continue;  // no match has such a length
        const ExtraBits extra = length_extra(symbol);
        const std::uint32_t all = count + extra.bits;
        for (std::uint32_t offset = 0; offset < 1u << extra.bits; ++offset) {
            const std::size_t length = kMinMatch + extra.base + offset;
            // The last of the range has a symbol of its own, which comes after.
            const Bits here = {literal[kFirstLengthSymbol + symbol] | offset << count, all};
            codes.length[length] = here;
            codes.run[length] = {here.value | near.value << all, all + near.count};
        }
    }
}

void put_bits(BitWriter& writer, std::uint64_t bits, std::uint32_t count) {
    writer.bits |= bits << writer.count;
    std::memcpy(writer.out, &writer.bits, sizeof(writer.bits));
    writer.count += count;
    writer.out += writer.count >> 3;
    writer.bits >>= writer.count & ~7u;
    writer.count &= 7;
}

LengthsHeader::LengthsHeader(const CodeLengths& lengths) {
    literals_ = kLiteralSymbols;
    while (literals_ > 257 && lengths.literal[literals_ - 1] == 0) --literals_;
    distances_ = kDistanceSymbols;
    while (distances_ > 1 && lengths.distance[distances_ - 1] == 0) --distances_;
    // Runs go on from one alphabet into the other.
    std::uint8_t all[kLiteralSymbols + kDistanceSymbols];
    std::memcpy(all, lengths.literal, literals_);
    std::memcpy(all + literals_, lengths.distance, distances_);
    add_runs(all, literals_ + distances_);
    huffman_lengths(counts_, kSymbols, kMaxLengthsCode, lengths_);
    sent_ = kSymbols;
    while (sent_ > 4 && lengths_[kLengthsOrder[sent_ - 1]] == 0) --sent_;
}

void LengthsHeader::add(std::size_t symbol, std::size_t extra) {
    tokens_[n_tokens_++] = {static_cast<std::uint8_t>(symbol), static_cast<std::uint8_t>(extra)};
    ++counts_[symbol];
}

void LengthsHeader::add_runs(const std::uint8_t* lengths, std::size_t count) {
    for (std::size_t i = 0; i < count;) {
        const std::uint8_t length = lengths[i];
        std::size_t run = 1;
        while (i + run < count && lengths[i + run] == length) ++run;
        i += run;
        if (length == 0) {
            for (; run >= 11; run -= run < 138 ? run : 138) add(18, (run < 138 ? run : 138) - 11);
            if (run >= 3) add(17, std::exchange(run, 0) - 3);
        } else {
            add(length, 0);
            for (--run; run >= 3; run -= run < 6 ? run : 6) add(16, (run < 6 ? run : 6) - 3);
        }
        for (; run > 0; --run) add(length, 0);
    }
}

std::uint64_t LengthsHeader::bits() const {
    std::uint64_t bits = 5 + 5 + 4 + 3 * sent_;
    for (std::size_t i = 0; i < kSymbols; ++i) {
        bits += std::uint64_t{counts_[i]} * (lengths_[i] + extra_bits_of(i));
    }
    return bits;
}

void LengthsHeader::write(BitWriter& writer) const {
    put_bits(writer, literals_ - 257, 5);
    put_bits(writer, distances_ - 1, 5);
    put_bits(writer, sent_ - 4, 4);
    for (std::size_t i = 0; i < sent_; ++i) put_bits(writer, lengths_[kLengthsOrder[i]], 3);
    std::uint16_t codes[kSymbols];
    huffman_codes(lengths_, kSymbols, codes);
    for (std::size_t i = 0; i < n_tokens_; ++i) {
        const Token token = tokens_[i];
        const std::uint32_t count = lengths_[token.symbol];
        put_bits(writer, codes[token.symbol] | std::uint64_t{token.extra} << count,
                 count + extra_bits_of(token.symbol));
    }
}

}  // namespace hotcold
