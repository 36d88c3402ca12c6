// The two passes over a block's bytes that cost time: finding equal neighbours, and sending codes.
//
// A literal costs a table look-up and a few bits appended to a 64-bit register. Eight codes are
// joined before the register is touched, four where they are long, so that the chain of shifts and
// stores is walked once per eight bytes. With AVX2 a large block's codes are joined in pairs
// beforehand, in a table that vectors make in some microseconds. With AVX-512 VBMI 64 codes are
// looked up at once in tables held in registers (twelve of them) and joined by shifts in 16, 32 and
// 64 bits: the chain is walked once per eight bytes.
#include "kernels/png/deflate.simd.hpp"

#include <cstring>

#include "kernels/png/deflate_tables.hpp"

#if defined(__AVX2__) || defined(__SSE2__)
#if defined(__GNUC__) && !defined(__clang__)
// GCC's own "undefined" registers inside the intrinsics (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
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

// What one write can take beside the bits that wait.
constexpr std::uint64_t kMaxPut = 56;

// count <= kMaxPut.
inline void put(BitWriter& writer, std::uint64_t bits, std::uint32_t count) {
    writer.bits |= bits << writer.count;
    std::memcpy(writer.out, &writer.bits, sizeof(writer.bits));
    writer.count += count;
    writer.out += writer.count >> 3;
    writer.bits >>= writer.count & ~7u;
    writer.count &= 7;
}

inline void put(BitWriter& writer, const Bits& bits) { put(writer, bits.value, bits.count); }

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

#if defined(__AVX512VBMI__)

struct Lookup {
    __m512i quarter[4];

    explicit Lookup(const std::uint8_t* table) {
        for (int i = 0; i < 4; ++i) quarter[i] = _mm512_load_si512(table + 64 * i);
    }
    __m512i operator()(__m512i index) const {
        const __m512i low = _mm512_permutex2var_epi8(quarter[0], index, quarter[1]);
        const __m512i high = _mm512_permutex2var_epi8(quarter[2], index, quarter[3]);
        return _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high);
    }
};

// Eight 64-bit groups of joined codes, the first bit of each in its least significant place.
struct Groups {
    __m512i bits;
    __m512i counts;
};

// 32 codes in 16-bit places and the counts of the codes, of pairs and of fours (in 16, 32 and 64
// bits) to eight groups of four codes.
Groups join_fours(__m512i codes, __m512i counts, __m512i pairs, __m512i fours) {
    const __m512i even_16 = _mm512_set1_epi32(0xffff);
    const __m512i even_32 = _mm512_set1_epi64(0xffffffff);
    const __m512i odd = _mm512_srli_epi32(codes, 16);
    const __m512i joined =
        _mm512_or_si512(_mm512_and_si512(codes, even_16),
                        _mm512_sllv_epi32(odd, _mm512_and_si512(counts, even_16)));
    const __m512i high = _mm512_srli_epi64(joined, 32);
    const __m512i bits = _mm512_or_si512(_mm512_and_si512(joined, even_32),
                                         _mm512_sllv_epi64(high, _mm512_and_si512(pairs, even_32)));
    return {bits, fours};
}

void put_groups(BitWriter& writer, const Groups& groups) {
    alignas(64) std::uint64_t bits[8];
    alignas(64) std::uint64_t counts[8];
    _mm512_store_si512(bits, groups.bits);
    _mm512_store_si512(counts, groups.counts);
    for (int i = 0; i < 8; ++i) put(writer, bits[i], static_cast<std::uint32_t>(counts[i]));
}

// a and b hold, in each 128-bit lane, codes 0 to 7 and 8 to 15 of the lane's sixteen.
void put_64(BitWriter& writer, const Groups& a, const Groups& b) {
    const __m512i first_counts = _mm512_unpacklo_epi64(a.counts, b.counts);
    const __m512i counts =
        _mm512_add_epi64(first_counts, _mm512_unpackhi_epi64(a.counts, b.counts));
    // Eight codes of noise may be longer than a write can take: then four at a time.
    if (_mm512_cmpgt_epu64_mask(counts, _mm512_set1_epi64(kMaxPut)) == 0) {
        const __m512i second = _mm512_unpackhi_epi64(a.bits, b.bits);
        const __m512i bits = _mm512_or_si512(_mm512_unpacklo_epi64(a.bits, b.bits),
                                             _mm512_sllv_epi64(second, first_counts));
        put_groups(writer, {bits, counts});
        return;
    }
    const __m512i front = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
    const __m512i back = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
    put_groups(writer, {_mm512_permutex2var_epi64(a.bits, front, b.bits),
                        _mm512_permutex2var_epi64(a.counts, front, b.counts)});
    put_groups(writer, {_mm512_permutex2var_epi64(a.bits, back, b.bits),
                        _mm512_permutex2var_epi64(a.counts, back, b.counts)});
}

// Whole groups of 64 literals. Returns how many were sent.
std::size_t put_many(BitWriter& writer, const std::uint8_t* data, std::size_t count,
                     const BlockCodes& codes) {
    if (count < 64) return 0;
    const Lookup low_of(codes.literal_low);
    const Lookup high_of(codes.literal_high);
    const Lookup count_of(codes.literal_count);
    const __m512i zero = _mm512_setzero_si512();
    BitWriter local = writer;
    std::size_t i = 0;
    for (; i + 64 <= count; i += 64) {
        const __m512i index = _mm512_loadu_si512(data + i);
        const __m512i low = low_of(index);
        const __m512i high = high_of(index);
        const __m512i ones = count_of(index);
        const __m512i pairs = _mm512_maddubs_epi16(ones, _mm512_set1_epi8(1));
        const __m512i fours = _mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
        const Groups a =
            join_fours(_mm512_unpacklo_epi8(low, high), _mm512_unpacklo_epi8(ones, zero),
                       _mm512_unpacklo_epi16(pairs, zero), _mm512_unpacklo_epi32(fours, zero));
        const Groups b =
            join_fours(_mm512_unpackhi_epi8(low, high), _mm512_unpackhi_epi8(ones, zero),
                       _mm512_unpackhi_epi16(pairs, zero), _mm512_unpackhi_epi32(fours, zero));
        put_64(local, a, b);
    }
    writer = local;
    return i;
}

