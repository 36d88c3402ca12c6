// Passes over a block that stays in L1 or L2: count bytes, find runs, build the codes, send them.
// There is no search for repeats by default: filtered photographs under a heat map hold almost none
// that pay (measured 2026-11: a search with one table saves 0 to 1 % of an overlay, 1 to 2 % of a
// masked photograph, and takes four times as long as all the rest). kSmall looks closely and takes
// thirty times as long; it is never larger.
//
// Bytes near 0 are counted in a quarter of the block, which makes files 0.05 % larger, and all
// others one by one: they are few, and a code for each that does not occur made overlays 0.9 %
// larger. Counting near ones in an eighth costs another 0.1 %. kFast takes the quarter for the
// whole.
#include "png/deflate/deflate.hpp"

#include <cassert>
#include <cstring>

#include "png/deflate/codes.hpp"
#include "png/deflate/costs.hpp"
#include "png/deflate/runs.hpp"
#include "png/deflate/search.hpp"
#include "runtime/workspace.hpp"

namespace hotcold {
namespace {

// Hands out aligned pieces of the caller's scratch.
class Scratch {
  public:
    explicit Scratch(std::byte* data) : data_(data) {}

    template <typename T>
    T* piece(std::size_t count) {
        auto* piece = reinterpret_cast<T*>(data_);
        data_ += Workspace::bytes_for<T>(count);
        return piece;
    }

    std::byte* rest() const { return data_; }

