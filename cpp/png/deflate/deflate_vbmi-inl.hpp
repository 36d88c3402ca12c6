// Literals counted and sent 64 at a time: the AVX-512 VBMI part of deflate.simd.cpp, which alone
// includes it.
//
// 64 codes are looked up at once in tables held in registers (twelve of them) and joined to groups
// of eight in vectors; a group of up to 64 bits is one write. One register in some hundreds has a
// longer one and goes by fours. Words are counted from where the writer is, not from a group's
// first byte: then 64 bits may be sent at once, and where only the 57 could be that fit beside
// those of a byte begun, one eight in ten to twenty was too long, and telling cost as much as
// eights saved. Tried and lost (measured 2026-11): eights in two words without a branch, which cost
// more than two writes of fours; eights, and fours of those that are too long, compressed into one
// list without a branch, which took a third longer than fours: permutes and compressions share a
// port with the look-ups.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "png/deflate/bit_writer-inl.hpp"
#include "simd/lookup-inl.hpp"
#include "simd/vec-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// 32 codes in 16-bit places to groups of four: `counts` has their lengths, `pairs` those of two.
inline __m512i join_fours(__m512i codes, __m512i counts, __m512i pairs) {
    // By a product, which shifts the odd code and adds the even one.
    const __m512i powers = _mm512_sllv_epi16(_mm512_set1_epi16(1), _mm512_slli_epi32(counts, 16));
    const __m512i joined = _mm512_madd_epi16(codes, powers);
    const __m512i low = _mm512_set1_epi64(0xffffffff);
    return _mm512_or_si512(
        _mm512_and_si512(joined, low),
        _mm512_sllv_epi64(_mm512_srli_epi64(joined, 32), _mm512_and_si512(pairs, low)));
}

// What 64 bytes become: up to kPlaceBits for each, the lower eight and the others apart, and how
// many they are.
struct Codes64 {
    __m512i low;
    __m512i high;
    __m512i count;
};

constexpr std::uint32_t kPlaceBits = 14;
static_assert(kMaxLiteralBits <= kPlaceBits && 4 * kPlaceBits <= kMaxPut);

// The codes of a block in registers.
struct LiteralLookup {
    Lookup low;
    Lookup high;
    Lookup count;

    explicit LiteralLookup(const BlockCodes& codes)
        : low(codes.literal_low), high(codes.literal_high), count(codes.literal_count) {}
    Codes64 operator()(__m512i bytes) const { return {low(bytes), high(bytes), count(bytes)}; }
};

// Each 64-bit place plus all places before it.
inline __m512i prefix_sums(__m512i x) {
    const __m512i zero = _mm512_setzero_si512();
    x = _mm512_add_epi64(x, _mm512_alignr_epi64(x, zero, 7));
    x = _mm512_add_epi64(x, _mm512_alignr_epi64(x, zero, 6));
    return _mm512_add_epi64(x, _mm512_alignr_epi64(x, zero, 4));
}

// Eight groups of codes, each shifted to where it begins in its word of 64 bits.
struct Groups {
    alignas(64) std::uint64_t bits[8];  // with those of the group before that reach into the word
    alignas(64) std::uint64_t kept[8];  // all ones where the group before began in the same word
    alignas(64) std::uint64_t word[8];  // counted from the writer's first byte
};

// Where each group goes is known for all eight at once, so the chain from one write to the next is
// an and and an or. But what vectors stored is slow to read at once by single elements: groups wait
// until a few more were made (measured 2026-11: 100 cycles for 64 codes otherwise, of which the
// vectors take 30).
class GroupWriter {
  public:
    explicit GroupWriter(const BitWriter& writer) { resume(writer); }

