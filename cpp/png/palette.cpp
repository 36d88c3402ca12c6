// One look-up per pixel in a table from colour to place in the list, read-only once filled. Which
// places are used is known only at the end: the unused ones are left out in a second pass.
//
// A list of at most 256 colours gets a table in which each has a slot to itself: no branch, and no
// guess, per pixel. The table is large for that, but only one line of it per colour is touched.
#include "png/palette.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>
#include <vector>

#include "png/palette.ops.hpp"
#include "runtime/parallel.hpp"

namespace hotcold {
namespace {

constexpr std::uint32_t kMissing = ~std::uint32_t{0};
constexpr std::uint32_t kGolden = 0x9e3779b1u;

std::uint32_t key_of(const std::uint8_t* color) {
    return color[0] | std::uint32_t{color[1]} << 8 | std::uint32_t{color[2]} << 16;
}

// The same above a byte of zeros, where the byte before the colour may be read.
std::uint32_t high_key_within(const std::uint8_t* color) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    std::uint32_t four;
    std::memcpy(&four, color - 1, sizeof(four));
    return four & 0xffffff00u;
#else
    return key_of(color) << 8;
#endif
}

bool listed(const std::uint8_t* colors, std::size_t n, const std::uint8_t* color) {
    for (std::size_t i = 0; i < n; ++i) {
        if (key_of(colors + 3 * i) == key_of(color)) return true;
    }
    return false;
}

// Any number of colours: a hash table with linear probing.
class HashIndex {
  public:
    // colors: n RGB triples. Of equal ones the first counts.
    HashIndex(const std::uint8_t* colors, std::size_t n) {
        while ((std::size_t{1} << bits_) < 4 * n) ++bits_;
        slots_.assign(std::size_t{1} << bits_, Slot{kMissing, kMissing});
        for (std::size_t i = 0; i < n; ++i) {
            const std::uint32_t key = key_of(colors + 3 * i);
            Slot& slot = slots_[slot_of(key)];
            if (slot.key == kMissing) slot = {key, static_cast<std::uint32_t>(i)};
        }
    }

    bool has(const std::uint8_t* color) const { return find(key_of(color)) != kMissing; }

    // Writes the place of each pixel of one row and marks it used; false at the first stranger.
    template <typename Place>
    bool find_row(const std::uint8_t* row, std::size_t width, Place* places,
                  std::uint8_t* used) const {
        for (std::size_t x = 0; x < width; ++x) {
            const std::uint32_t place = find(key_of(row + 3 * x));
            if (place == kMissing) return false;
            used[place] = 1;
            places[x] = static_cast<Place>(place);
        }
        return true;
    }

  private:
    struct Slot {
        std::uint32_t key;
        std::uint32_t index;
    };

    // Where the key is, or the free slot where it would be.
    std::size_t slot_of(std::uint32_t key) const {
        std::size_t slot = (key * kGolden) >> (32 - bits_);
        while (slots_[slot].key != key && slots_[slot].key != kMissing) {
            slot = (slot + 1) & ((std::size_t{1} << bits_) - 1);
        }
        return slot;
    }

    std::uint32_t find(std::uint32_t key) const { return slots_[slot_of(key)].index; }

    unsigned bits_ = 4;
    std::vector<Slot> slots_;
};

// At most 256 colours, no two of them in one slot.
class DirectIndex {
  public:
    DirectIndex(const std::uint8_t* colors, std::size_t n)
        : memory_(take_pooled(kSlots * sizeof(std::uint32_t))),
          slots_(static_cast<std::uint32_t*>(memory_.get())) {
        std::memset(slots_, 0, kSlots * sizeof(*slots_));
        slots_[0] = empty(0);
        // About one factor in three parts 256 colours.
        for (int i = 0; i < kMostTries; ++i, factor_ += 2 * kGolden) {
            parted_ = fill(colors, n);
            if (parted_) return;
        }
    }

    // Whether there is an index. Otherwise nothing else may be called.
    bool parted() const { return parted_; }

    bool find_row(const std::uint8_t* row, std::size_t width, std::uint8_t* places,
                  std::uint8_t* used) const {
        const std::uint32_t* const slots = slots_;
        const std::uint32_t factor = factor_;
        std::uint32_t strange = 0;
        const auto find = [&](std::uint32_t high_key, std::size_t x) {
            const std::uint32_t slot = slots[slot_of(high_key, factor)];
            strange |= slot ^ high_key;
            const auto place = static_cast<std::uint8_t>(slot);
            used[place] = 1;
            places[x] = place;
        };
        find(key_of(row) << 8, 0);
        for (std::size_t x = 1; x < width; ++x) find(high_key_within(row + 3 * x), x);
        return strange >> 8 == 0;
    }

  private:
    static constexpr unsigned kBits = 15;
    static constexpr std::size_t kSlots = std::size_t{1} << kBits;
    static constexpr int kMostTries = 32;

