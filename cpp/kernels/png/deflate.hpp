// DEFLATE (RFC 1951) of filtered picture rows. Bytes in, bytes out.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hotcold {

// The least that blocks are cut at. A block has codes of its own: smaller ones would follow the
// picture more closely and pay more, in bytes and in time, for the codes' descriptions.
constexpr std::size_t kBlockBytes = 40960;

constexpr std::size_t deflate_blocks(std::size_t count, std::size_t block_bytes = kBlockBytes) {
    return (count + block_bytes - 1) / block_bytes;
}

// What deflate() may write for `count` bytes, what it writes beyond its result included.
constexpr std::size_t deflate_bound(std::size_t count) {
    return count + 6 * deflate_blocks(count) + 32;
}

// kThorough searches for repeats: a few per cent smaller at thirty times the time.
enum class Effort { kFast, kThorough };

// Scratch for up to `count` bytes.
std::size_t deflate_workspace_bytes(std::size_t count, Effort effort);

// Compresses data[0, count), count > 0, into whole bytes: blocks with their own Huffman codes, or
// fixed codes, or stored, whichever is smallest, so never more than six bytes a block and five at
// the end beyond count. The result can follow and be followed by others; `last` ends the stream.
// scratch is 64-byte aligned. Returns the bytes written.
std::size_t deflate(const std::uint8_t* data, std::size_t count, bool last, Effort effort,
                    std::byte* scratch, std::uint8_t* out);

}  // namespace hotcold
