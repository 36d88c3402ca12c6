// The two checksums of a PNG file: CRC-32 of each chunk, Adler-32 of the compressed stream's data.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hotcold {

// CRC-32 (ISO 3309, polynomial 0xedb88320 reflected) of the bytes that gave `crc` (0 for none)
// followed by these.
std::uint32_t crc32(std::uint32_t crc, const std::uint8_t* data, std::size_t count);

// Adler-32 (RFC 1950) of these bytes alone.
std::uint32_t adler32(const std::uint8_t* data, std::size_t count);

// Adler-32 of two runs of bytes, the second `second_count` long, from the sums of each.
std::uint32_t adler32_combine(std::uint32_t first, std::uint32_t second,
                              std::uint64_t second_count);

}  // namespace hotcold
