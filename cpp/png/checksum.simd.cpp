// CRC-32 by carry-less multiplication where the level has it (Gopal et al., "Fast CRC Computation
// for Generic Polynomials Using PCLMULQDQ Instruction", Intel 2009: four 128-bit lanes folded over
// 64 bytes at a time), by eight tables otherwise. Adler-32 in blocks short enough for 32-bit sums.
#include "png/checksum.ops.hpp"

#if defined(__PCLMUL__) || defined(__AVX2__)
#include <immintrin.h>
#endif

namespace hotcold::HOTCOLD_LEVEL {
namespace {

std::uint64_t load_u64(const std::uint8_t* data) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 8; ++i) value |= std::uint64_t{data[i]} << (8 * i);
    return value;
}

// On the register, without the inversions before and after.
std::uint32_t crc32_tables(std::uint32_t crc, const std::uint8_t* data, std::size_t count) {
    const auto& t = kCrcTables.value;
    for (; count >= 8; data += 8, count -= 8) {
        const std::uint64_t v = load_u64(data) ^ crc;
        crc = t[7][v & 255] ^ t[6][(v >> 8) & 255] ^ t[5][(v >> 16) & 255] ^ t[4][(v >> 24) & 255] ^
              t[3][(v >> 32) & 255] ^ t[2][(v >> 40) & 255] ^ t[1][(v >> 48) & 255] ^ t[0][v >> 56];
    }
    for (; count > 0; ++data, --count) crc = (crc >> 8) ^ t[0][(crc ^ *data) & 255];
    return crc;
}

#if defined(__PCLMUL__)

__m128i load_128(const std::uint8_t* data) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(data));
}

// x moved forward past the bits that k stands for, plus the data found there.
__m128i fold(__m128i x, __m128i k, __m128i data) {
    const __m128i low = _mm_clmulepi64_si128(x, k, 0x00);
    const __m128i high = _mm_clmulepi64_si128(x, k, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), data);
}

std::uint32_t crc32(std::uint32_t crc, const std::uint8_t* data, std::size_t count) {
    crc = ~crc;
    if (count >= 64) {
        // x^(512+32), x^(512-32) and x^(128+32), x^(128-32) modulo the polynomial, reflected.
        const __m128i by_64 = _mm_set_epi64x(0x1c6e41596, 0x154442bd4);
        const __m128i by_16 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
        __m128i x0 = _mm_xor_si128(load_128(data), _mm_cvtsi32_si128(static_cast<int>(crc)));
        __m128i x1 = load_128(data + 16);
        __m128i x2 = load_128(data + 32);
        __m128i x3 = load_128(data + 48);
        for (data += 64, count -= 64; count >= 64; data += 64, count -= 64) {
            x0 = fold(x0, by_64, load_128(data));
            x1 = fold(x1, by_64, load_128(data + 16));
            x2 = fold(x2, by_64, load_128(data + 32));
            x3 = fold(x3, by_64, load_128(data + 48));
        }
        x0 = fold(x0, by_16, x1);
        x0 = fold(x0, by_16, x2);
        x0 = fold(x0, by_16, x3);
        for (; count >= 16; data += 16, count -= 16) x0 = fold(x0, by_16, load_128(data));
        // What is left is congruent to the bytes so far: their CRC is its CRC.
        alignas(16) std::uint8_t folded[16];
        _mm_store_si128(reinterpret_cast<__m128i*>(folded), x0);
        crc = crc32_tables(0, folded, sizeof(folded));
    }
    return ~crc32_tables(crc, data, count);
}

#else

std::uint32_t crc32(std::uint32_t crc, const std::uint8_t* data, std::size_t count) {
    return ~crc32_tables(~crc, data, count);
}

#endif

constexpr std::uint32_t kModulus = 65521;

#if defined(__AVX512BW__)

constexpr std::size_t kGroup = 64;

struct Weights {
    std::uint8_t of[kGroup] = {};
    constexpr Weights() {
        for (std::size_t i = 0; i < kGroup; ++i) of[i] = static_cast<std::uint8_t>(kGroup - i);
    }
};

constexpr Weights kWeights{};

std::uint32_t sum_of(__m512i x) {
    alignas(64) std::uint32_t lanes[16];
    _mm512_store_si512(lanes, x);
    std::uint32_t sum = 0;
    for (const std::uint32_t lane : lanes) sum += lane;
    return sum;
}