  private:
    std::byte* data_;
};

constexpr std::size_t kMostStored = 65535;

// Bits that stored blocks take after what the writer holds.
std::uint64_t stored_bits(const BitWriter& writer, std::size_t count) {
    const std::uint64_t more = (count - 1) / kMostStored;
    return 3 + (13 - writer.count) % 8 + 8 * (std::uint64_t{count} + 4 + 5 * more);
}

void to_whole_byte(BitWriter& writer) { put_bits(writer, 0, (8 - writer.count) % 8); }

void put_stored(const std::uint8_t* data, std::size_t count, bool last, BitWriter& writer) {
    while (count > 0) {
        const std::size_t piece = count < kMostStored ? count : kMostStored;
        put_bits(writer, last && piece == count ? 1 : 0, 3);
        to_whole_byte(writer);
        put_bits(writer, piece | (~piece & 0xffff) << 16, 32);
        std::memcpy(writer.out, data, piece);
        writer.out += piece;
        data += piece;
        count -= piece;
    }
}

// Matches chosen for a block, the codes for what is sent then, and its length.
struct Plan {
    Match* matches;
    std::size_t n_matches;
    CodeLengths lengths;
    LengthsHeader header;  // of the block's own codes
    bool is_fixed;         // the codes that every decoder knows
    std::uint64_t bits;    // header of the codes included
};

struct Block {
    const std::uint8_t* data;
    std::size_t count;
    std::size_t history;       // bytes before them that may be repeated
    std::uint32_t bytes[256];  // how often each occurs
    // Of so many bytes, from the first on, that is an estimate, and each may occur.
    int first_sampled;
    int sampled;
};

// Blocks below this size, or with few different bytes, are counted whole: what the codes of bytes
// that do not occur take is too much there.
constexpr std::size_t kFewestSampled = 16384;
constexpr int kFewestDifferent = 64;
constexpr std::size_t sample_bytes(std::size_t count) { return (count / kSampleOf + 1) * kSample; }

void count_sample(Block& block, std::uint8_t* sample) {
    std::size_t n = 0;
    for (std::size_t at = 0; at + kSample <= block.count; at += kSampleOf, n += kSample) {
        std::memcpy(sample + n, block.data + at, kSample);
    }
    HOTCOLD_SELECT(deflate).count_bytes(sample, n, block.bytes);
    for (std::uint32_t& count : block.bytes) count *= kSampleOf / kSample;
}

void count_all(Block& block, Compression compression, std::uint8_t* sample) {
    if (compression != Compression::kSmall && block.count >= kFewestSampled) {
        const bool fast = compression == Compression::kFast;
        if (fast) {
            count_sample(block, sample);
        } else {
            HOTCOLD_SELECT(deflate).estimate_bytes(block.data, block.count, block.bytes);
        }
        int different = 0;
        for (const std::uint32_t count : block.bytes) different += count > 0 ? 1 : 0;
        if (different >= kFewestDifferent) {
            block.first_sampled = fast ? -128 : -kNear;
            block.sampled = fast ? 256 : 2 * kNear;
            return;
        }
    }
    block.sampled = 0;
    HOTCOLD_SELECT(deflate).count_bytes(block.data, block.count, block.bytes);
}

// Completes the plan for its matches.
void complete(const Block& block, Plan& plan) {
    SymbolCounts counts;
    count_symbols(block.data, block.bytes, plan.matches, plan.n_matches, counts);
    for (int i = 0; i < block.sampled; ++i) {
        std::uint32_t& count = counts.literal[(block.first_sampled + i) & 255];
        count += count == 0 ? 1 : 0;
    }
    const CodeLengths own = best_lengths(counts);
    const CodeLengths fixed = fixed_lengths();
    plan.header = LengthsHeader(own);
    const std::uint64_t own_bits = plan.header.bits() + data_bits(counts, own);
    const std::uint64_t fixed_bits = data_bits(counts, fixed);
    plan.lengths = own_bits < fixed_bits ? own : fixed;
    plan.is_fixed = own_bits >= fixed_bits;
    plan.bits = plan.is_fixed ? fixed_bits : own_bits;
}

// Two rounds: by expected costs, then by those of the codes that came out. A third saves 0.1 %.
constexpr int kSearchRounds = 2;

Plan searched_plan(const Block& block, Plan best, Match* spare, std::byte* scratch) {
    MatchSearch search(block.data, block.count, block.history, scratch);
    SymbolCosts costs = expected_costs(block.bytes);
    for (int round = 0; round < kSearchRounds; ++round) {
        Plan plan;
        plan.matches = spare;
        plan.n_matches = search.cheapest(costs, spare);
        complete(block, plan);
        costs = costs_of(plan.lengths);
        if (plan.bits < best.bits) {
            spare = best.matches;
            best = plan;
        }
    }
    return best;
}

constexpr std::size_t most_matches(std::size_t count) { return count / kMinMatch + 1; }

// Sends a block by its codes. False, with no more than kPieceExcess written in vain, where that
// takes as many bits as `most` or more; `most` is not looked at unless the block is sampled.
bool put_coded(const Block& block, const Plan& plan, const BlockCodes& codes, bool last,
               std::uint64_t most, BitWriter& writer) {
    const BitWriter before = writer;
    const auto too_many = [&] {
        const auto bytes = static_cast<std::uint64_t>(writer.out - before.out);
        return block.sampled > 0 && 8 * bytes + writer.count >= most + before.count;
    };
    put_bits(writer, (last ? 1u : 0u) | (plan.is_fixed ? 1u : 2u) << 1, 3);
    if (!plan.is_fixed) plan.header.write(writer);
    const std::size_t piece = block.sampled > 0 ? kPieceBytes : block.count;
    const Match* const end = plan.matches + plan.n_matches;
    const Match* match = plan.matches;
    for (std::size_t place = 0; place < block.count;) {
        std::size_t stop = block.count - place < piece ? block.count : place + piece;
        const Match* next = block.sampled > 0 ? match : end;
        while (next < end && next->start < stop) ++next;
        if (next > match && next[-1].start + next[-1].length > stop) {
            stop = next[-1].start + next[-1].length;
        }
        HOTCOLD_SELECT(deflate).emit(block.data, place, stop, match,
                                     static_cast<std::size_t>(next - match), codes, writer);
        if (too_many()) return false;
        match = next;
        place = stop;
    }
    put_bits(writer, codes.end.value, codes.end.count);
    return !too_many();
}

void put_block(const std::uint8_t* data, std::size_t count, std::size_t history, bool last,
               Compression compression, std::byte* scratch, BitWriter& writer) {
    Scratch take(scratch);
    auto* equal = take.piece<std::uint64_t>(run_words(count));
    auto* starts = take.piece<std::uint32_t>(run_places(count));
    auto& codes = *take.piece<BlockCodes>(1);
    Block block{data, count, history, {}, 0, 0};
    count_all(block, compression, take.piece<std::uint8_t>(sample_bytes(count)));
    Plan plan;
    plan.matches = take.piece<Match>(most_matches(count));
    plan.n_matches = find_runs(data, count, block.bytes, equal, starts, plan.matches);
    complete(block, plan);
    if (compression == Compression::kSmall) {
        auto* spare = take.piece<Match>(most_matches(count));
        plan = searched_plan(block, plan, spare, take.rest());
    }
    const std::uint64_t stored = stored_bits(writer, count);
    if (3 + plan.bits < stored) {
        const BitWriter before = writer;
        build_codes(plan.lengths, codes);
        if (put_coded(block, plan, codes, last, stored, writer)) return;
        writer = before;
    }
    put_stored(data, count, last, writer);
}

}  // namespace

std::size_t deflate_workspace_bytes(std::size_t total, Compression compression) {
    const std::size_t most = most_block_bytes(compression);
    const std::size_t count = total < most ? total : most;
    const std::size_t bytes = Workspace::bytes_for<std::uint64_t>(run_words(count)) +
                              Workspace::bytes_for<std::uint32_t>(run_places(count)) +
                              Workspace::bytes_for<Match>(most_matches(count)) +
                              Workspace::bytes_for<BlockCodes>(1) +
                              Workspace::bytes_for<std::uint8_t>(sample_bytes(count));
    if (compression != Compression::kSmall) return bytes;
    return bytes + Workspace::bytes_for<Match>(most_matches(count)) +
           MatchSearch::workspace_bytes(count);
}

std::size_t deflate(const std::uint8_t* data, std::size_t count, bool last, Compression compression,
                    std::byte* scratch, std::uint8_t* out) {
    assert(count > 0);
    const std::size_t n = deflate_blocks(count, compression);
    const std::size_t size = (count + n - 1) / n;
    BitWriter writer{out, 0, 0};
    for (std::size_t begin = 0; begin < count; begin += size) {
        const std::size_t end = begin + size < count ? begin + size : count;
        put_block(data + begin, end - begin, begin, last && end == count, compression, scratch,
                  writer);
    }
    // An empty stored block fills up to a whole byte where the stream goes on.
    if (!last) put_bits(writer, 0, 3);
    to_whole_byte(writer);
    if (!last) put_bits(writer, 0xffff0000u, 32);
    return static_cast<std::size_t>(writer.out - out);
}

}  // namespace hotcold
