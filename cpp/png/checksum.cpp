#include "png/checksum.hpp"

#include "png/checksum.ops.hpp"

namespace hotcold {
namespace {

constexpr std::uint32_t kAdlerModulus = 65521;

constexpr CrcTables make_crc_tables() {
    CrcTables tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0u);
        tables.value[0][byte] = crc;
    }
    for (std::size_t t = 1; t < 8; ++t) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t before = tables.value[t - 1][byte];
            tables.value[t][byte] = (before >> 8) ^ tables.value[0][before & 255];
        }
    }
    return tables;
}

}  // namespace

extern constexpr CrcTables kCrcTables = make_crc_tables();

std::uint32_t crc32(std::uint32_t crc, const std::uint8_t* data, std::size_t count) {
    return HOTCOLD_SELECT(checksum).crc32(crc, data, count);
}

std::uint32_t adler32(const std::uint8_t* data, std::size_t count) {
    return HOTCOLD_SELECT(checksum).adler32(data, count);
}

// With s1, s2 the low and high halves: the second run starts from first.s1 instead of 1, which each
// of its bytes adds to s2 once more.
std::uint32_t adler32_combine(std::uint32_t first, std::uint32_t second,
                              std::uint64_t second_count) {
    const std::uint64_t count = second_count % kAdlerModulus;
    const std::uint64_t carried = (first & 0xffff) + kAdlerModulus - 1;
    const std::uint64_t s1 = (carried + (second & 0xffff)) % kAdlerModulus;
    const std::uint64_t s2 =
        ((first >> 16) + (second >> 16) + count * (carried % kAdlerModulus)) % kAdlerModulus;
    return static_cast<std::uint32_t>(s2 << 16 | s1);
}

}  // namespace hotcold
