// The passes over a block's bytes that cost time: counting them, finding equal neighbours, and
// sending codes.
//
// A literal costs a table look-up and a few bits appended to a 64-bit register. Eight codes are
// joined before the register is touched, four where they are long, so that the chain of shifts and
// stores is walked once per eight bytes. AVX2 and AVX-512 VBMI have ways of their own:
// deflate_avx2-inl.hpp, deflate_vbmi-inl.hpp.
#include <cstring>

#include "png/deflate/bit_writer-inl.hpp"
#include "png/deflate/deflate.ops.hpp"
#include "png/deflate/tables.hpp"

#if defined(__AVX2__) || defined(__SSE2__)
#if defined(__GNUC__) && !defined(__clang__)
// GCC's own "undefined" registers inside the intrinsics (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#endif
#if defined(__AVX512VBMI__)
#include "png/deflate/deflate_vbmi-inl.hpp"
#elif defined(__AVX2__)
#include "png/deflate/deflate_avx2-inl.hpp"
#endif

namespace hotcold::HOTCOLD_LEVEL {
namespace {

#if defined(__AVX512VBMI__)

std::uint64_t equal_64(const std::uint8_t* data) {
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(data), _mm512_loadu_si512(data - 1));
}

#elif defined(__AVX2__)

std::uint64_t equal_32(const std::uint8_t* data) {
    const __m256i here = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data));
    const __m256i before = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data - 1));
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(here, before)));
}

std::uint64_t equal_64(const std::uint8_t* data) {
    return equal_32(data) | equal_32(data + 32) << 32;
}

#elif defined(__SSE2__)

std::uint64_t equal_16(const std::uint8_t* data) {
    const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data));
    const __m128i before = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data - 1));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(here, before)));
}

std::uint64_t equal_64(const std::uint8_t* data) {
    return equal_16(data) | equal_16(data + 16) << 16 | equal_16(data + 32) << 32 |
           equal_16(data + 48) << 48;
}

#else

std::uint64_t equal_64(const std::uint8_t* data) {
    std::uint64_t bits = 0;
    for (unsigned i = 0; i < 64; ++i) bits |= std::uint64_t{data[i] == *(data + i - 1)} << i;
    return bits;
}

#endif

void equal_bits(const std::uint8_t* data, std::size_t count, std::uint64_t* bits) {
    std::size_t word = 0;
    if (count >= 65) {
        // The first byte has no neighbour before it: the word is read one byte on and moved back.
        bits[word++] = equal_64(data + 1) << 1;
        for (; word * 64 + 64 <= count; ++word) bits[word] = equal_64(data + word * 64);
    }
    for (; word * 64 < count; ++word) {
        std::uint64_t last = 0;
        for (std::size_t i = word * 64; i < count && i < word * 64 + 64; ++i) {
            last |= std::uint64_t{i > 0 && data[i] == data[i - 1]} << (i % 64);
        }
        bits[word] = last;
    }
}

#if !defined(__AVX512VBMI__)

void count_bytes(const std::uint8_t* data, std::size_t count, std::uint32_t* counts) {
    // A table for each of eight bytes: counting the same value again waits for the count before.
    std::uint32_t tables[8][256] = {};
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        for (std::size_t k = 0; k < 8; ++k) ++tables[k][data[i + k]];
    }
    for (; i < count; ++i) ++tables[0][data[i]];
    for (i = 0; i < 256; ++i) {
        counts[i] = 0;
        for (const auto& table : tables) counts[i] += table[i];
    }
}

#endif

#if !defined(__AVX2__)

void estimate_bytes(const std::uint8_t* data, std::size_t count, std::uint32_t* counts) {
    count_bytes(data, count, counts);
    std::uint32_t sample[256] = {};
    for (std::size_t at = 0; at + kSample <= count; at += kSampleOf) {
        for (std::size_t i = at; i < at + kSample; ++i) ++sample[data[i]];
    }
    for (int near = -kNear; near < kNear; ++near) {
        counts[near & 255] = sample[near & 255] * static_cast<std::uint32_t>(kSampleOf / kSample);
    }
}

// Codes one after the other, the first in the lowest bits from kLiteralShift on; below are zeros.
// Of `count` the lowest kLiteralShift bits are the sum of their lengths; what lies above is of no
// meaning. So an entry is both as it is, but for a mask: processors shift on fewer ports than they
// mask on.
struct Joined {
    std::uint64_t bits;
    std::uint64_t count;
};

constexpr std::uint64_t kLengthMask = (std::uint64_t{1} << kLiteralShift) - 1;
static_assert(kLengthMask == 63, "the bits that the amount of a 64-bit shift is made of");

inline Joined join(const Joined& a, const Joined& b) {
    return {a.bits | b.bits << (a.count & kLengthMask), a.count + b.count};
}

inline Joined join_4(const std::uint8_t* data, const std::uint32_t* literal) {
    const auto one = [&](std::size_t i) {
        const std::uint64_t entry = literal[data[i]];
        return Joined{entry & ~kLengthMask, entry};
    };
    return join(join(one(0), one(1)), join(one(2), one(3)));
}

inline void put(BitWriter& writer, const Joined& codes) {
    put(writer, codes.bits >> kLiteralShift, static_cast<std::uint32_t>(codes.count & kLengthMask));
}

// Most eights fit one write.
inline void put(BitWriter& writer, const Joined& first, const Joined& second) {
    const std::uint64_t count = first.count & kLengthMask;
    const std::uint64_t both = count + (second.count & kLengthMask);
    if (both <= kMaxPut) {
        put(writer, first.bits >> kLiteralShift | second.bits >> kLiteralShift << count,
            static_cast<std::uint32_t>(both));
        return;
    }
    put(writer, first);
    put(writer, second);
}

static_assert(4 * kMaxLiteralBits + kLiteralShift <= 64, "four joined fit beside the zeros below");

void put_literals(BitWriter& writer, const std::uint8_t* data, std::size_t count,
                  const BlockCodes& codes) {
    // A copy stays in registers: bytes written might change what a reference refers to.
    BitWriter local = writer;
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        put(local, join_4(data + i, codes.literal), join_4(data + i + 4, codes.literal));
    }
    for (; i < count; ++i) {
        const std::uint32_t entry = codes.literal[data[i]];
        put(local, entry >> kLiteralShift, entry & static_cast<std::uint32_t>(kLengthMask));
    }
    writer = local;
}

void emit(const std::uint8_t* data, std::size_t first, std::size_t last, const Match* matches,
          std::size_t n_matches, const BlockCodes& codes, BitWriter& writer) {
    BitWriter local = writer;
    std::size_t place = first;
    for (std::size_t m = 0; m < n_matches; ++m) {
        const Match match = matches[m];
        put_literals(local, data + place, match.start - place, codes);
        place = match.start + match.length;
        const MatchBits bits = match_bits(match, codes);
        put(local, bits.value, bits.count);
    }
    put_literals(local, data + place, last - place, codes);
    writer = local;
}

#endif

}  // namespace

const DeflateOps deflate = {count_bytes, estimate_bytes, equal_bits, emit};

}  // namespace hotcold::HOTCOLD_LEVEL
