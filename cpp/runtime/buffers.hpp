// Memory of results. A large block fresh from the system costs a page fault for every 4 KiB, which
// takes about as long as blurring them; so a few that were given back are kept, pages and all, and
// handed out again when the same size is asked for, as it is from batch to batch.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>

namespace hotcold {

// What is kept unused, over all sizes, at most; the oldest go back to the system first.
constexpr std::size_t kMaxKeptBytes = std::size_t{32} << 20;

// No buffer is larger; what is asked for beyond is memory that nobody has.
constexpr std::size_t kMaxBufferBytes = std::numeric_limits<std::size_t>::max() / 4;

// `bytes` > 0 of memory of undefined content, 64-byte aligned. std::bad_alloc when there is none.
// From any thread, as is the other.
void* take_buffer(std::size_t bytes);

// `buffer` came from take_buffer(bytes).
void return_buffer(void* buffer, std::size_t bytes) noexcept;

struct ReturnBuffer {
    std::size_t bytes = 0;
    void operator()(void* buffer) const noexcept { return_buffer(buffer, bytes); }
};

// A buffer that goes back by itself.
using PooledMemory = std::unique_ptr<void, ReturnBuffer>;

inline PooledMemory take_pooled(std::size_t bytes) {
    return PooledMemory(take_buffer(bytes), ReturnBuffer{bytes});
}

}  // namespace hotcold