    static std::size_t slot_of(std::uint32_t high_key, std::uint32_t factor) {
        return high_key * factor >> (32 - kBits);
    }

    // What an empty slot holds: a key that is not looked for there.
    static constexpr std::uint32_t empty(std::size_t slot) { return slot == 0 ? 1u << 8 : 0; }

    // False, with the slots empty as before, where two colours meet.
    bool fill(const std::uint8_t* colors, std::size_t n) {
        if (slot_of(1u << 8, factor_) == 0) return false;
        for (std::size_t i = 0; i < n; ++i) {
            const std::uint32_t key = key_of(colors + 3 * i);
            const std::size_t slot = slot_of(key << 8, factor_);
            if (slots_[slot] == empty(slot)) {
                slots_[slot] = key << 8 | static_cast<std::uint32_t>(i);
            } else if (slots_[slot] >> 8 != key) {
                for (std::size_t k = 0; k < i; ++k) {
                    const std::size_t filled = slot_of(key_of(colors + 3 * k) << 8, factor_);
                    slots_[filled] = empty(filled);
                }
                return false;
            }
        }
        return true;
    }

    PooledMemory memory_;
    std::uint32_t* slots_;
    std::uint32_t factor_ = kGolden;
    bool parted_ = false;
};

constexpr std::size_t kTaskPixels = 1 << 16;
constexpr std::size_t kMostEntries = 256;

}  // namespace

IndexedPicture::IndexedPicture(const PngImage& picture, int n_threads) {
    if (picture.palette_entries <= kMostEntries) {
        // Photographs end here, before any memory is taken.
        if (!listed(picture.palette, picture.palette_entries, picture.data)) return;
        const DirectIndex index(picture.palette, picture.palette_entries);
        if (index.parted()) {
            find_all<std::uint8_t>(picture, index, n_threads);
            return;
        }
    }
    const HashIndex index(picture.palette, picture.palette_entries);
    if (!index.has(picture.data)) return;
    find_all<std::uint16_t>(picture, index, n_threads);
}

template <typename Place, typename Index>
void IndexedPicture::find_all(const PngImage& picture, const Index& index, int n_threads) {
    const std::size_t width = picture.width;
    const std::size_t pixels = width * picture.height;
    const std::size_t rows_per_task = std::max<std::size_t>(1, kTaskPixels / width);
    const std::size_t n_tasks = (picture.height + rows_per_task - 1) / rows_per_task;
    PooledMemory memory = take_pooled(pixels * sizeof(Place));
    auto* const places = static_cast<Place*>(memory.get());
    std::vector<std::uint8_t> used(std::max(picture.palette_entries, kMostEntries) * n_tasks);
    const std::size_t marks = used.size() / n_tasks;
    std::atomic<bool> all_found{true};
    const auto for_tasks = [&](const auto& body) {
        parallel_for(n_tasks, n_threads, [&](std::size_t task, int) {
            const std::size_t first = task * rows_per_task;
            body(task, first, std::min(picture.height, first + rows_per_task));
        });
    };
    for_tasks([&](std::size_t task, std::size_t first, std::size_t last) {
        for (std::size_t y = first; y < last && all_found; ++y) {
            const std::uint8_t* row =
                picture.data + static_cast<std::ptrdiff_t>(y) * picture.row_stride;
            if (!index.find_row(row, width, places + y * width, used.data() + task * marks)) {
                all_found = false;
            }
        }
    });
    if (!all_found) return;

    std::vector<std::uint8_t> number(marks);
    std::size_t entries = 0;
    for (std::size_t place = 0; place < picture.palette_entries; ++place) {
        check_interrupt();
        std::uint8_t any = 0;
        for (std::size_t task = 0; task < n_tasks; ++task) any |= used[task * marks + place];
        if (any == 0) continue;
        if (entries == kMostEntries) return;
        std::memcpy(palette_ + 3 * entries, picture.palette + 3 * place, 3);
        number[place] = static_cast<std::uint8_t>(entries++);
    }
    if constexpr (sizeof(Place) == 1) {
        indices_ = std::move(memory);
    } else {
        indices_ = take_pooled(pixels);
    }
    auto* const indices = static_cast<std::uint8_t*>(indices_.get());
    for_tasks([&](std::size_t, std::size_t first, std::size_t last) {
        if constexpr (sizeof(Place) == 1) {
            HOTCOLD_SELECT(png_palette)
                .renumber(number.data(), indices + first * width, (last - first) * width);
        } else {
            for (std::size_t i = first * width; i < last * width; ++i)
                indices[i] = number[places[i]];
        }
    });
    image_ = {indices, static_cast<std::ptrdiff_t>(width), width, picture.height, 1, palette_,
              entries};
}

}  // namespace hotcold
