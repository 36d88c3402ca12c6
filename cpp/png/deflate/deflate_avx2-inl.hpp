// Literals sent 32 at a time: the AVX2 part of deflate.simd.cpp, which alone includes it.
//
// Three steps over a chunk that stays in L1. First each byte gets its code: most bytes of a block
// share a few upper halves, and for such a row of sixteen values one byte shuffle finds a table's
// entries for a whole register; what lies elsewhere is looked up by itself. Then matches take the
// places of their first bytes, and nothing is sent for the others. Then codes are joined in
// registers, to fours and eights, each already shifted to where it begins in its word of 64 bits,
// so that the chain from one write to the next is an and and an or.
//
// Tried and lost (measured 2026-11): codes joined by pairs in a table of 64 KiB and appended one
// after another, which took twice as long (the table lives in L2, and whether eight codes fit one
// write is a branch that nobody can predict); places counted in bytes instead of words, where
// eights of up to 57 bits fit one write and one register in four had a longer one.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "png/deflate/bit_writer-inl.hpp"
#include "simd/vec-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

constexpr std::size_t kChunk = 1024;
constexpr std::size_t kStep = 32;
// Rows that are looked up at once: all of two stay in registers, which takes 4 to 9 % less time
// than four on overlays, masks and photographs, where one byte in twenty is in another row. With
// more of those, four take a sixth fewer instructions (measured 2026-11).
constexpr std::size_t kRows = 4;
constexpr std::size_t kFewRows = 2;

// A byte's place takes up to kPlaceBits of what is sent.
constexpr std::uint32_t kPlaceBits = 14;
constexpr std::size_t kMatchPlaces = 4;
static_assert(kMaxLiteralBits <= kPlaceBits && 4 * kPlaceBits <= kMaxPut);
static_assert(kMaxLiteralBits + 15 + 13 <= 3 * kPlaceBits, "three bytes, without extra bits");
static_assert(kMaxLiteralBits + 5 + 15 + 13 <= kMatchPlaces * kPlaceBits);

inline __m256i load_32(const void* from) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}

inline void store_32(void* to, __m256i x) { _mm256_store_si256(static_cast<__m256i*>(to), x); }

// The code of each byte of a chunk, and room after them.
struct ChunkCodes {
    alignas(32) std::uint8_t low[kChunk + kStep];
    alignas(32) std::uint8_t high[kChunk + kStep];
    alignas(32) std::uint8_t count[kChunk + kStep];

    void set(std::size_t place, std::uint32_t bits, std::uint32_t n) {
        low[place] = static_cast<std::uint8_t>(bits);
        high[place] = static_cast<std::uint8_t>(bits >> 8);
        count[place] = static_cast<std::uint8_t>(n);
    }
    // Sends nothing for places [first, last).
    void clear(std::size_t first, std::size_t last) {
        for (std::size_t place = first; place < last; place += 8) {
            // Most matches are short: eight places at a time, of which the rest are kept.
            const std::uint64_t kept =
                last - place < 8 ? ~std::uint64_t{0} << 8 * (last - place) : 0;
            keep(low + place, kept);
            keep(high + place, kept);
            keep(count + place, kept);
        }
    }

  private:
    static void keep(std::uint8_t* eight, std::uint64_t kept) {
        std::uint64_t word;
        std::memcpy(&word, eight, sizeof(word));
        word &= kept;
        std::memcpy(eight, &word, sizeof(word));
    }
};

// The most frequent rows of a block.
struct CommonRows {
    std::size_t row[kRows];
    bool few;  // the first kFewRows have seven bytes of eight

    explicit CommonRows(const BlockCodes& codes) {
        // What share of a block a row has, as its code lengths tell.
        std::uint32_t shares[16] = {};
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t count = codes.literal_count[byte];
            shares[byte / 16] += count > 0 ? 1u << (16 - count) : 0;
        }
        std::uint32_t all = 0;
        for (const std::uint32_t share : shares) all += share;
        std::uint32_t first = 0;
        for (std::size_t i = 0; i < kRows; ++i) {
            std::size_t best = 0;
            for (std::size_t k = 1; k < 16; ++k) best = shares[k] > shares[best] ? k : best;
            first += i < kFewRows ? shares[best] : 0;
            shares[best] = 0;
            row[i] = best;
        }
        few = first >= all / 8 * 7;
    }
};

