// Passes over a block that stays in L2: count bytes, find runs, build the codes, send them. There
// is no search for repeats: filtered photographs under a heat map hold almost none that pay
// (measured 2026-11: a one-table search saves 0 to 1 % of an overlay, 1 to 2 % of a masked
// photograph, and takes four times as long as all the rest).
#include "kernels/deflate.hpp"

#include <cassert>
#include <cstring>

#include "kernels/deflate_codes.hpp"
#include "kernels/deflate_costs.hpp"
#include "kernels/deflate_runs.hpp"
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

  private:
    std::byte* data_;
};

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
    return Workspace::bytes_for<std::uint64_t>(run_words(count)) +
           Workspace::bytes_for<Match>(count / kShortestRun + 1) +
           Workspace::bytes_for<BlockCodes>(1);
}

std::size_t deflate_block(const std::uint8_t* data, std::size_t count, bool last,
                          std::byte* scratch, std::uint8_t* out) {
    assert(count > 0 && count <= kMaxDeflateBytes);
    Scratch take(scratch);
    auto* equal = take.piece<std::uint64_t>(run_words(count));
    auto* matches = take.piece<Match>(count / kShortestRun + 1);
    auto& codes = *take.piece<BlockCodes>(1);

    std::uint32_t bytes[256];
    count_bytes(data, count, bytes);
    const std::size_t n_matches = find_runs(data, count, expected_costs(bytes), equal, matches);
    SymbolCounts counts;
    count_symbols(data, bytes, matches, n_matches, counts);
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
    HOTCOLD_SELECT(deflate).emit(data, count, matches, n_matches, codes, writer);
    finish(writer, last);
    return static_cast<std::size_t>(writer.out - out);
}

}  // namespace hotcold
