// A register of bytes at the level being compiled: the few operations that PNG's filters need,
// under one set of names. Included by .simd.cpp files only.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__AVX2__) || defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace hotcold::HOTCOLD_LEVEL {
namespace {

#if defined(__AVX512BW__)

// magnitude(x) is the distance of x from 0 modulo 256, 0 to 128.
struct Bytes {
    using Mask = __mmask64;
    static constexpr std::size_t kSize = 64;
    __m512i v;

    static Bytes load(const std::uint8_t* from) { return {_mm512_loadu_si512(from)}; }
    static Bytes fill(char value) { return {_mm512_set1_epi8(value)}; }
    void store(std::uint8_t* to) const { _mm512_storeu_si512(to, v); }
};
inline Bytes min(Bytes x, Bytes y) { return {_mm512_min_epu8(x.v, y.v)}; }
inline Bytes max(Bytes x, Bytes y) { return {_mm512_max_epu8(x.v, y.v)}; }
inline Bytes subtract(Bytes x, Bytes y) { return {_mm512_sub_epi8(x.v, y.v)}; }
inline Bytes plus(Bytes x, Bytes y) { return {_mm512_add_epi8(x.v, y.v)}; }
inline Bytes magnitude(Bytes x) { return {_mm512_abs_epi8(x.v)}; }
inline Bytes mean_rounded_up(Bytes x, Bytes y) { return {_mm512_avg_epu8(x.v, y.v)}; }
inline Bytes odd_difference(Bytes x, Bytes y) {
    return {_mm512_and_si512(_mm512_xor_si512(x.v, y.v), _mm512_set1_epi8(1))};
}
inline Bytes::Mask not_above(Bytes x, Bytes y) { return _mm512_cmple_epu8_mask(x.v, y.v); }
inline Bytes choose(Bytes::Mask mask, Bytes yes, Bytes no) {
    return {_mm512_mask_blend_epi8(mask, no.v, yes.v)};
}

class ByteSum {
  public:
    void add(Bytes x) {
        sum_ = _mm512_add_epi64(sum_, _mm512_sad_epu8(x.v, _mm512_setzero_si512()));
    }
    std::uint64_t total() const {
        alignas(64) std::uint64_t lanes[8];
        _mm512_store_si512(lanes, sum_);
        std::uint64_t total = 0;
        for (const std::uint64_t lane : lanes) total += lane;
        return total;
    }

  private:
    __m512i sum_ = _mm512_setzero_si512();
};

#elif defined(__AVX2__)

struct Bytes {
    using Mask = __m256i;
    static constexpr std::size_t kSize = 32;
    __m256i v;

    static Bytes load(const std::uint8_t* from) {
        return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))};
    }
    static Bytes fill(char value) { return {_mm256_set1_epi8(value)}; }
    void store(std::uint8_t* to) const { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), v); }
};
inline Bytes min(Bytes x, Bytes y) { return {_mm256_min_epu8(x.v, y.v)}; }
inline Bytes max(Bytes x, Bytes y) { return {_mm256_max_epu8(x.v, y.v)}; }
inline Bytes subtract(Bytes x, Bytes y) { return {_mm256_sub_epi8(x.v, y.v)}; }
inline Bytes plus(Bytes x, Bytes y) { return {_mm256_add_epi8(x.v, y.v)}; }
inline Bytes magnitude(Bytes x) { return {_mm256_abs_epi8(x.v)}; }
inline Bytes mean_rounded_up(Bytes x, Bytes y) { return {_mm256_avg_epu8(x.v, y.v)}; }
inline Bytes odd_difference(Bytes x, Bytes y) {
    return {_mm256_and_si256(_mm256_xor_si256(x.v, y.v), _mm256_set1_epi8(1))};
}
inline Bytes::Mask not_above(Bytes x, Bytes y) {
    return _mm256_cmpeq_epi8(_mm256_min_epu8(x.v, y.v), x.v);
}
inline Bytes choose(Bytes::Mask mask, Bytes yes, Bytes no) {
    return {_mm256_blendv_epi8(no.v, yes.v, mask)};
}

class ByteSum {
  public:
    void add(Bytes x) {
        sum_ = _mm256_add_epi64(sum_, _mm256_sad_epu8(x.v, _mm256_setzero_si256()));
    }
    std::uint64_t total() const {
        alignas(32) std::uint64_t lanes[4];
        _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), sum_);
        return lanes[0] + lanes[1] + lanes[2] + lanes[3];
    }

  private:
    __m256i sum_ = _mm256_setzero_si256();
};

#elif defined(__SSE2__)

struct Bytes {
    using Mask = __m128i;
    static constexpr std::size_t kSize = 16;
    __m128i v;

    static Bytes load(const std::uint8_t* from) {
        return {_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))};
    }
    static Bytes fill(char value) { return {_mm_set1_epi8(value)}; }
    void store(std::uint8_t* to) const { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), v); }
};
inline Bytes min(Bytes x, Bytes y) { return {_mm_min_epu8(x.v, y.v)}; }
inline Bytes max(Bytes x, Bytes y) { return {_mm_max_epu8(x.v, y.v)}; }
inline Bytes subtract(Bytes x, Bytes y) { return {_mm_sub_epi8(x.v, y.v)}; }
inline Bytes plus(Bytes x, Bytes y) { return {_mm_add_epi8(x.v, y.v)}; }
inline Bytes magnitude(Bytes x) {
    return {_mm_min_epu8(x.v, _mm_sub_epi8(_mm_setzero_si128(), x.v))};
}
inline Bytes mean_rounded_up(Bytes x, Bytes y) { return {_mm_avg_epu8(x.v, y.v)}; }
inline Bytes odd_difference(Bytes x, Bytes y) {
    return {_mm_and_si128(_mm_xor_si128(x.v, y.v), _mm_set1_epi8(1))};
}
inline Bytes::Mask not_above(Bytes x, Bytes y) {
    return _mm_cmpeq_epi8(_mm_min_epu8(x.v, y.v), x.v);
}
inline Bytes choose(Bytes::Mask mask, Bytes yes, Bytes no) {
    return {_mm_or_si128(_mm_and_si128(mask, yes.v), _mm_andnot_si128(mask, no.v))};
}

