#include "kernels/png/deflate_runs.hpp"

namespace hotcold {
namespace {

std::size_t trailing_zeros(std::uint64_t word) {
#if defined(__GNUC__)
    return static_cast<std::size_t>(__builtin_ctzll(word));
#else
    std::size_t zeros = 0;
    for (; (word & 1) == 0; word >>= 1) ++zeros;
    return zeros;
#endif
}

// Bits of `word` that begin kShortestRun ones in a row; `next` is the word after.
std::uint64_t run_starts(std::uint64_t word, std::uint64_t next) {
    static_assert(kShortestRun == 4);
    const std::uint64_t two = word & (word >> 1 | next << 63);
    return two & (two >> 2 | (next & next >> 1) << 62);
}

// The first position at or after `place` whose bit is 0; the words end with one.
std::size_t run_end(const std::uint64_t* bits, std::size_t place) {
    std::size_t word = place / 64;
    std::uint64_t zeros = ~bits[word] & (~std::uint64_t{0} << (place % 64));
    while (zeros == 0) zeros = ~bits[++word];
    return word * 64 + trailing_zeros(zeros);
}

// Splits a run into matches. None may be left with fewer than kMinMatch bytes.
std::size_t split_run(std::size_t start, std::size_t length, Match* matches) {
    std::size_t n = 0;
    while (length > 0) {
        std::size_t piece = length < kMaxMatch ? length : kMaxMatch;
        if (length - piece > 0 && length - piece < kMinMatch) piece -= kMinMatch;
        matches[n++] = {static_cast<std::uint32_t>(start), static_cast<std::uint16_t>(piece), 1};
        start += piece;
        length -= piece;
    }
    return n;
}

// For each byte how long its shortest run that pays is: with every byte more its literals cost more
// by a bit at least, and the match by a bit at most.
void find_least(const SymbolCosts& costs, std::uint16_t (&least)[256]) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
        std::size_t length = kShortestRun;
        while (length < kMaxMatch && length * costs.literal[byte] <=
                                         std::size_t{costs.length[length]} + costs.distance[0]) {
            ++length;
        }
        least[byte] = static_cast<std::uint16_t>(length);
    }
}

}  // namespace

std::size_t find_runs(const std::uint8_t* data, std::size_t count, const SymbolCosts& costs,
                      std::uint64_t* equal, Match* matches) {
    HOTCOLD_SELECT(deflate).equal_bits(data, count, equal);
    for (std::size_t word = (count + 63) / 64; word < run_words(count); ++word) equal[word] = 0;
    std::uint16_t least[256];
    find_least(costs, least);
    std::size_t n = 0;
    const std::size_t words = (count + 63) / 64;
    std::uint64_t starts = run_starts(equal[0], equal[1]);
    for (std::size_t word = 0;;) {
        while (starts == 0) {
            if (++word == words) return n;
            starts = run_starts(equal[word], equal[word + 1]);
        }
        const std::size_t start = word * 64 + trailing_zeros(starts);
        const std::size_t end = run_end(equal, start);
        const std::size_t length = end - start;
        if (length > kMaxMatch) {
            n += split_run(start, length, matches + n);
        } else {
            // Whether it pays is anybody's guess: written in any case, and kept or not.
            matches[n] = {static_cast<std::uint32_t>(start), static_cast<std::uint16_t>(length), 1};
            n += length >= least[data[start]] ? 1 : 0;
        }
        if (end / 64 != word) {
            word = end / 64;
            if (word >= words) return n;
            starts = run_starts(equal[word], equal[word + 1]);
        }
        starts &= ~std::uint64_t{0} << (end % 64);
    }
}

}  // namespace hotcold
