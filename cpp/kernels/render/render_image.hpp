// Reading the image that a map is laid over, a run of pixels at a time: as numbers in [0, 1], or as
// the bytes it is made of.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/load/image_view.hpp"
#include "kernels/normalize/normalize.hpp"
#include "kernels/paint/colorize.hpp"
#include "kernels/paint/paint.hpp"
#include "kernels/render/plan.hpp"
#include "runtime/parallel.hpp"

namespace hotcold {

// Calls body(row, column, count) for the runs of rows [first, last). `adjoining` rows are walked as
// one long row: `column` may then lie beyond the first of them, at the address of the later one.
template <typename F>
void for_runs(std::size_t first, std::size_t last, std::size_t columns, bool adjoining,
              const F& body) {
    const std::size_t rows = adjoining ? 1 : last - first;
    const std::size_t length = adjoining ? (last - first) * columns : columns;
    for (std::size_t row = first; row < first + rows; ++row) {
        for (std::size_t column = 0; column < length; column += kRun) {
            body(row, column, length - column < kRun ? length - column : kRun);
        }
    }
}

// Image numbers of a run.
template <typename T>
struct NumberRun {
    std::size_t count;
    std::size_t channels;
    T planes[kMaxPictureChannels][kRun];
};

// Picture bytes of a run before they are interleaved.
struct BytePlanes {
    BytePlanes(std::size_t n, std::size_t n_channels) : count(n), channels(n_channels) {}
    ByteRun run() const { return {count, channels, {planes[0], planes[1], planes[2], planes[3]}}; }

    std::size_t count;
    std::size_t channels;
    std::uint8_t planes[kMaxPictureChannels][kRun];
};

// One item of an image batch of 1, 3 or 4 channels, its colours in the order of a picture's.
class ImageReader {
  public:
    ImageReader(const SourceView& image, std::size_t item, ChannelOrder order)
        : image_(image), item_(item), order_(order) {}

    // Raw numbers, all channels. Returns how many were not finite; those are read as 0.
    template <typename T>
    std::size_t numbers(std::size_t row, std::size_t column, std::size_t count,
                        T (&planes)[kMaxPictureChannels][kRun]) const;

    // The bytes of a uint8 image, where they lie if planes or pixels are adjacent there, else in
    // `planes`.
    ByteRun bytes(std::size_t row, std::size_t column, std::size_t count,
                  std::uint8_t (&planes)[kMaxPictureChannels][kRun]) const;

    // The scale that takes the item's smallest number to 0 and its largest to 1, one over all
    // colours so that hues survive; alpha and numbers that are not finite have no part in it. An
    // image of one colour has no range: it is taken as from 0 to opaque(). 16384 and more pixels
    // are measured by the whole team.
    template <typename T>
    ImageScale<T> own_scale(const Team& team) const;

    // What alpha of 1 is in images of this type: 1 for floats and bool, 65535 for uint16, 255 for
    // other integers.
    template <typename T>
    T opaque() const;

    // Whether all numbers of the item are finite, in T's reading of them.
    template <typename T>
    bool is_finite(const Team& team) const;

  private:
    // The smallest and the largest finite colour of a run; the largest is the smaller one if none.
    template <typename T>
    Extremes<T> run_extremes(std::size_t row, std::size_t column, std::size_t count) const;
    std::size_t colors() const { return image_.shape.channels == 4 ? 3 : image_.shape.channels; }
    // A run of pixels as an item of one row.
    SourceView run_view(std::size_t row, std::size_t column, std::size_t count) const;
    // Here `channel` is the image's own; channel_of() tells it for a picture's.
    const std::byte* at(std::size_t channel, std::size_t row, std::size_t column) const;
    std::size_t channel_of(std::size_t shown) const {
        return image_channel(order_, image_.shape.channels, shown);
    }

    const SourceView& image_;
    std::size_t item_;
    ChannelOrder order_;
};

}  // namespace hotcold