// As with AVX2, below; places before a group count for kGroup.
void add_groups(const std::uint8_t* data, std::size_t groups, std::uint32_t& s1,
                std::uint32_t& s2) {
    const __m512i weights = _mm512_loadu_si512(kWeights.of);
    const __m512i ones = _mm512_set1_epi16(1);
    __m512i bytes = _mm512_setzero_si512();
    __m512i prefix = _mm512_setzero_si512();
    __m512i weighted = _mm512_setzero_si512();
    for (std::size_t g = 0; g < groups; ++g) {
        const __m512i x = _mm512_loadu_si512(data + g * kGroup);
        prefix = _mm512_add_epi64(prefix, bytes);
        bytes = _mm512_add_epi64(bytes, _mm512_sad_epu8(x, _mm512_setzero_si512()));
        weighted =
            _mm512_add_epi32(weighted, _mm512_madd_epi16(_mm512_maddubs_epi16(x, weights), ones));
    }
    s2 += s1 * static_cast<std::uint32_t>(groups * kGroup) +
          sum_of(prefix) * static_cast<std::uint32_t>(kGroup) + sum_of(weighted);
    s1 += sum_of(bytes);
}

#elif defined(__AVX2__)

constexpr std::size_t kGroup = 32;

// Sums over whole groups of 32: `weighted` within each group, and the running `prefix` of the byte
// sums before each group, which counts for kGroup places.
void add_groups(const std::uint8_t* data, std::size_t groups, std::uint32_t& s1,
                std::uint32_t& s2) {
    const __m256i weights =
        _mm256_set_epi8(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32);
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i bytes = _mm256_setzero_si256();
    __m256i prefix = _mm256_setzero_si256();
    __m256i weighted = _mm256_setzero_si256();
    for (std::size_t g = 0; g < groups; ++g) {
        const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + g * kGroup));
        prefix = _mm256_add_epi32(prefix, bytes);
        bytes = _mm256_add_epi32(bytes, _mm256_sad_epu8(x, _mm256_setzero_si256()));
        weighted =
            _mm256_add_epi32(weighted, _mm256_madd_epi16(_mm256_maddubs_epi16(x, weights), ones));
    }
    weighted = _mm256_add_epi32(weighted, _mm256_slli_epi32(prefix, 5));
    alignas(32) std::uint32_t lanes[2][8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(lanes[0]), bytes);
    _mm256_store_si256(reinterpret_cast<__m256i*>(lanes[1]), weighted);
    s2 += s1 * static_cast<std::uint32_t>(groups * kGroup);
    for (unsigned i = 0; i < 8; ++i) {
        s1 += lanes[0][i];
        s2 += lanes[1][i];
    }
}

#else

constexpr std::size_t kGroup = 16;

// Plain loops over a fixed group, for the compiler to vectorise.
void add_groups(const std::uint8_t* data, std::size_t groups, std::uint32_t& s1,
                std::uint32_t& s2) {
    for (std::size_t g = 0; g < groups; ++g) {
        std::uint32_t bytes = 0;
        std::uint32_t weighted = 0;
        for (std::uint32_t i = 0; i < kGroup; ++i) {
            bytes += data[g * kGroup + i];
            weighted += static_cast<std::uint32_t>(kGroup - i) * data[g * kGroup + i];
        }
        s2 += s1 * static_cast<std::uint32_t>(kGroup) + weighted;
        s1 += bytes;
    }
}

#endif

std::uint32_t adler32(const std::uint8_t* data, std::size_t count) {
    // The longest run, in whole groups, after which s2 still fits 32 bits (RFC 1950: 5552 bytes).
    constexpr std::size_t kRun = 5552 / kGroup * kGroup;
    std::uint32_t s1 = 1;
    std::uint32_t s2 = 0;
    while (count >= kGroup) {
        const std::size_t groups = (count < kRun ? count : kRun) / kGroup;
        add_groups(data, groups, s1, s2);
        s1 %= kModulus;
        s2 %= kModulus;
        data += groups * kGroup;
        count -= groups * kGroup;
    }
    for (; count > 0; ++data, --count) {
        s1 += *data;
        s2 += s1;
    }
    return (s2 % kModulus) << 16 | s1 % kModulus;
}

}  // namespace

const ChecksumOps checksum = {crc32, adler32};

}  // namespace hotcold::HOTCOLD_LEVEL
