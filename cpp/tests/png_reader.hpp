// A PNG reader written from the specifications with nothing but clarity in mind: no code shared
// with the encoder, every rule checked, bit by bit and byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hotcold::test {

using Bytes = std::vector<std::uint8_t>;

struct ReadPicture {
    std::size_t width = 0;
    std::size_t height = 0;
    std::size_t channels = 0;  // 1 for palette pictures too
    Bytes pixels;
    Bytes palette;  // RGB triples; empty without one
    std::vector<std::pair<std::string, std::string>> texts;
};

// std::runtime_error tells which rule the file breaks.
ReadPicture read_png(const std::uint8_t* data, std::size_t size);

std::uint32_t slow_crc32(const std::uint8_t* data, std::size_t size);
std::uint32_t slow_adler32(const std::uint8_t* data, std::size_t size);

}  // namespace hotcold::test