// The codes of the first n common rows in registers.
template <std::size_t n>
class RowLookup {
  public:
    RowLookup(const BlockCodes& codes, const CommonRows& common) {
        for (std::size_t i = 0; i < n; ++i) {
            const std::size_t first = 16 * common.row[i];
            rows_[i] = {_mm256_set1_epi8(static_cast<char>(first)),
                        sixteen(codes.literal_low + first), sixteen(codes.literal_high + first),
                        sixteen(codes.literal_count + first)};
        }
    }

    // kStep bytes at data to chunk places from `place` on. Returns which are of other rows.
    HOTCOLD_INLINE std::uint32_t operator()(const std::uint8_t* data, ChunkCodes& chunk,
                                            std::size_t place) const {
        const __m256i bytes = load_32(data);
        __m256i low = _mm256_setzero_si256();
        __m256i high = low;
        __m256i count = low;
        for (const Row& row : rows_) {
            // Bytes of other rows get an upper bit, for which a shuffle gives 0.
            const __m256i index =
                _mm256_adds_epu8(_mm256_sub_epi8(bytes, row.first), _mm256_set1_epi8(0x70));
            low = _mm256_or_si256(low, _mm256_shuffle_epi8(row.low, index));
            high = _mm256_or_si256(high, _mm256_shuffle_epi8(row.high, index));
            count = _mm256_or_si256(count, _mm256_shuffle_epi8(row.count, index));
        }
        store_32(chunk.low + place, low);
        store_32(chunk.high + place, high);
        store_32(chunk.count + place, count);
        return static_cast<std::uint32_t>(
            _mm256_movemask_epi8(_mm256_cmpeq_epi8(count, _mm256_setzero_si256())));
    }

  private:
    struct Row {
        __m256i first, low, high, count;
    };

    static __m256i sixteen(const std::uint8_t* table) {
        return _mm256_broadcastsi128_si256(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
    }

    Row rows_[n];
};

// Sends chunks.
class ChunkWriter {
  public:
    explicit ChunkWriter(const BitWriter& writer) : writer_(writer) {}

    // `steps` registers of places.
    void put(const ChunkCodes& chunk, std::size_t steps) {
        n_ = 0;
        sent_ = 0;
        end_ = _mm256_set1_epi64x(static_cast<long long>(writer_.count));
        words_ = _mm256_setzero_si256();
        beyond_ = _mm256_setzero_si256();
        for (std::size_t step = 0; step < steps; ++step) {
            join(chunk, step * kStep);
            if (step >= kWaiting) send(sent_ + 4);
        }
        send(n_);
        const auto end = static_cast<std::uint64_t>(_mm256_extract_epi64(end_, 0));
        if (end / 64 != static_cast<std::uint64_t>(_mm256_extract_epi64(words_, 3))) {
            writer_.bits = static_cast<std::uint64_t>(_mm256_extract_epi64(beyond_, 3));
            std::memcpy(writer_.out + end / 64 * 8, &writer_.bits, sizeof(writer_.bits));
        }
        writer_.bits >>= end % 64 & 56;
        writer_.out += end / 8;
        writer_.count = static_cast<std::uint32_t>(end % 8);
    }

    const BitWriter& writer() const { return writer_; }

  private:
    // Pairs of codes joined by a product, which shifts the odd code, and those to fours. `powers`
    // has 2^count of each, `pairs` the bits of two in 32-bit places.
    static HOTCOLD_INLINE __m256i join_fours(__m256i codes, __m256i powers, __m256i pairs) {
        const __m256i low = _mm256_set1_epi64x(0xffffffff);
        const __m256i factors =
            _mm256_or_si256(_mm256_slli_epi32(powers, 16), _mm256_set1_epi32(1));
        const __m256i joined = _mm256_madd_epi16(codes, factors);
        return _mm256_or_si256(
            _mm256_and_si256(joined, low),
            _mm256_sllv_epi64(_mm256_srli_epi64(joined, 32), _mm256_and_si256(pairs, low)));
    }

