#include "png/deflate/runs.hpp"

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

// Where runs begin, in order. How many do in a word is anybody's guess: two places are written in
// any case, and kept or not.
std::size_t list_starts(const std::uint64_t* equal, std::size_t words, std::uint32_t* starts) {
    constexpr std::uint64_t kTop = std::uint64_t{1} << 63;
    std::size_t n = 0;
    std::uint64_t before = 0;
    for (std::size_t word = 0; word < words; ++word) {
        const std::uint64_t all = run_starts(equal[word], equal[word + 1]);
        std::uint64_t left = all & ~(all << 1 | before >> 63);
        before = all;
        const auto take_first = [&] {
            starts[n] = static_cast<std::uint32_t>(word * 64 + trailing_zeros(left | kTop));
            n += left != 0 ? 1 : 0;
            left &= left - 1;
        };
        take_first();
        take_first();
        while (left != 0) take_first();
    }
    return n;
}

}  // namespace

std::size_t find_runs(const std::uint8_t* data, std::size_t count,
                      const std::uint32_t (&bytes)[256], std::uint64_t* equal,
                      std::uint32_t* starts, Match* matches) {
    HOTCOLD_SELECT(deflate).equal_bits(data, count, equal);
    for (std::size_t word = (count + 63) / 64; word < run_words(count); ++word) equal[word] = 0;
    std::uint16_t least[256];
    shortest_runs(bytes, least);
    const std::size_t n_runs = list_starts(equal, (count + 63) / 64, starts);
    std::size_t n = 0;
    for (std::size_t run = 0; run < n_runs; ++run) {
        const std::uint32_t start = starts[run];
        const std::size_t length = run_end(equal, start) - start;
        if (length > kMaxMatch) {
            n += split_run(start, length, matches + n);
            continue;
        }
        // Whether it pays is anybody's guess too.
        matches[n] = {start, static_cast<std::uint16_t>(length), 1};
        n += length >= least[data[start]] ? 1 : 0;
    }
    return n;
}

}  // namespace hotcold
