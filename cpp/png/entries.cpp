// Two passes over the entries, of which the first takes a cycle a pixel (2026-11; loading eight
// entries at a time is no faster).
#include "png/entries.hpp"

#include <cassert>
#include <cstring>

#include "png/palette.ops.hpp"

namespace hotcold {

EntryPalette::EntryPalette(const std::uint8_t* colors, std::size_t n) : n_(n) {
    assert(n >= 1 && n <= 256);
    std::memcpy(colors_.data(), colors, 3 * n);
    std::array<std::uint32_t, 256> keys{};
    for (std::size_t i = 0; i < n; ++i) {
        std::memcpy(&keys[i], colors + 3 * i, 3);
        std::size_t first = 0;
        while (keys[first] != keys[i]) ++first;
        first_[i] = static_cast<std::uint8_t>(first);
    }
}

PngImage EntryPalette::indexed(PngImage image, std::uint8_t* entries) {
    const std::size_t count = image.width * image.height;
    std::array<std::uint8_t, 256> used{};
    for (std::size_t i = 0; i < count; ++i) used[entries[i]] = 1;
    for (std::size_t i = 0; i < n_; ++i) used[first_[i]] |= used[i];

    std::array<std::uint8_t, 256> number{};
    std::size_t n_used = 0;
    for (std::size_t i = 0; i < n_; ++i) {
        if (first_[i] != i) {
            number[i] = number[first_[i]];
        } else if (used[i] != 0) {
            std::memcpy(palette_.data() + 3 * n_used, colors_.data() + 3 * i, 3);
            number[i] = static_cast<std::uint8_t>(n_used++);
        }
    }
    HOTCOLD_SELECT(png_palette).renumber(number.data(), entries, count);

    image.data = entries;
    image.channels = 1;
    image.row_stride = static_cast<std::ptrdiff_t>(image.width);
    image.palette = palette_.data();
    image.palette_entries = n_used;
    return image;
}

}  // namespace hotcold