    // One register of places.
    HOTCOLD_INLINE void join(const ChunkCodes& chunk, std::size_t place) {
        const __m256i zero = _mm256_setzero_si256();
        const __m256i low = load_32(chunk.low + place);
        const __m256i high = load_32(chunk.high + place);
        const __m256i count = load_32(chunk.count + place);
        const __m256i powers_low = _mm256_shuffle_epi8(
            _mm256_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16,
                             32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0),
            count);
        const __m256i powers_high = _mm256_shuffle_epi8(
            _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0,
                             0, 0, 1, 2, 4, 8, 16, 32, 64, -128),
            count);
        const __m256i pairs = _mm256_maddubs_epi16(count, _mm256_set1_epi8(1));
        const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
        // Of each eight the first four, of the next eight the first four; and the others.
        const __m256i front = join_fours(_mm256_unpacklo_epi8(low, high),
                                         _mm256_unpacklo_epi8(powers_low, powers_high),
                                         _mm256_unpacklo_epi16(pairs, zero));
        const __m256i back = join_fours(_mm256_unpackhi_epi8(low, high),
                                        _mm256_unpackhi_epi8(powers_low, powers_high),
                                        _mm256_unpackhi_epi16(pairs, zero));
        const __m256i first = _mm256_unpacklo_epi64(front, back);
        const __m256i second = _mm256_unpackhi_epi64(front, back);
        const __m256i first_count = _mm256_and_si256(fours, _mm256_set1_epi64x(0xffffffff));
        const __m256i second_count = _mm256_srli_epi64(fours, 32);
        const __m256i counts = _mm256_add_epi64(first_count, second_count);
        const __m256i too_long = _mm256_cmpgt_epi32(counts, _mm256_set1_epi64x(64));
        if (_mm256_testz_si256(too_long, too_long) != 0) {
            add(_mm256_or_si256(first, _mm256_sllv_epi64(second, first_count)), counts);
            return;
        }
        const __m256i outer = _mm256_unpacklo_epi64(first, second);
        const __m256i inner = _mm256_unpackhi_epi64(first, second);
        const __m256i outer_count = _mm256_unpacklo_epi64(first_count, second_count);
        const __m256i inner_count = _mm256_unpackhi_epi64(first_count, second_count);
        add(_mm256_permute2x128_si256(outer, inner, 0x20),
            _mm256_permute2x128_si256(outer_count, inner_count, 0x20));
        add(_mm256_permute2x128_si256(outer, inner, 0x31),
            _mm256_permute2x128_si256(outer_count, inner_count, 0x31));
    }

    // Where each of four codes ends, given their lengths.
    HOTCOLD_INLINE __m256i sums(__m256i counts) const {
        const __m256i two = _mm256_add_epi64(counts, _mm256_slli_si256(counts, 8));
        const __m256i carried =
            _mm256_blend_epi32(_mm256_setzero_si256(), _mm256_permute4x64_epi64(two, 0x55), 0xf0);
        return _mm256_add_epi64(_mm256_add_epi64(two, carried), end_);
    }

    // The last of `before`, then the first three of x.
    static HOTCOLD_INLINE __m256i moved_on(__m256i before, __m256i x) {
        return _mm256_alignr_epi8(x, _mm256_permute2x128_si256(before, x, 0x21), 8);
    }

    // Four codes of `counts` bits each, 64 at most.
    HOTCOLD_INLINE void add(__m256i codes, __m256i counts) {
        const __m256i ends = sums(counts);
        const __m256i starts = _mm256_sub_epi64(ends, counts);
        const __m256i words = _mm256_srli_epi64(starts, 6);
        const __m256i within = _mm256_and_si256(starts, _mm256_set1_epi64x(63));
        // A shift by 64 leaves nothing.
        const __m256i beyond =
            _mm256_srlv_epi64(codes, _mm256_sub_epi64(_mm256_set1_epi64x(64), within));
        store_32(bits_ + n_,
                 _mm256_or_si256(_mm256_sllv_epi64(codes, within), moved_on(beyond_, beyond)));
        store_32(kept_ + n_, _mm256_cmpeq_epi64(words, moved_on(words_, words)));
        store_32(word_ + n_, words);
        words_ = words;
        beyond_ = beyond;
        end_ = _mm256_permute4x64_epi64(ends, 0xff);
        n_ += 4;
    }

    // Writes as far as the given one. What vectors stored is slow to read at once by single
    // elements, hence the distance to the newest.
    HOTCOLD_INLINE void send(std::size_t last) {
        // Copies stay in registers: bytes written might change what members hold.
        std::uint8_t* const out = writer_.out;
        std::uint64_t word = writer_.bits;
        for (std::size_t i = sent_; i < last; i += 4) {
#pragma GCC unroll 4
            for (std::size_t k = i; k < i + 4; ++k) {
                word = (word & kept_[k]) | bits_[k];
                std::memcpy(out + 8 * word_[k], &word, sizeof(word));
            }
        }
        writer_.bits = word;
        sent_ = last;
    }

    static constexpr std::size_t kWaiting = 4;  // steps

    // Codes shifted to where each begins in its word of 64 bits, with those of the one before that
    // reach into the word; all ones where the one before began in the same word; and the word,
    // counted from the writer's first byte.
    alignas(32) std::uint64_t bits_[kChunk / 4];
    alignas(32) std::uint64_t kept_[kChunk / 4];
    alignas(32) std::uint64_t word_[kChunk / 4];
    std::size_t n_ = 0;
    std::size_t sent_ = 0;
    __m256i end_;     // where the last code ends, in bits from the writer's first byte
    __m256i words_;   // of the last four codes
    __m256i beyond_;  // what of them reaches into the word after
    BitWriter writer_;
};

