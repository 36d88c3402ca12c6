// From bytes to pixels: table entries, image bytes and mask bytes of a run of pixels become RGB or
// RGBA. No arithmetic on numbers happens here, only look-ups in tables of at most 256 entries,
// which fit the registers of a processor that can permute bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hotcold {

// Channels of a picture: RGB or RGBA.
constexpr std::size_t kMaxPictureChannels = 4;

// What an image byte turns into, for one image range and one masked opacity; x01 below is
// clip((byte - low) / (high - low), 0, 1).
struct ImageTable {
    ImageTable() = default;
    ImageTable(double low, double high, double overlay_opacity, double masked_opacity);

    std::uint8_t plain[256];   // floor(255 * x01 + 0.5)
    std::uint8_t masked[256];  // floor(255 * masked_opacity * x01 + 0.5)

    // The image's share of a blended pixel, s = 255 * (1 - overlay_opacity) * x01: its whole part,
    // and the place of its fraction among all that occur, smallest first.
    std::uint8_t whole[256];
    std::uint8_t rank[256];
    std::uint32_t fixed[256];  // s with 24 bits of fraction
    double fractions[256];     // by rank, n_fractions of them
    std::size_t n_fractions = 0;
};

// Tables of three planes (R, G, B), `stride` elements apart; at least 256, the end unused.
struct ColorPlanes {
    std::size_t stride;
    // The value times 255 cut to a whole number, as matplotlib's bytes=True gives it.
    const std::uint8_t* bytes;
    // The colour's share of a blended pixel, s = 255 * overlay_opacity * rgb + 0.5, where the half
    // rounds the sum with the image's share.
    const float* share;
    const std::uint32_t* fixed;  // s with 24 bits of fraction
    // Two shares summed and cut to a whole number are the sum of their whole parts, plus one where
    // their fractions reach one together; that is where the image's fraction ranks above the
    // entry's threshold. So one byte of either decides the carry, and exactly.
    const std::uint8_t* whole;
    const std::uint8_t* threshold;
    // R, G, B and a byte of padding for each entry.
    const std::uint8_t* pixels;
};

// A colour map as entries x 4 numbers, and what the kernels need of it.
class ColorTable {
  public:
    ColorTable() = default;
    // rgba: entries x 4 values in [0, 1].
    ColorTable(const double* rgba, std::size_t entries);

    // What overlays need: over an image of numbers, and over bytes.
    void prepare_overlay(double overlay_opacity);
    void prepare_overlay(double overlay_opacity, const ImageTable& image);

    std::size_t entries() const { return entries_; }
    ColorPlanes planes() const;
    // Over numbers, the share of colour channel `channel` as ColorPlanes::share.
    const float* share(std::size_t channel) const { return share_.data() + channel * stride_; }

  private:
    std::size_t entries_ = 0;
    std::size_t stride_ = 0;
    std::vector<double> rgba_;
    std::vector<std::uint8_t> bytes_;
    std::vector<std::uint8_t> pixels_;
    std::vector<float> share_;
    std::vector<std::uint32_t> fixed_;
    std::vector<std::uint8_t> whole_;
    std::vector<std::uint8_t> threshold_;
};

// A run of image bytes: 1 (grey), 3 or 4 planes.
struct ByteRun {
    std::size_t count = 0;
    std::size_t channels = 0;
    const std::uint8_t* planes[kMaxPictureChannels] = {};
};

// `Entry` below is std::uint8_t for tables of up to 256 entries, std::uint16_t beyond.

// Table colours; three bytes a pixel.
template <typename Entry>
void paint_colors(const Entry* entries, std::size_t count, const ColorPlanes& table,
                  std::uint8_t* out);

// floor(255 * ((1 - o) * x01 + o * rgb) + 0.5) per colour channel; alpha is plain. Three bytes a
// pixel, four where the image has four channels.
template <typename Entry>
void paint_overlay(const Entry* entries, const ByteRun& image, const ColorPlanes& table,
                   const ImageTable& shares, std::uint8_t* out);

// Image bytes where the mask byte is 255, masked ones where it is 0. masks: one plane a channel; a
// null plane leaves its channel unmasked.
void paint_mask(const std::uint8_t* const* masks, const ByteRun& image, const ImageTable& table,
                std::uint8_t* out);

// Splits `count` pixels of 3 or 4 adjacent bytes into planes.
void split_pixels(const std::uint8_t* pixels, std::size_t count, std::size_t channels,
                  std::uint8_t* const* planes);

// Weaves 1 (grey), 3 or 4 planes into pixels of 3 or 4 adjacent bytes.
void join_planes(const ByteRun& run, std::uint8_t* out);

}  // namespace hotcold