    // Sends 64 codes, of which any may be empty.
    HOTCOLD_INLINE void put(const Codes64& codes) {
        const __m512i zero = _mm512_setzero_si512();
        const __m512i low = _mm512_set1_epi64(0xffffffff);
        const __m512i pairs = _mm512_maddubs_epi16(codes.count, _mm512_set1_epi8(1));
        const __m512i fours = _mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
        const __m512i front =
            join_fours(_mm512_unpacklo_epi8(codes.low, codes.high),
                       _mm512_unpacklo_epi8(codes.count, zero), _mm512_unpacklo_epi16(pairs, zero));
        const __m512i back =
            join_fours(_mm512_unpackhi_epi8(codes.low, codes.high),
                       _mm512_unpackhi_epi8(codes.count, zero), _mm512_unpackhi_epi16(pairs, zero));
        const __m512i first = _mm512_unpacklo_epi64(front, back);
        const __m512i second = _mm512_unpackhi_epi64(front, back);
        const __m512i first_count = _mm512_and_si512(fours, low);
        const __m512i second_count = _mm512_srli_epi64(fours, 32);
        const __m512i count = _mm512_add_epi64(first_count, second_count);
        if (_mm512_cmpgt_epu8_mask(count, _mm512_set1_epi64(64)) == 0) {
            const __m512i behind = _mm512_sllv_epi64(second, first_count);
            place(_mm512_or_si512(first, behind), count);
            return;
        }
        alignas(64) static constexpr std::uint64_t kHalf[8] = {0, 8, 1, 9, 2, 10, 3, 11};
        const __m512i half = _mm512_load_si512(kHalf);
        const __m512i other = _mm512_or_si512(half, _mm512_set1_epi64(4));
        place(_mm512_permutex2var_epi64(first, half, second),
              _mm512_permutex2var_epi64(first_count, half, second_count));
        place(_mm512_permutex2var_epi64(first, other, second),
              _mm512_permutex2var_epi64(first_count, other, second_count));
    }

    // All that was put.
    BitWriter flush() {
        while (sent_ < made_) send(waiting_[sent_++ % kWaiting]);
        const auto end = static_cast<std::uint64_t>(last_of(end_));
        const std::uint64_t word = end / 64;
        if (word != static_cast<std::uint64_t>(last_of(words_))) {
            word_ = static_cast<std::uint64_t>(last_of(beyond_));
            std::memcpy(out_ + 8 * word, &word_, sizeof(word_));
        }
        return {out_ + end / 8, word_ >> (end % 64 & 56), static_cast<std::uint32_t>(end % 8)};
    }

    // Goes on after bits that were sent by other means since flush().
    void resume(const BitWriter& writer) {
        out_ = writer.out;
        word_ = writer.bits;
        end_ = _mm512_set1_epi64(static_cast<long long>(writer.count));
        words_ = _mm512_setzero_si512();
        beyond_ = _mm512_setzero_si512();
    }

  private:
    static constexpr std::size_t kWaiting = 4;

    // Eight groups of up to 64 bits.
    HOTCOLD_INLINE void place(__m512i codes, __m512i counts) {
        Groups& groups = waiting_[made_++ % kWaiting];
        const __m512i ends = _mm512_add_epi64(prefix_sums(counts), end_);
        const __m512i starts = _mm512_sub_epi64(ends, counts);
        const __m512i words = _mm512_srli_epi64(starts, 6);
        const __m512i within = _mm512_and_si512(starts, _mm512_set1_epi64(63));
        // A shift by 64 leaves nothing.
        const __m512i beyond =
            _mm512_srlv_epi64(codes, _mm512_sub_epi64(_mm512_set1_epi64(64), within));
        const __mmask8 kept = _mm512_cmpeq_epi64_mask(words, _mm512_alignr_epi64(words, words_, 7));
        _mm512_store_si512(groups.bits, _mm512_or_si512(_mm512_sllv_epi64(codes, within),
                                                        _mm512_alignr_epi64(beyond, beyond_, 7)));
        _mm512_store_si512(groups.kept, _mm512_maskz_set1_epi64(kept, -1));
        _mm512_store_si512(groups.word, words);
        // The next eight wait for this sum: it stays in vectors.
        end_ = _mm512_permutexvar_epi64(_mm512_set1_epi64(7), ends);
        words_ = words;
        beyond_ = beyond;
        if (made_ - sent_ == kWaiting) send(waiting_[sent_++ % kWaiting]);
    }

    static long long last_of(__m512i x) {
        return _mm_extract_epi64(_mm512_extracti32x4_epi32(x, 3), 1);
    }

    HOTCOLD_INLINE void send(const Groups& groups) {
        // Copies stay in registers: bytes written might change what members hold.
        std::uint8_t* const out = out_;
        std::uint64_t word = word_;
#pragma GCC unroll 8
        for (std::size_t i = 0; i < 8; ++i) {
            word = (word & groups.kept[i]) | groups.bits[i];
            std::memcpy(out + 8 * groups.word[i], &word, sizeof(word));
        }
        word_ = word;
    }

    Groups waiting_[kWaiting];
    std::size_t made_ = 0;
    std::size_t sent_ = 0;
    std::uint8_t* out_;
    std::uint64_t word_;
    __m512i end_;     // of all that was put, in bits from out_
    __m512i words_;   // of the last eight groups
    __m512i beyond_;  // what of them reaches into the word after
};