// A longer match ends the chunk: no places are gone through for it.
constexpr std::size_t kLongMatch = 128;

template <std::size_t rows>
void emit_by(const RowLookup<rows>& lookup, const std::uint8_t* data, std::size_t first,
             std::size_t last, const Match* matches, std::size_t n_matches, const BlockCodes& codes,
             BitWriter& writer) {
    const Match* const last_match = matches + n_matches;
    ChunkCodes chunk;
    ChunkWriter chunks(writer);
    for (std::size_t begin = first; begin < last;) {
        std::size_t end = last - begin < kChunk ? last : begin + kChunk;
        // A match whose bits would not all find a place ends the chunk before it.
        std::size_t next = end;
        const Match* match = matches;
        for (; match < last_match && match->start < end; ++match) {
            if (match->start + kMatchPlaces > end && match->start + match->length > end) {
                next = end = match->start;
                break;
            }
            if (match->length >= kLongMatch) {
                end = match->start + kMatchPlaces;
                next = match->start + match->length;
                ++match;
                break;
            }
            if (match->start + match->length > end) next = match->start + match->length;
        }
        const std::size_t places = end - begin;
        const std::size_t steps = (places + kStep - 1) / kStep;
        std::uint32_t others[kChunk / kStep];
        for (std::size_t step = 0; step < places / kStep; ++step) {
            others[step] = lookup(data + begin + step * kStep, chunk, step * kStep);
        }
        if (places % kStep != 0) {
            std::uint8_t rest[kStep] = {};
            std::memcpy(rest, data + begin + places / kStep * kStep, places % kStep);
            others[steps - 1] = lookup(rest, chunk, places / kStep * kStep);
            others[steps - 1] &= (1u << places % kStep) - 1;
        }
        for (std::size_t step = 0; step < steps; ++step) {
            for (std::uint32_t left = others[step]; left != 0; left &= left - 1) {
                const std::size_t i = step * kStep + _tzcnt_u32(left);
                const std::uint8_t byte = data[begin + i];
                chunk.low[i] = codes.literal_low[byte];
                chunk.high[i] = codes.literal_high[byte];
                chunk.count[i] = codes.literal_count[byte];
            }
        }
        chunk.clear(places, steps * kStep);
        for (; matches < match; ++matches) {
            const std::size_t at = matches->start - begin;
            const std::size_t after = at + matches->length;
            chunk.clear(at, after < places ? after : places);
            MatchBits bits = match_bits(*matches, codes);
            for (std::size_t i = at; bits.count > 0; ++i) {
                const std::uint32_t here = bits.count < kPlaceBits ? bits.count : kPlaceBits;
                chunk.set(i, static_cast<std::uint32_t>(bits.value) & ((1u << here) - 1), here);
                bits.value >>= here;
                bits.count -= here;
            }
        }
        chunks.put(chunk, steps);
        begin = next;
    }
    writer = chunks.writer();
}

