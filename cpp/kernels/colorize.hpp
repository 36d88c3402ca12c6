// From numbers to pixels: table colouring, overlay blending, masks, direct channels. All work on a
// short run of pixels of one row; the fused render walks the rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hotcold {

// Channels of a picture: RGB or RGBA.
constexpr std::size_t kMaxPictureChannels = 4;

// A colour map as entries x 4 numbers, and what the kernels need of it, computed once per call.
class ColorTable {
  public:
    ColorTable() = default;
    // rgba: entries x 4 values in [0, 1]. overlay_opacity: how much of the colour an overlay keeps.
    ColorTable(const double* rgba, std::size_t entries, double overlay_opacity);

    std::size_t entries() const { return entries_; }
    // entries x 4, the value times 255 cut to a whole number, as matplotlib's bytes=True gives it.
    const std::uint8_t* bytes() const { return bytes_.data(); }
    // entries x 4, 255 * overlay_opacity * value + 0.5: the colour's share of a blended pixel and
    // the half that rounds it.
    const float* overlay() const { return overlay_.data(); }

  private:
    std::size_t entries_ = 0;
    std::vector<std::uint8_t> bytes_;
    std::vector<float> overlay_;
};

// Colour limits, as matplotlib's Normalize: t = (v - low) / range.
template <typename T>
struct Limits {
    T low = 0;
    T range = 1;  // 0 where the limits coincide: every value is drawn with `flat`
    T flat = 0;   // t for range 0
};

// How an image's numbers become [0, 1]: clip((x - low) / range, 0, 1); 0 where range is 0.
template <typename T>
struct ImageScale {
    T prescale = 1;
    T low = 0;
    T range = 1;
};

// A run of `count` pixels of one row, channel planes apart.
template <typename T>
struct PixelRun {
    std::size_t count = 0;
    const T* channels[kMaxPictureChannels] = {};
    std::size_t n_channels = 0;
};

// Map values to table colours; out has out_channels (3 or 4) bytes per pixel.
template <typename T>
void color_run(const T* values, std::size_t count, const Limits<T>& limits, const ColorTable& table,
               std::size_t out_channels, std::uint8_t* out);

// floor(255 * ((1 - o) * x01 + o * rgb) + 0.5) per colour channel; a fourth image channel passes
// through as floor(255 * x01 + 0.5). A single image channel is grey. `image` holds x01.
template <typename T>
void overlay_run(const T* values, const PixelRun<T>& image, const Limits<T>& limits,
                 const ColorTable& table, double overlay_opacity, std::uint8_t* out);

// floor(255 * v + 0.5) with v clipped to [0, 1] after v = (v - low) / range. One channel is grey.
template <typename T>
void channels_run(const PixelRun<T>& run, const Limits<T>& limits, std::uint8_t* out);

// In place: raw image numbers to x01.
template <typename T>
void scale_image_run(T* values, std::size_t count, const ImageScale<T>& scale);

// out = opacity * x01.
template <typename T>
void multiply_run(const T* opacity, const T* x01, std::size_t count, T* out);

}  // namespace hotcold
