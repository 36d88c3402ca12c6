// What painting looks up: what image bytes and colour-table entries turn into, and how a weighted
// byte of one and a weighted colour of the other become a blended byte without arithmetic on
// numbers.
//
// Shares are counted in units of 2^-30, a rounding of 5e-10 that puts decimal fractions (opacity
// 0.3) back where they belong; sums of them are exact. A sum is cut to a whole number: that is the
// sum of the whole parts, plus one where the fractions reach one together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hotcold {

// A table of 256 bytes as a product: table[x] = (((x * gain) >> 8) + offset) >> 8 in 16 bits.
struct ByteLine {
    ByteLine() = default;
    // Looks for a gain near 65536 * slope; `exact` tells whether one gives every entry.
    ByteLine(const std::uint8_t* table, double slope);

    bool exact = false;
    std::uint16_t gain = 0;
    std::uint16_t offset = 0;
};

// What an image byte turns into, for one image range, one masked opacity and a grey background; x01
// below is clip((byte - low) / (high - low), 0, 1).
struct ImageTable {
    ImageTable() = default;
    ImageTable(double low, double high, double overlay_opacity, double masked_opacity,
               double background);

    std::uint8_t plain[256];  // floor(255 * x01 + 0.5)
    // floor(255 * (masked_opacity * x01 + (1 - masked_opacity) * background) + 0.5)
    std::uint8_t masked[256];
    bool identity = false;  // plain[x] is x
    ByteLine plain_line;
    ByteLine masked_line;

    // The weighted image in a blended pixel, s = 255 * (1 - overlay_opacity) * x01: its whole part,
    // and the place of its fraction among all that occur, smallest first.
    std::uint8_t whole[256];
    std::uint8_t rank[256];
    std::uint32_t fractions[256];  // by rank, n_fractions of them
    std::size_t n_fractions = 0;
    bool halves = false;  // the weighted byte is x / 2, as for the range 0 to 255 at opacity 0.5

    // The same in one number: 256 * whole plus a byte that grows with the rank. Where `code_gain`
    // is not 0 it is (x * code_gain) >> 8, so that no table is needed.
    std::uint16_t code[256];
    std::uint16_t code_gain = 0;
    std::uint8_t lowest_byte[256];  // by rank: the smallest such byte

  private:
    void rank_fractions(const std::uint64_t* weighted);
    bool encode_by(std::uint16_t gain);
};

// Tables of three planes (R, G, B), `stride` elements apart; at least 256, the end unused.
struct ColorPlanes {
    std::size_t stride;
    // The value times 255 cut to a whole number, as matplotlib's bytes=True gives it.
    const std::uint8_t* bytes;
    // The weighted colour in a blended pixel, s = 255 * overlay_opacity * alpha * rgb + 0.5, where
    // the half rounds the sum with the weighted image.
    const float* weighted;
    // Over an image of bytes: its whole part; the fractions of both reach one together
    // where the image's rank is above the entry's threshold. So one byte of either decides.
    const std::uint8_t* whole;
    const std::uint8_t* threshold;
    // R, G, B and 0 for each entry: a number that, added to the image's code, leaves the blended
    // byte in the upper half of 16 bits.
    const std::uint16_t* codes;
    // R, G, B and a byte of padding for each entry.
    const std::uint8_t* pixels;
    // Null unless the image is weighted by a half (ImageTable). Twice the weighted colour cut to a
    // byte: the blended byte is the mean of it and the image's byte, halves rounded up, which is
    // one instruction for a register of bytes. (x / 2 + s cut to a whole number is x + 2 s, cut,
    // halved and cut again, since x is whole.)
    const std::uint8_t* partner;
    const std::uint8_t* partner_pixels;  // as `pixels`
    // Null unless the table is translucent: its alpha weights the image entry by entry. R, G, B and
    // the image's gain g for each entry: the blended byte is the upper half of
    // ((x * g) >> 8) + code in 16 bits. Gains and codes are rounded up, so that what lies half way
    // between two levels goes up, and no sum is off by more than 2 / 256 of a level.
    const std::uint16_t* translucent_codes;
    // The same as planes of bytes: lower and upper halves of R, of G, of B and of the gain.
    const std::uint8_t* translucent_halves;
};

// A colour map as entries x 4 numbers, and what the kernels need of it.
class ColorTable {
  public:
    ColorTable() = default;
    // rgba: entries x 4 values in [0, 1].
    ColorTable(const double* rgba, std::size_t entries);

    // What overlays need: over an image of numbers, and over bytes. A translucent table's bytes
    // must be x01 * 255 (ImageTable::identity).
    void prepare_overlay(double overlay_opacity);
    void prepare_overlay(double overlay_opacity, const ImageTable& image);

    std::size_t entries() const { return entries_; }
    // Whether an entry has an alpha below 1.
    bool is_translucent() const { return translucent_; }
    ColorPlanes planes() const;
    // Over numbers, the weighted colours of channel `channel` as ColorPlanes::weighted.
    const float* weighted(std::size_t channel) const {
        return weighted_.data() + channel * stride_;
    }

    // For tables with alpha, a pixel at a time. Colours and alpha, four bytes a pixel;
    template <typename Entry>
    void paint_rgba(const Entry* entries, std::size_t count, std::uint8_t* out) const;
    // floor(255 * ((1 - o a) * x01 + o a rgb) + 0.5) for channel `channel` of an overlay.
    template <typename T, typename Entry>
    void blend(const T* x01, const Entry* entries, std::size_t count, std::size_t channel,
               std::uint8_t* out) const;

  private:
    void prepare_translucent(double overlay_opacity);

    std::size_t entries_ = 0;
    std::size_t stride_ = 0;
    bool translucent_ = false;
    std::vector<double> rgba_;
    std::vector<std::uint8_t> alpha_;
    std::vector<float> image_gain_;  // 255 * (1 - overlay_opacity * alpha)
    std::vector<std::uint8_t> bytes_;
    std::vector<std::uint8_t> pixels_;
    std::vector<float> weighted_;
    std::vector<std::uint8_t> whole_;
    std::vector<std::uint8_t> threshold_;
    std::vector<std::uint16_t> codes_;
    std::vector<std::uint8_t> partner_;
    std::vector<std::uint8_t> partner_pixels_;
    std::vector<std::uint16_t> translucent_codes_;
    std::vector<std::uint8_t> translucent_halves_;
};

}  // namespace hotcold