void emit(const std::uint8_t* data, std::size_t first, std::size_t last, const Match* matches,
          std::size_t n_matches, const BlockCodes& codes, BitWriter& writer) {
    const CommonRows common(codes);
    if (common.few) {
        emit_by(RowLookup<kFewRows>(codes, common), data, first, last, matches, n_matches, codes,
                writer);
    } else {
        emit_by(RowLookup<kRows>(codes, common), data, first, last, matches, n_matches, codes,
                writer);
    }
}

// For each mask of eight the places of its bits, in order.
struct Packing {
    std::uint64_t places[256] = {};

    constexpr Packing() {
        for (std::uint64_t mask = 0; mask < 256; ++mask) {
            unsigned n = 0;
            for (std::uint64_t bit = 0; bit < 8; ++bit) {
                if ((mask >> bit & 1) != 0) places[mask] |= bit << 8 * n++;
            }
        }
    }
};

constexpr Packing kPacking{};

// Writes those of eight bytes that the mask has next to each other, and returns their number.
inline std::size_t pack_8(const std::uint8_t* bytes, std::uint32_t mask, std::uint8_t* out) {
    const auto load_8 = [](const void* from) {
        return _mm_loadl_epi64(static_cast<const __m128i*>(from));
    };
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out),
                     _mm_shuffle_epi8(load_8(bytes), load_8(kPacking.places + mask)));
    return static_cast<std::size_t>(_mm_popcnt_u32(mask));
}

constexpr std::size_t kFarAtOnce = 4096;

void estimate_bytes(const std::uint8_t* data, std::size_t count, std::uint32_t* counts) {
    std::uint32_t tables[4][256] = {};
    const auto add = [&](const std::uint8_t* bytes, std::size_t n) {
        std::size_t i = 0;
        for (; i + 4 <= n; i += 4) {
            for (std::size_t k = 0; k < 4; ++k) ++tables[k][bytes[i + k]];
        }
        for (; i < n; ++i) ++tables[0][bytes[i]];
    };
    const auto sum_up = [&](int value) {
        const int i = value & 255;
        return tables[0][i] + tables[1][i] + tables[2][i] + tables[3][i];
    };
    // Far bytes are written next to each other and counted then.
    std::size_t i = 0;
    while (i + kStep <= count) {
        std::uint8_t far[kFarAtOnce + 8];
        std::size_t n = 0;
        const std::size_t left = (count - i) / kStep * kStep;
        const std::size_t end = i + (left < kFarAtOnce ? left : kFarAtOnce);
        for (; i < end; i += kStep) {
            const __m256i above = _mm256_add_epi8(load_32(data + i), _mm256_set1_epi8(kNear));
            const __m256i far_ones =
                _mm256_cmpeq_epi8(_mm256_max_epu8(above, _mm256_set1_epi8(2 * kNear)), above);
            const auto mask = static_cast<std::uint32_t>(_mm256_movemask_epi8(far_ones));
            for (std::size_t k = 0; k < 4; ++k) {
                n += pack_8(data + i + 8 * k, mask >> 8 * k & 255, far + n);
            }
        }
        add(far, n);
    }
    add(data + i, count - i);
    for (int value = kNear; value < 256 - kNear; ++value) counts[value] = sum_up(value);
    std::memset(tables, 0, sizeof(tables));
    for (std::size_t at = 0; at + kSample <= count; at += kSampleOf) add(data + at, kSample);
    for (int near = -kNear; near < kNear; ++near) {
        counts[near & 255] = sum_up(near) * static_cast<std::uint32_t>(kSampleOf / kSample);
    }
}

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
