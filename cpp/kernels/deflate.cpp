// Filtered rows of photographs hold almost no repeats worth a search: Huffman codes alone come
// within a per cent of zlib at its default level, and a match finder of zlib's kind costs ten times
// the rest of the encoder. What flat areas leave is runs of one byte, found by comparing each byte
// with its neighbour, 64 at a time. Four passes over a block that stays in L2: equal neighbours,
// counts, codes sent, and the caller's checksum.
#include "kernels/deflate.hpp"

#include <cassert>
#include <cstring>

#include "kernels/deflate_codes.hpp"
#include "runtime/workspace.hpp"

namespace hotcold {
namespace {

// Repeats of one byte become a match from this many on; shorter ones cost about what they save.
constexpr std::size_t kMinRun = 6;

unsigned trailing_zeros(std::uint64_t word) {
#if defined(__GNUC__)
    return static_cast<unsigned>(__builtin_ctzll(word));
#else
    unsigned zeros = 0;
    for (; (word & 1) == 0; word >>= 1) ++zeros;
    return zeros;
#endif
}

// Bits of `word` after which kMinRun ones follow, the bit itself included; `next` is the word
// after.
std::uint64_t run_starts(std::uint64_t word, std::uint64_t next) {
    static_assert(kMinRun == 6);
    const std::uint64_t two = word & (word >> 1 | next << 63);
    const std::uint64_t next_two = next & next >> 1;
    const std::uint64_t four = two & (two >> 2 | next_two << 62);
    return four & (two >> 4 | next_two << 60);
}

// The first position at or after `place` whose bit is 0; the words end with one.
std::size_t run_end(const std::uint64_t* bits, std::size_t place) {
    std::size_t word = place / 64;
    std::uint64_t zeros = ~bits[word] & (~std::uint64_t{0} << (place % 64));
    while (zeros == 0) zeros = ~bits[++word];
    return word * 64 + trailing_zeros(zeros);
}

// Splits a run into matches; none of them may be left with fewer than three bytes.
std::size_t add_run(std::size_t start, std::size_t length, Match* matches) {
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

// bits: one per byte, followed by a word of zeros. Returns the number of matches.
std::size_t find_runs(const std::uint64_t* bits, std::size_t count, Match* matches) {
    std::size_t n = 0;
    std::size_t place = 0;
    for (std::size_t word = 0; word * 64 < count;) {
        const std::uint64_t after =
            place > word * 64 ? ~std::uint64_t{0} << (place % 64) : ~std::uint64_t{0};
        const std::uint64_t starts = run_starts(bits[word], bits[word + 1]) & after;
        if (starts == 0) {
            ++word;
            continue;
        }
        const std::size_t start = word * 64 + trailing_zeros(starts);
        place = run_end(bits, start);
        n += add_run(start, place - start, matches + n);
        word = place / 64;
    }
    return n;
}

std::size_t words_for(std::size_t count) { return count / 64 + 2; }

std::size_t put_stored(const std::uint8_t* data, std::size_t count, bool last, std::uint8_t* out) {
    const auto size = static_cast<std::uint16_t>(count);
    out[0] = last ? 1 : 0;
    out[1] = static_cast<std::uint8_t>(size & 255);
    out[2] = static_cast<std::uint8_t>(size >> 8);
    out[3] = static_cast<std::uint8_t>(~out[1]);
    out[4] = static_cast<std::uint8_t>(~out[2]);
    std::memcpy(out + 5, data, count);
    return count + 5;
}

// Ends on a whole byte; an empty stored block fills up to it where the stream goes on.
void finish(BitWriter& writer, bool last) {
    if (!last) put_bits(writer, 0, 3);
    put_bits(writer, 0, (8 - writer.count) % 8);
    if (!last) put_bits(writer, 0xffff0000u, 32);
}

}  // namespace

std::size_t deflate_workspace_bytes(std::size_t count) {
    return Workspace::bytes_for<std::uint64_t>(words_for(count)) +
           Workspace::bytes_for<Match>(count / kMinRun + 1) + Workspace::bytes_for<BlockCodes>(1);
}

std::size_t deflate_block(const std::uint8_t* data, std::size_t count, bool last,
                          std::byte* scratch, std::uint8_t* out) {
    assert(count > 0 && count <= kMaxDeflateBytes);
    const DeflateOps& ops = HOTCOLD_SELECT(deflate);
    auto* bits = reinterpret_cast<std::uint64_t*>(scratch);
    scratch += Workspace::bytes_for<std::uint64_t>(words_for(count));
    auto* matches = reinterpret_cast<Match*>(scratch);
    scratch += Workspace::bytes_for<Match>(count / kMinRun + 1);
    auto& codes = *reinterpret_cast<BlockCodes*>(scratch);

    ops.equal_bits(data, count, bits);
    for (std::size_t word = (count + 63) / 64; word < words_for(count); ++word) bits[word] = 0;
    const std::size_t n_matches = find_runs(bits, count, matches);

    SymbolCounts counts;
    count_symbols(data, count, matches, n_matches, counts);
    const CodeLengths own = best_lengths(counts);
    const CodeLengths fixed = fixed_lengths();
    const LengthsHeader header(own);
    const std::uint64_t own_bits = header.bits() + data_bits(counts, own);
    const std::uint64_t fixed_bits = data_bits(counts, fixed);
    const bool use_own = own_bits < fixed_bits;
    // Three bits of block type, up to seven of padding, and the empty stored block.
    const std::uint64_t block_bytes =
        ((use_own ? own_bits : fixed_bits) + 3 + 3 + 7) / 8 + (last ? 0 : 4);
    if (block_bytes >= count + 5) return put_stored(data, count, last, out);

    BitWriter writer{out, 0, 0};
    put_bits(writer, (last ? 1u : 0u) | (use_own ? 2u : 1u) << 1, 3);
    if (use_own) header.write(writer);
    build_codes(use_own ? own : fixed, codes);
    ops.emit(data, count, matches, n_matches, codes, writer);
    finish(writer, last);
    return static_cast<std::size_t>(writer.out - out);
}

}  // namespace hotcold
