// RGB pixels to indices into a list of expected colours, exactly or not at all.
#pragma once

#include <cstddef>
#include <cstdint>

#include "png/png.hpp"
#include "runtime/buffers.hpp"

namespace hotcold {

// The same pixels as a palette picture. The pixels are left as soon as one is found that is not in
// the list, so a photograph costs nothing to speak of.
class IndexedPicture {
  public:
    // picture: three channels with a palette of expected colours.
    IndexedPicture(const PngImage& picture, int n_threads);

    // Whether every pixel is one of the expected colours, and at most 256 of them are used.
    bool found() const { return image_.data != nullptr; }
    // Only when found; refers to this object's memory.
    const PngImage& image() const { return image_; }

  private:
    template <typename Place, typename Index>
    void find_all(const PngImage& picture, const Index& index, int n_threads);

    PngImage image_;
    PooledMemory indices_;
    std::uint8_t palette_[3 * 256] = {};
};

}  // namespace hotcold