HOTCOLD_INLINE void set_place(Codes64& codes, __mmask64 place, std::uint32_t bits,
                              std::uint32_t count) {
    codes.low = _mm512_mask_set1_epi8(codes.low, place, static_cast<char>(bits));
    codes.high = _mm512_mask_set1_epi8(codes.high, place, static_cast<char>(bits >> 8));
    codes.count = _mm512_mask_set1_epi8(codes.count, place, static_cast<char>(count));
}

inline __mmask64 first_bytes(std::size_t count) {
    return count >= 64 ? ~__mmask64{0} : (__mmask64{1} << count) - 1;
}

inline bool fits_places(const Match& match, const BlockCodes& codes) {
    return match.distance == 1 && codes.run[match.length].count <= 2 * kPlaceBits;
}

// 64 bytes at a time with the runs among them: a run's bits take the places of its first two bytes
// and nothing is sent for the others, so that a run costs no more than a few masked moves. Sending
// what lies between runs by itself takes twice as long where they are many (measured 2026-11).
// Other matches, of which the fast way has none, and what is longer are sent by themselves.
void emit(const std::uint8_t* data, std::size_t first, std::size_t last, const Match* matches,
          std::size_t n_matches, const BlockCodes& codes, BitWriter& writer) {
    const LiteralLookup lookup(codes);
    const Match* const end = matches + n_matches;
    GroupWriter groups(writer);
    std::size_t place = first;
    while (place < last) {
        const std::size_t start = matches < end ? matches->start : last;
        for (; place + 64 <= start; place += 64)
            groups.put(lookup(_mm512_loadu_si512(data + place)));
        if (place == start && matches < end &&
            (matches->length >= 64 || !fits_places(*matches, codes))) {
            const MatchBits match = match_bits(*matches, codes);
            BitWriter direct = groups.flush();
            put(direct, match.value, match.count);
            groups.resume(direct);
            place += matches++->length;
            continue;
        }
        std::size_t next = last - place < 64 ? last - place : 64;
        __mmask64 sent = first_bytes(next);
        Codes64 here = lookup(_mm512_maskz_loadu_epi8(sent, data + place));
        for (; matches < end && matches->start < place + next; ++matches) {
            const std::size_t at = matches->start - place;
            const std::size_t length = matches->length;
            if (at == 63 || !fits_places(*matches, codes)) {
                next = at;
                sent &= first_bytes(at);
                break;
            }
            const Bits run = codes.run[length];
            const std::uint32_t low = run.count < kPlaceBits ? run.count : kPlaceBits;
            set_place(here, __mmask64{1} << at, run.value & ((1u << kPlaceBits) - 1), low);
            set_place(here, __mmask64{2} << at, run.value >> kPlaceBits, run.count - low);
            sent &= ~(first_bytes(length) << at) | __mmask64{3} << at;
            if (at + length > next) next = at + length;
        }
        groups.put({_mm512_maskz_mov_epi8(sent, here.low), _mm512_maskz_mov_epi8(sent, here.high),
                    _mm512_maskz_mov_epi8(sent, here.count)});
        place += next;
    }
    writer = groups.flush();
}

// Bytes -8 to 7, which most residuals are.
constexpr int kFirstCommon = -8;
constexpr int kCommon = 16;
constexpr std::size_t kCountedAtOnce = 255 * 64;  // what counters of a byte each can take
constexpr std::size_t kRareAtOnce = 64 * 64;

inline void add_rare(const std::uint8_t* bytes, std::size_t count, std::uint32_t (*tables)[256]) {
    std::size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        for (std::size_t k = 0; k < 4; ++k) ++tables[k][bytes[i + k]];
    }
    for (; i < count; ++i) ++tables[0][bytes[i]];
}

