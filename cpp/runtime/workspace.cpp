#include "runtime/workspace.hpp"

#include <memory>
#include <new>

namespace hotcold {
namespace {

struct AlignedDelete {
    void operator()(std::byte* block) const {
        ::operator delete[](block, std::align_val_t{Workspace::kAlignment});
    }
};
using Block = std::unique_ptr<std::byte[], AlignedDelete>;

Block allocate(std::size_t bytes) {
    return Block(
        static_cast<std::byte*>(::operator new[](bytes, std::align_val_t{Workspace::kAlignment})));
}

// Larger blocks go back at once: a thread that once blurred a poster must not hold 1 GB for ever.
constexpr std::size_t kKeepBytes = std::size_t{16} << 20;

struct Kept {
    Block block;
    std::size_t size = 0;
    bool in_use = false;
};

Kept& kept() {
    thread_local Kept instance;
    return instance;
}

}  // namespace

Workspace::Workspace(std::size_t bytes) : size_(bytes) {
    Kept& mine = kept();
    if (bytes > kKeepBytes || mine.in_use) {
        data_ = allocate(bytes).release();
        owned_ = true;
        return;
    }
    if (mine.size < bytes) {
        mine.block.reset();
        mine.size = 0;
        mine.block = allocate(bytes);
        mine.size = bytes;
    }
    mine.in_use = true;
    data_ = mine.block.get();
}

Workspace::~Workspace() {
    if (owned_) {
        AlignedDelete{}(data_);
    } else {
        kept().in_use = false;
    }
}

}  // namespace hotcold
