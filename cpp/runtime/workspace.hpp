// Scratch memory that a thread keeps between calls, so that no kernel allocates per item.
#pragma once

#include <cassert>
#include <cstddef>

#include "runtime/integers.hpp"

namespace hotcold {

// Hands out 64-byte aligned pieces of one block that belongs to the calling thread. Only one
// Workspace may be alive per thread; the pieces die with it. The block is kept for the thread's
// next call (fresh pages cost more than a small render), unless it is large.
class Workspace {
  public:
    explicit Workspace(std::size_t bytes);
    ~Workspace();
    Workspace(const Workspace&) = delete;
    Workspace& operator=(const Workspace&) = delete;

    template <typename T>
    T* take(std::size_t count) {
        T* piece = reinterpret_cast<T*>(data_ + used_);
        used_ += bytes_for<T>(count);
        assert(used_ <= size_);
        return piece;
    }

    // Gives back everything taken: the next item starts over.
    void reset() { used_ = 0; }

    // What take<T>(count) uses up: pieces are padded to whole cache lines.
    template <typename T>
    static std::size_t bytes_for(std::size_t count) {
        return round_up(count * sizeof(T), kAlignment);
    }

    static constexpr std::size_t kAlignment = 64;

  private:
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t used_ = 0;
    bool owned_ = false;
};

}  // namespace hotcold
