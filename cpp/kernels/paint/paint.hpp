// From bytes to pixels: table entries, image bytes and mask bytes of a run of pixels become RGB or
// RGBA. No arithmetic on numbers happens here, only look-ups in tables of at most 256 entries,
// which fit the registers of a processor that can permute bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/paint/paint_tables.hpp"

namespace hotcold {

// Channels of a picture: RGB or RGBA.
constexpr std::size_t kMaxPictureChannels = 4;

// Pixels handled between reading an image and writing a picture, at most: their numbers and bytes
// stay in L1 and fit the stack.
constexpr std::size_t kRun = 1024;

// A run of image bytes of 1 (grey), 3 or 4 channels: planes, or pixels of adjacent bytes.
struct ByteRun {
    std::size_t count = 0;
    std::size_t channels = 0;
    const std::uint8_t* planes[kMaxPictureChannels] = {};
    std::size_t step = 1;  // bytes from a channel of a pixel to that of the next: 1, 3 or 4
};

// `Entry` below is std::uint8_t for tables of up to 256 entries, std::uint16_t beyond.

// Table colours; three bytes a pixel.
template <typename Entry>
void paint_colors(const Entry* entries, std::size_t count, const ColorPlanes& table,
                  std::uint8_t* out);

// floor(255 * ((1 - o) * x01 + o * rgb) + 0.5) per colour channel; alpha is plain. Where the table
// is translucent, o is the opacity times the entry's alpha, and a sum within 2 / 256 of a level
// below the next may be that. Three bytes a pixel, four where the image has four channels. At most
// kRun pixels, here and below.
template <typename Entry>
void paint_overlay(const Entry* entries, const ByteRun& image, const ColorPlanes& table,
                   const ImageTable& image_table, std::uint8_t* out);

// The image's bytes as pixels of a picture: what becomes of them without a map.
void paint_image(const ByteRun& image, const ImageTable& table, std::uint8_t* out);

// Keeps the pixels of `out` where the byte of `kept` is 255, and puts those of `pixels` where it is
// 0. Pixels of 3 or 4 channels.
void keep_pixels(const std::uint8_t* kept, const std::uint8_t* pixels, std::size_t count,
                 std::size_t channels, std::uint8_t* out);

// Image bytes where the mask byte is 255, masked ones where it is 0. masks: one plane a channel; a
// null plane leaves its channel unmasked.
void paint_mask(const std::uint8_t* const* masks, const ByteRun& image, const ImageTable& table,
                std::uint8_t* out);

// The run as its grey, 0.2125 r + 0.7154 g + 0.0721 b to the nearest byte, with alpha if it has
// some. What it points to is in `room` and `grey`, or where the image is; none of the three
// overlap.
ByteRun grey_bytes(const ByteRun& image, std::uint8_t (&room)[kMaxPictureChannels][kRun],
                   std::uint8_t (&grey)[kRun]);

// Deinterleaves `count` pixels of 3 or 4 adjacent bytes into planes.
void deinterleave_pixels(const std::uint8_t* pixels, std::size_t count, std::size_t channels,
                         std::uint8_t* const* planes);

// Interleaves 1 (grey), 3 or 4 planes (step 1) into pixels of 3 or 4 adjacent bytes.
void interleave_planes(const ByteRun& run, std::uint8_t* out);

}  // namespace hotcold
