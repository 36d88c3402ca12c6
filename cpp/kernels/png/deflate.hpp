// DEFLATE (RFC 1951) of filtered picture rows, a block at a time. Bytes in, bytes out.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hotcold {

// The most that one call takes: what a stored block can hold.
constexpr std::size_t kMaxDeflateBytes = 65535;

// What deflate_block() may write for `count` bytes, what it writes beyond its result included.
constexpr std::size_t deflate_bound(std::size_t count) { return count + 32; }

// kThorough searches for repeats: a few per cent smaller at thirty times the time.
enum class Effort { kFast, kThorough };

// Scratch for blocks of up to `count` bytes.
std::size_t deflate_workspace_bytes(std::size_t count, Effort effort);

// Compresses data[0, count), 1 <= count <= kMaxDeflateBytes, into whole bytes: one block with its
// own Huffman codes, or fixed codes, or stored, whichever is smallest, so never more than count + 5
// bytes. The result can follow and be followed by others; `last` ends the stream. scratch is
// 64-byte aligned. Returns the bytes written.
std::size_t deflate_block(const std::uint8_t* data, std::size_t count, bool last, Effort effort,
                          std::byte* scratch, std::uint8_t* out);

}  // namespace hotcold
