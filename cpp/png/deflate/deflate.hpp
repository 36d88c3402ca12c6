// DEFLATE (RFC 1951) of filtered picture rows. Bytes in, bytes out.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hotcold {

// How much time goes into a smaller file. kFast takes a sample for the whole and gives a block
// twice the bytes: a hundredth larger. kSmall searches for repeats: a few per cent smaller at
// thirty times the time.
enum class Compression { kFast, kDefault, kSmall };

// Blocks are cut at equal lengths of at most this. A block has codes of its own: smaller ones
// follow the picture more closely and pay more, in bytes and in time, for the codes' descriptions.
// Measured 2026-11 on 224x224 overlays and masks: blocks of 38 KB are smaller by 0.1 to 0.2 % than
// those of 50 KB and take 6 us more; 25 KB another 0.1 % and 15 us.
constexpr std::size_t most_block_bytes(Compression compression) {
    return compression == Compression::kFast ? 81920 : 51200;
}

constexpr std::size_t deflate_blocks(std::size_t count, Compression compression) {
    const std::size_t most = most_block_bytes(compression);
    return (count + most - 1) / most;
}

// Where codes come from a sample, what they make of a block is known when it is sent. It goes in
// pieces, and is stored instead once it takes more: no piece can exceed that by more than this.
constexpr std::size_t kPieceBytes = 8192;
constexpr std::size_t kPieceExcess = kPieceBytes * 5 / 8;

// What deflate() may write for `count` bytes, what it writes beyond its result included.
constexpr std::size_t deflate_bound(std::size_t count) {
    return count + 6 * deflate_blocks(count, Compression::kDefault) + 32 + kPieceExcess;
}

// Scratch for up to `total` bytes.
std::size_t deflate_workspace_bytes(std::size_t total, Compression compression);

// Compresses data[0, count), count > 0, into whole bytes: blocks with their own Huffman codes, or
// fixed codes, or stored, whichever is smallest, so never more than six bytes a block and five at
// the end beyond count. The result can follow and be followed by others; `last` ends the stream.
// scratch is 64-byte aligned. Returns the bytes written.
std::size_t deflate(const std::uint8_t* data, std::size_t count, bool last, Compression compression,
                    std::byte* scratch, std::uint8_t* out);

}  // namespace hotcold