// Common bytes are counted by comparing, 64 at a time and each value in turn; the others are
// written next to each other and counted one by one.
void count_bytes(const std::uint8_t* data, std::size_t count, std::uint32_t* counts) {
    std::uint32_t tables[4][256] = {};
    std::uint64_t common[kCommon] = {};
    const __m512i one = _mm512_set1_epi8(1);
    std::size_t i = 0;
    while (i + 64 <= count) {
        std::uint8_t rare[kCountedAtOnce + 64];
        std::size_t n_rare = 0;
        const std::size_t left = (count - i) / 64 * 64;
        const std::size_t end = i + (left < kCountedAtOnce ? left : kCountedAtOnce);
        __m512i sums[kCommon];
        for (__m512i& sum : sums) sum = _mm512_setzero_si512();
        for (; i < end; i += 64) {
            const __m512i bytes = _mm512_loadu_si512(data + i);
#pragma GCC unroll 16
            for (int k = 0; k < kCommon; ++k) {
                const __m512i value = _mm512_set1_epi8(static_cast<char>(kFirstCommon + k));
                sums[k] = _mm512_mask_add_epi8(sums[k], _mm512_cmpeq_epi8_mask(bytes, value),
                                               sums[k], one);
            }
            const __mmask64 others =
                _mm512_cmpgt_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8(kFirstCommon)),
                                       _mm512_set1_epi8(kCommon - 1));
            _mm512_storeu_si512(rare + n_rare, _mm512_maskz_compress_epi8(others, bytes));
            n_rare += static_cast<std::size_t>(_mm_popcnt_u64(others));
        }
        for (int k = 0; k < kCommon; ++k) {
            alignas(64) std::uint64_t lanes[8];
            _mm512_store_si512(lanes, _mm512_sad_epu8(sums[k], _mm512_setzero_si512()));
            for (const std::uint64_t lane : lanes) common[k] += lane;
        }
        add_rare(rare, n_rare, tables);
    }
    add_rare(data + i, count - i, tables);
    for (int value = 0; value < 256; ++value) {
        counts[value] = tables[0][value] + tables[1][value] + tables[2][value] + tables[3][value];
    }
    for (int k = 0; k < kCommon; ++k) {
        counts[(kFirstCommon + k) & 255] += static_cast<std::uint32_t>(common[k]);
    }
}

// kCommon values from `first` on, in the sample alone.
void count_common(const std::uint8_t* data, std::size_t count, int first, std::uint32_t* counts) {
    const __m512i one = _mm512_set1_epi8(1);
    for (std::size_t i = 0; i + kSample <= count;) {
        __m512i sums[kCommon];
        for (__m512i& sum : sums) sum = _mm512_setzero_si512();
        for (int n = 0; n < 255 && i + kSample <= count; ++n, i += kSampleOf) {
            const __m512i bytes = _mm512_loadu_si512(data + i);
#pragma GCC unroll 16
            for (int k = 0; k < kCommon; ++k) {
                const __m512i value = _mm512_set1_epi8(static_cast<char>(first + k));
                sums[k] = _mm512_mask_add_epi8(sums[k], _mm512_cmpeq_epi8_mask(bytes, value),
                                               sums[k], one);
            }
        }
        for (int k = 0; k < kCommon; ++k) {
            alignas(64) std::uint64_t lanes[8];
            _mm512_store_si512(lanes, _mm512_sad_epu8(sums[k], _mm512_setzero_si512()));
            for (const std::uint64_t lane : lanes) {
                counts[(first + k) & 255] += static_cast<std::uint32_t>(lane);
            }
        }
    }
}

void estimate_bytes(const std::uint8_t* data, std::size_t count, std::uint32_t* counts) {
    static_assert(kSample == 64 && 2 * kNear == 2 * kCommon);
    std::uint32_t tables[4][256] = {};
    std::size_t i = 0;
    while (i + 64 <= count) {
        std::uint8_t far[kRareAtOnce + 64];
        std::size_t n_far = 0;
        const std::size_t left = (count - i) / 64 * 64;
        const std::size_t end = i + (left < kRareAtOnce ? left : kRareAtOnce);
        for (; i < end; i += 64) {
            const __m512i bytes = _mm512_loadu_si512(data + i);
            const __mmask64 others = _mm512_cmpgt_epu8_mask(
                _mm512_add_epi8(bytes, _mm512_set1_epi8(kNear)), _mm512_set1_epi8(2 * kNear - 1));
            _mm512_storeu_si512(far + n_far, _mm512_maskz_compress_epi8(others, bytes));
            n_far += static_cast<std::size_t>(_mm_popcnt_u64(others));
        }
        add_rare(far, n_far, tables);
    }
    add_rare(data + i, count - i, tables);
    for (int value = 0; value < 256; ++value) {
        counts[value] = tables[0][value] + tables[1][value] + tables[2][value] + tables[3][value];
    }
    for (int near = -kNear; near < kNear; ++near) counts[near & 255] = 0;
    count_common(data, count, -kNear, counts);
    count_common(data, count, -kNear + kCommon, counts);
    for (int near = -kNear; near < kNear; ++near) {
        counts[near & 255] *= static_cast<std::uint32_t>(kSampleOf / kSample);
    }
}

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