#else

std::size_t put_many(BitWriter&, const std::uint8_t*, std::size_t, const BlockCodes&) { return 0; }

#endif

static_assert(4 * kMaxLiteralBits + kLiteralShift <= 64, "four joined fit beside the zeros below");

#if defined(__AVX2__) && !defined(__AVX512VBMI__)

constexpr bool kPairs = true;
static_assert(2 * kMaxLiteralBits + kLiteralShift <= 32);

// Bytes -64 to 63 are 0 to 63 and 192 to 255.
void build_pairs(const std::uint32_t* literal, LiteralPairs& pairs) {
    const __m256i length_mask = _mm256_set1_epi32(static_cast<int>(kLengthMask));
    for (unsigned row = 0; row < 128; ++row) {
        const unsigned second = row < 64 ? row : row + 128;
        const std::uint32_t entry = literal[second];
        const __m256i bits = _mm256_set1_epi32(static_cast<int>(entry & ~std::uint32_t{63}));
        const __m256i length = _mm256_set1_epi32(static_cast<int>(entry & std::uint32_t{63}));
        for (unsigned column = 0; column < 128; column += 8) {
            const unsigned first = column < 64 ? column : column + 128;
            const __m256i here =
                _mm256_loadu_si256(reinterpret_cast<const __m256i*>(literal + first));
            const __m256i behind = _mm256_sllv_epi32(bits, _mm256_and_si256(here, length_mask));
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(pairs + (second << 8 | first)),
                                _mm256_or_si256(behind, _mm256_add_epi32(here, length)));
        }
    }
}

inline Joined join_pairs(const std::uint8_t* data, const LiteralPairs& pairs) {
    const auto one = [&](std::size_t i) {
        std::uint16_t two;
        std::memcpy(&two, data + i, sizeof(two));
        const std::uint64_t entry = pairs[two];
        return Joined{entry & ~kLengthMask, entry};
    };
    return join(one(0), one(2));
}

// Whether all eight bytes lie between -64 and 63: then bits 6 and 7 are alike.
inline bool all_paired(const std::uint8_t* data) {
    std::uint64_t eight;
    std::memcpy(&eight, data, sizeof(eight));
    return ((eight ^ eight << 1) & 0x8080808080808080u) == 0;
}

#else

constexpr bool kPairs = false;
void build_pairs(const std::uint32_t*, LiteralPairs&) {}
Joined join_pairs(const std::uint8_t*, const LiteralPairs&) { return {}; }
bool all_paired(const std::uint8_t*) { return false; }

#endif

template <bool paired>
void put_literals(BitWriter& writer, const std::uint8_t* data, std::size_t count,
                  const BlockCodes& codes, const LiteralPairs* pairs) {
    std::size_t i = put_many(writer, data, count, codes);
    // A copy stays in registers: bytes written might change what a reference refers to.
    BitWriter local = writer;
    for (; i + 8 <= count; i += 8) {
        if (paired && all_paired(data + i)) {
            put(local, join_pairs(data + i, *pairs), join_pairs(data + i + 4, *pairs));
        } else {
            put(local, join_4(data + i, codes.literal), join_4(data + i + 4, codes.literal));
        }
    }
    for (; i < count; ++i) {
        const std::uint32_t entry = codes.literal[data[i]];
        put(local, entry >> kLiteralShift, entry & static_cast<std::uint32_t>(kLengthMask));
    }
    writer = local;
}

template <bool paired>
void emit_as(const std::uint8_t* data, std::size_t count, const Match* matches,
             std::size_t n_matches, const BlockCodes& codes, const LiteralPairs* pairs,
             BitWriter& writer) {
    BitWriter local = writer;
    std::size_t place = 0;
    for (std::size_t m = 0; m < n_matches; ++m) {
        const Match match = matches[m];
        put_literals<paired>(local, data + place, match.start - place, codes, pairs);
        place = match.start + match.length;
        const std::size_t symbol = distance_symbol(match.distance);
        const ExtraBits extra = distance_extra(symbol);
        const Bits distance = codes.distance[symbol];
        const std::uint64_t offset = match.distance - 1u - extra.base;
        put(local, codes.length[match.length]);
        put(local, distance.value | offset << distance.count, distance.count + extra.bits);
    }
    put_literals<paired>(local, data + place, count - place, codes, pairs);
    put(local, codes.end);
    writer = local;
}

void emit(const std::uint8_t* data, std::size_t count, const Match* matches, std::size_t n_matches,
          const BlockCodes& codes, LiteralPairs* pairs, BitWriter& writer) {
    if (!kPairs || pairs == nullptr) {
        return emit_as<false>(data, count, matches, n_matches, codes, nullptr, writer);
    }
    build_pairs(codes.literal, *pairs);
    emit_as<kPairs>(data, count, matches, n_matches, codes, pairs, writer);
}

}  // namespace

const DeflateOps deflate = {kPairs, equal_bits, emit};

}  // namespace hotcold::HOTCOLD_LEVEL
