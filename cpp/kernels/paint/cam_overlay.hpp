// The overlay of class activation map libraries: colours of a table over an image, and the sum
// divided by its own largest value.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hotcold {

// Entries of four floats: red, green, blue in whichever order, and 0.
constexpr std::size_t kCamEntries = 256;

// `count` pixels of an image, interleaved by three, and the map over it. Both are meant to be in
// [0, 1]; the map is cut to it.
struct CamOverlay {
    const float* image;
    const float* map;
    std::size_t count;
    const float* table;  // kCamEntries, already weighted with 1 - weight, none negative
    float weight;        // of the image
    float slack;         // by which values may lie outside of [0, 1]
};

// False, and nothing is written, where a value of the image or the map lies outside of [0, 1] by
// more than the slack, or is NaN. Else uint8(255 * v / max v) of
// v = table[int(255 * map)] + weight * image, negative values as 0; all zeros where no v is above
// 0. v is rounded to 1/32000, but for pictures that are nearly black. The calling thread
// alone; interruptible.
bool cam_overlay(const CamOverlay& in, std::uint8_t* out);

}  // namespace hotcold
