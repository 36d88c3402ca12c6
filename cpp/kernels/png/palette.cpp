// A small hash table from colour to place in the list, read-only once filled, then one look-up per
// pixel. Which places are used is known only at the end, so places are kept in 16 bits first and
// numbered anew, without the unused ones, in a second pass.
#include "kernels/png/palette.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "runtime/parallel.hpp"

namespace hotcold {
namespace {

constexpr std::uint32_t kMissing = ~std::uint32_t{0};

std::uint32_t key_of(const std::uint8_t* color) {
    return color[0] | std::uint32_t{color[1]} << 8 | std::uint32_t{color[2]} << 16;
}

// The same, where a byte behind the colour may be read.
std::uint32_t key_within(const std::uint8_t* color) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    std::uint32_t four;
    std::memcpy(&four, color, sizeof(four));
    return four & 0xffffffu;
#else
    return key_of(color);
#endif
}

struct Slot {
    std::uint32_t key;
    std::uint32_t index;
};

// The table as a loop wants it: by value, so that bytes written do not make it look again.
struct SlotsView {
    const Slot* slots;
    unsigned bits;

    // Where the key is, or the free slot where it would be.
    std::size_t place_of(std::uint32_t key) const {
        std::size_t place = (key * 0x9e3779b1u) >> (32 - bits);
        while (slots[place].key != key && slots[place].key != kMissing) {
            place = (place + 1) & ((std::size_t{1} << bits) - 1);
        }
        return place;
    }
    // The colour's place in the list, or kMissing.
    std::uint32_t find(std::uint32_t key) const { return slots[place_of(key)].index; }
};

class ColorIndex {
  public:
    // colors: n RGB triples. Of equal ones the first counts.
    ColorIndex(const std::uint8_t* colors, std::size_t n) {
        // Few colours get more room: a key in another's place costs a wrongly guessed branch.
        const std::size_t room = n <= 256 ? 16 * n : 4 * n;
        while ((std::size_t{1} << bits_) < room) ++bits_;
        slots_.assign(std::size_t{1} << bits_, Slot{kMissing, kMissing});
        for (std::size_t i = 0; i < n; ++i) {
            const std::uint32_t key = key_of(colors + 3 * i);
            Slot& slot = slots_[view().place_of(key)];
            if (slot.key == kMissing) slot = {key, static_cast<std::uint32_t>(i)};
        }
    }

    SlotsView view() const { return {slots_.data(), bits_}; }

  private:
    unsigned bits_ = 4;
    std::vector<Slot> slots_;
};

// Writes the place of each pixel of one row and marks it used; false at the first stranger. Pixels
// are not compared with the one before: in a smooth map it differs as often as not.
bool find_row(const SlotsView index, const std::uint8_t* row, std::size_t width,
              std::uint16_t* places, std::uint8_t* used) {
    for (std::size_t x = 0; x < width; ++x) {
        const std::uint8_t* color = row + 3 * x;
        const std::uint32_t key = x + 1 < width ? key_within(color) : key_of(color);
        const std::uint32_t place = index.find(key);
        if (place == kMissing) return false;
        used[place] = 1;
        places[x] = static_cast<std::uint16_t>(place);
    }
    return true;
}

void renumber(const std::uint16_t* places, std::size_t count, const std::uint8_t* number,
              std::uint8_t* out) {
    for (std::size_t i = 0; i < count; ++i) out[i] = number[places[i]];
}

constexpr std::size_t kTaskPixels = 1 << 16;

}  // namespace

IndexedPicture::IndexedPicture(const PngImage& picture, int n_threads) {
    const std::size_t width = picture.width;
    const std::size_t rows_per_task = std::max<std::size_t>(1, kTaskPixels / width);
    const std::size_t n_tasks = (picture.height + rows_per_task - 1) / rows_per_task;
    const ColorIndex colors(picture.palette, picture.palette_entries);
    const SlotsView index = colors.view();
    // Photographs end here, before any memory is taken.
    if (index.find(key_of(picture.data)) == kMissing) return;

    const std::unique_ptr<std::uint16_t[]> places(new std::uint16_t[width * picture.height]);
    std::vector<std::uint8_t> used(picture.palette_entries * n_tasks);
    std::atomic<bool> all_found{true};
    const auto for_rows = [&](const auto& body) {
        parallel_for(n_tasks, n_threads, [&](std::size_t task, int) {
            const std::size_t last = std::min(picture.height, (task + 1) * rows_per_task);
            for (std::size_t y = task * rows_per_task; y < last && all_found; ++y) body(task, y);
        });
    };
    for_rows([&](std::size_t task, std::size_t y) {
        const std::uint8_t* row =
            picture.data + static_cast<std::ptrdiff_t>(y) * picture.row_stride;
        std::uint8_t* marks = used.data() + task * picture.palette_entries;
        if (!find_row(index, row, width, places.get() + y * width, marks)) all_found = false;
    });
    if (!all_found) return;

    std::vector<std::uint8_t> number(picture.palette_entries);
    std::size_t entries = 0;
    for (std::size_t place = 0; place < picture.palette_entries; ++place) {
        std::uint8_t any = 0;
        for (std::size_t task = 0; task < n_tasks; ++task) {
            any |= used[task * picture.palette_entries + place];
        }
        if (any == 0) continue;
        if (entries == 256) return;
        std::memcpy(palette_ + 3 * entries, picture.palette + 3 * place, 3);
        number[place] = static_cast<std::uint8_t>(entries++);
    }
    indices_.reset(new std::uint8_t[width * picture.height]);
    for_rows([&](std::size_t, std::size_t y) {
        renumber(places.get() + y * width, width, number.data(), indices_.get() + y * width);
    });
    image_ = {
        indices_.get(), static_cast<std::ptrdiff_t>(width), width, picture.height, 1, palette_,
        entries};
}

}  // namespace hotcold