class ByteSum {
  public:
    void add(Bytes x) { sum_ = _mm_add_epi64(sum_, _mm_sad_epu8(x.v, _mm_setzero_si128())); }
    std::uint64_t total() const {
        alignas(16) std::uint64_t lanes[2];
        _mm_store_si128(reinterpret_cast<__m128i*>(lanes), sum_);
        return lanes[0] + lanes[1];
    }

  private:
    __m128i sum_ = _mm_setzero_si128();
};

#elif defined(__ARM_NEON)

struct Bytes {
    using Mask = uint8x16_t;
    static constexpr std::size_t kSize = 16;
    uint8x16_t v;

    static Bytes load(const std::uint8_t* from) { return {vld1q_u8(from)}; }
    static Bytes fill(char value) { return {vdupq_n_u8(static_cast<std::uint8_t>(value))}; }
    void store(std::uint8_t* to) const { vst1q_u8(to, v); }
};
inline Bytes min(Bytes x, Bytes y) { return {vminq_u8(x.v, y.v)}; }
inline Bytes max(Bytes x, Bytes y) { return {vmaxq_u8(x.v, y.v)}; }
inline Bytes subtract(Bytes x, Bytes y) { return {vsubq_u8(x.v, y.v)}; }
inline Bytes plus(Bytes x, Bytes y) { return {vaddq_u8(x.v, y.v)}; }
inline Bytes magnitude(Bytes x) { return {vminq_u8(x.v, vsubq_u8(vdupq_n_u8(0), x.v))}; }
inline Bytes mean_rounded_up(Bytes x, Bytes y) { return {vrhaddq_u8(x.v, y.v)}; }
inline Bytes odd_difference(Bytes x, Bytes y) {
    return {vandq_u8(veorq_u8(x.v, y.v), vdupq_n_u8(1))};
}
inline Bytes::Mask not_above(Bytes x, Bytes y) { return vcleq_u8(x.v, y.v); }
inline Bytes choose(Bytes::Mask mask, Bytes yes, Bytes no) { return {vbslq_u8(mask, yes.v, no.v)}; }

class ByteSum {
  public:
    void add(Bytes x) { sum_ = vpadalq_u32(sum_, vpaddlq_u16(vpaddlq_u8(x.v))); }
    std::uint64_t total() const { return vgetq_lane_u64(sum_, 0) + vgetq_lane_u64(sum_, 1); }

  private:
    uint64x2_t sum_ = vdupq_n_u64(0);
};

#else

struct Bytes {
    using Mask = bool;
    static constexpr std::size_t kSize = 1;
    std::uint8_t v;

    static Bytes load(const std::uint8_t* from) { return {*from}; }
    static Bytes fill(char value) { return {static_cast<std::uint8_t>(value)}; }
    void store(std::uint8_t* to) const { *to = v; }
};
inline Bytes min(Bytes x, Bytes y) { return x.v < y.v ? x : y; }
inline Bytes max(Bytes x, Bytes y) { return x.v < y.v ? y : x; }
inline Bytes subtract(Bytes x, Bytes y) { return {static_cast<std::uint8_t>(x.v - y.v)}; }
inline Bytes plus(Bytes x, Bytes y) { return {static_cast<std::uint8_t>(x.v + y.v)}; }
inline Bytes magnitude(Bytes x) { return {static_cast<std::uint8_t>(x.v < 128 ? x.v : 256 - x.v)}; }
inline Bytes mean_rounded_up(Bytes x, Bytes y) {
    return {static_cast<std::uint8_t>((x.v + y.v + 1) / 2)};
}
inline Bytes odd_difference(Bytes x, Bytes y) {
    return {static_cast<std::uint8_t>((x.v ^ y.v) & 1)};
}
inline Bytes::Mask not_above(Bytes x, Bytes y) { return x.v <= y.v; }
inline Bytes choose(Bytes::Mask mask, Bytes yes, Bytes no) { return mask ? yes : no; }

class ByteSum {
  public:
    void add(Bytes x) { sum_ += x.v; }
    std::uint64_t total() const { return sum_; }

  private:
    std::uint64_t sum_ = 0;
};

#endif

#if defined(__AVX512BW__)

// The first `count` bytes, fewer than a register; zeros behind. No other byte is touched.
inline Bytes load_first(const std::uint8_t* from, std::size_t count) {
    return {_mm512_maskz_loadu_epi8((__mmask64{1} << count) - 1, from)};
}
inline void store_first(Bytes x, std::uint8_t* to, std::size_t count) {
    _mm512_mask_storeu_epi8(to, (__mmask64{1} << count) - 1, x.v);
}

#else

inline Bytes load_first(const std::uint8_t* from, std::size_t count) {
    std::uint8_t bytes[Bytes::kSize] = {};
    for (std::size_t i = 0; i < count; ++i) bytes[i] = from[i];
    return Bytes::load(bytes);
}
inline void store_first(Bytes x, std::uint8_t* to, std::size_t count) {
    std::uint8_t bytes[Bytes::kSize];
    x.store(bytes);
    for (std::size_t i = 0; i < count; ++i) to[i] = bytes[i];
}

#endif

inline Bytes mean_rounded_down(Bytes x, Bytes y) {
    return subtract(mean_rounded_up(x, y), odd_difference(x, y));
}

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
