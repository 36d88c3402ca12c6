// Per-level functions of checksum.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/levels.hpp"

namespace hotcold {

// value[0] is the classic table of CRC-32; value[t][b] the CRC of byte b followed by t zero bytes.
struct CrcTables {
    std::uint32_t value[8][256];
};
extern const CrcTables kCrcTables;

struct ChecksumOps {
    std::uint32_t (*crc32)(std::uint32_t crc, const std::uint8_t* data, std::size_t count);
    std::uint32_t (*adler32)(const std::uint8_t* data, std::size_t count);
};

#define HOTCOLD_DECLARE(level)         \
    namespace level {                  \
    extern const ChecksumOps checksum; \
    }
HOTCOLD_FOR_EACH_LEVEL(HOTCOLD_DECLARE)
#undef HOTCOLD_DECLARE

}  // namespace hotcold
