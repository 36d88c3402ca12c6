// Passes over a block that stays in L1 or L2: count bytes, find runs, build the codes, send them.
// The fast way has no search for repeats: filtered photographs under a heat map hold almost none
// that pay (measured 2026-11: a search with one table saves 0 to 1 % of an overlay, 1 to 2 % of a
// masked photograph, and takes four times as long as all the rest). The thorough way looks closely
// and takes thirty times as long; it is never larger.
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

// Bits that a stored block takes after what the writer holds.
std::uint64_t stored_bits(const BitWriter& writer, std::size_t count) {
    return 3 + (13 - writer.count) % 8 + 8 * (std::uint64_t{count} + 4);
}

void to_whole_byte(BitWriter& writer) { put_bits(writer, 0, (8 - writer.count) % 8); }

void put_stored(const std::uint8_t* data, std::size_t count, bool last, BitWriter& writer) {
    put_bits(writer, last ? 1 : 0, 3);
    to_whole_byte(writer);
    put_bits(writer, count | (~count & 0xffff) << 16, 32);
    std::memcpy(writer.out, data, count);
    writer.out += count;
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
};

// Completes the plan for its matches.
void complete(const Block& block, Plan& plan) {
    SymbolCounts counts;
    count_symbols(block.data, block.bytes, plan.matches, plan.n_matches, counts);
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

Plan thorough_plan(const Block& block, Plan best, Match* spare, std::byte* scratch) {
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

void put_block(const std::uint8_t* data, std::size_t count, std::size_t history, bool last,
               Effort effort, std::byte* scratch, BitWriter& writer) {
    Scratch take(scratch);
    auto* equal = take.piece<std::uint64_t>(run_words(count));
    auto* starts = take.piece<std::uint32_t>(run_places(count));
    auto& codes = *take.piece<BlockCodes>(1);
    Block block{data, count, history, {}};
    HOTCOLD_SELECT(deflate).count_bytes(data, count, block.bytes);
    Plan plan;
    plan.matches = take.piece<Match>(most_matches(count));
    plan.n_matches =
        find_runs(data, count, expected_costs(block.bytes), equal, starts, plan.matches);
    complete(block, plan);
    if (effort == Effort::kThorough) {
        auto* spare = take.piece<Match>(most_matches(count));
        plan = thorough_plan(block, plan, spare, take.rest());
    }
    if (3 + plan.bits >= stored_bits(writer, count)) return put_stored(data, count, last, writer);

    put_bits(writer, (last ? 1u : 0u) | (plan.is_fixed ? 1u : 2u) << 1, 3);
    if (!plan.is_fixed) plan.header.write(writer);
    build_codes(plan.lengths, codes);
    HOTCOLD_SELECT(deflate).emit(data, count, plan.matches, plan.n_matches, codes, writer);
}

}  // namespace

std::size_t deflate_workspace_bytes(std::size_t total, Effort effort) {
    const std::size_t count = total < kMostBlockBytes ? total : kMostBlockBytes;
    const std::size_t fast = Workspace::bytes_for<std::uint64_t>(run_words(count)) +
                             Workspace::bytes_for<std::uint32_t>(run_places(count)) +
                             Workspace::bytes_for<Match>(most_matches(count)) +
                             Workspace::bytes_for<BlockCodes>(1);
    if (effort == Effort::kFast) return fast;
    return fast + Workspace::bytes_for<Match>(most_matches(count)) +
           MatchSearch::workspace_bytes(count);
}

std::size_t deflate(const std::uint8_t* data, std::size_t count, bool last, Effort effort,
                    std::byte* scratch, std::uint8_t* out) {
    assert(count > 0);
    const std::size_t n = deflate_blocks(count);
    const std::size_t size = (count + n - 1) / n;
    BitWriter writer{out, 0, 0};
    for (std::size_t begin = 0; begin < count; begin += size) {
        const std::size_t end = begin + size < count ? begin + size : count;
        put_block(data + begin, end - begin, begin, last && end == count, effort, scratch, writer);
    }
    // An empty stored block fills up to a whole byte where the stream goes on.
    if (!last) put_bits(writer, 0, 3);
    to_whole_byte(writer);
    if (!last) put_bits(writer, 0xffff0000u, 32);
    return static_cast<std::size_t>(writer.out - out);
}

}  // namespace hotcold
