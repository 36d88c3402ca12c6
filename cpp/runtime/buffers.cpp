#include "runtime/buffers.hpp"

#include <cstdint>
#include <mutex>
#include <new>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>

#include "runtime/integers.hpp"
#define HOTCOLD_HAS_MMAP 1
#endif

namespace hotcold {
namespace {

constexpr std::size_t kPage = 4096;

std::size_t whole_pages(std::size_t bytes) { return round_up(bytes, kPage); }

// Straight from the system where that can be had: a block between others in malloc's heap would
// keep its pages when it is given back.
#if defined(HOTCOLD_HAS_MMAP)
void release(void* block, std::size_t bytes) noexcept { munmap(block, bytes); }

void* map(std::size_t bytes) {
    void* const block =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) throw std::bad_alloc();
    return block;
}

#if defined(MADV_HUGEPAGE)
constexpr std::size_t kHugePage = std::size_t{2} << 20;

// On huge pages where the system has them: one fault and not 512 for 2 MiB, which for fresh memory
// takes a third of the time (measured 2026-11). Cut to whole ones from a stretch that is longer.
void* allocate(std::size_t bytes) {
    if (bytes < kHugePage) return map(bytes);
    char* const stretch = static_cast<char*>(map(bytes + kHugePage));
    const std::size_t past = reinterpret_cast<std::uintptr_t>(stretch) % kHugePage;
    const std::size_t before = past == 0 ? 0 : kHugePage - past;
    if (before > 0) release(stretch, before);
    release(stretch + before + bytes, kHugePage - before);
    madvise(stretch + before, bytes, MADV_HUGEPAGE);
    return stretch + before;
}
#else
void* allocate(std::size_t bytes) { return map(bytes); }
#endif
#else
constexpr std::align_val_t kAlignment{64};

void* allocate(std::size_t bytes) { return ::operator new(bytes, kAlignment); }

void release(void* block, std::size_t) noexcept { ::operator delete(block, kAlignment); }
#endif

struct Kept {
    void* buffer;
    std::size_t bytes;
};

class Shelf {
  public:
    Shelf() { kept_.reserve(kMaxBuffers); }

    void* take(std::size_t bytes) {
        // After fork() another thread of the parent may hold the lock for ever: then do without.
        const std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
        if (!lock.owns_lock()) return nullptr;
        for (std::size_t i = kept_.size(); i-- > 0;) {
            if (kept_[i].bytes != bytes) continue;
            void* const buffer = kept_[i].buffer;
            remove(i);
            return buffer;
        }
        return nullptr;
    }

    // False when the buffer is not wanted.
    bool put(void* buffer, std::size_t bytes) {
        if (bytes > kMaxKeptBytes) return false;
        const std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
        if (!lock.owns_lock()) return false;
        while (kept_.size() == kMaxBuffers || total_ + bytes > kMaxKeptBytes) {
            release(kept_.front().buffer, kept_.front().bytes);
            remove(0);
        }
        kept_.push_back({buffer, bytes});
        total_ += bytes;
        return true;
    }

  private:
    static constexpr std::size_t kMaxBuffers = 64;

    void remove(std::size_t i) {
        total_ -= kept_[i].bytes;
        kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(i));
    }

    std::mutex mutex_;
    std::vector<Kept> kept_;  // oldest first
    std::size_t total_ = 0;
};

// Never destroyed: arrays are given back until the interpreter is gone. Made when the library is
// loaded: a fork while one thread makes it would leave the child waiting for that thread.
Shelf* const made_shelf = new Shelf;

Shelf& shelf() { return *made_shelf; }

}  // namespace

void* take_buffer(std::size_t bytes) {
    if (bytes > kMaxBufferBytes) throw std::bad_alloc();
    const std::size_t size = whole_pages(bytes);
    void* const kept = shelf().take(size);
    return kept != nullptr ? kept : allocate(size);
}

void return_buffer(void* buffer, std::size_t bytes) noexcept {
    const std::size_t size = whole_pages(bytes);
    if (!shelf().put(buffer, size)) release(buffer, size);
}

}  // namespace hotcold
