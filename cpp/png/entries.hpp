// Pictures that are known by their entries in a colour table: palette pictures without a search.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "png/png.hpp"

namespace hotcold {

class EntryPalette {
  public:
    // colors: n RGB triples, n from 1 to 256.
    EntryPalette(const std::uint8_t* colors, std::size_t n);

    // `image` has one channel of entries below n at `entries`, without gaps. Rewrites them as
    // indices and returns the picture that encode_png() makes of the same pixels in RGB when these
    // colours are expected in this order: unused and repeated entries are left out. Its palette is
    // this object's and changes with the next call.
    PngImage indexed(PngImage image, std::uint8_t* entries);

  private:
    std::size_t n_;
    std::array<std::uint8_t, std::size_t{3} * 256> colors_{};
    std::array<std::uint8_t, 256> first_{};  // of the entries of that colour
    std::array<std::uint8_t, std::size_t{3} * 256> palette_{};
};

}  // namespace hotcold
