// The AVX-512 instructions that the kernels use, each as a plain loop, so that the AVX-512 level of
// every kernel runs, and is tested, on a processor without them. Forced before all other includes
// of that level by hotcold_EMULATE_AVX512; never part of what is shipped.
//
// It shows that the level's logic is right: which bytes go where, what a mask keeps, what is read
// and written (a masked access touches nothing else, so sanitizers see what it would touch). That
// the processor does what the loops say is shown on a machine that has the instructions.
// A loop's source is Intel's description of the instruction of its name.
#pragma once
#pragma GCC system_header  // vector types as template arguments, and 64 of their bytes by value

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace avx512_emulated {

#define EMULATED inline __attribute__((always_inline))

template <typename T, typename Vector = __m512i>
struct Lanes {
    static constexpr int n = 64 / sizeof(T);
    T at[n];
    explicit Lanes(const Vector& v) { std::memcpy(at, &v, 64); }
    Lanes() { std::memset(at, 0, 64); }
    operator Vector() const {
        Vector v;
        std::memcpy(&v, at, 64);
        return v;
    }
};

template <typename T, typename Vector, typename Op>
EMULATED Vector map(const Vector& x, const Vector& y, Op op) {
    Lanes<T, Vector> a(x), b(y), r;
    for (int i = 0; i < r.n; ++i) r.at[i] = static_cast<T>(op(a.at[i], b.at[i]));
    return r;
}
template <typename T, typename Vector, typename Op>
EMULATED std::uint64_t test(const Vector& x, const Vector& y, Op op) {
    Lanes<T, Vector> a(x), b(y);
    std::uint64_t mask = 0;
    for (int i = 0; i < a.n; ++i) mask |= std::uint64_t{op(a.at[i], b.at[i])} << i;
    return mask;
}
template <typename T, typename Vector = __m512i>
EMULATED Vector fill(T value) {
    Lanes<T, Vector> r;
    for (int i = 0; i < r.n; ++i) r.at[i] = value;
    return r;
}
template <typename Vector>
EMULATED Vector get(const void* from) {
    Vector v;
    std::memcpy(&v, from, 64);
    return v;
}
template <typename Vector>
EMULATED void put(void* to, const Vector& v) {
    std::memcpy(to, &v, 64);
}
// Per 128 bits: the low or high half of x and y, one element of each in turn.
template <typename T, bool high>
EMULATED __m512i unpack(const __m512i& x, const __m512i& y) {
    constexpr int per = 16 / sizeof(T);
    Lanes<T> a(x), b(y), r;
    for (int i = 0; i < r.n; ++i) {
        const int from = i / per * per + (high ? per / 2 : 0) + i % per / 2;
        r.at[i] = i % 2 ? b.at[from] : a.at[from];
    }
    return r;
}
template <typename T, typename Index = T, typename Vector = __m512i>
EMULATED Vector permute_two(const Vector& x, const __m512i& index, const Vector& y) {
    Lanes<T, Vector> a(x), b(y), r;
    Lanes<Index> at(index);
    for (int i = 0; i < r.n; ++i) {
        const auto from = static_cast<unsigned>(at.at[i]) % (2 * r.n);
        r.at[i] = from < static_cast<unsigned>(r.n) ? a.at[from] : b.at[from - r.n];
    }
    return r;
}
template <typename T, typename Vector = __m512i>
EMULATED Vector choose(const Vector& no, std::uint64_t mask, const Vector& yes) {
    Lanes<T, Vector> a(no), b(yes), r;
    for (int i = 0; i < r.n; ++i) r.at[i] = mask >> i & 1 ? b.at[i] : a.at[i];
    return r;
}
EMULATED __m512i mask_mov_epi8(const __m512i& no, __mmask64 mask, const __m512i& yes) {
    return choose<std::uint8_t>(no, mask, yes);
}
template <typename T, typename Vector>
EMULATED Vector compress(std::uint64_t mask, const Vector& v) {
    Lanes<T, Vector> a(v), r;
    int kept = 0;
    for (int i = 0; i < a.n; ++i)
        if (mask >> i & 1) r.at[kept++] = a.at[i];
    return r;
}
template <typename T, typename Vector>
EMULATED Vector multiply_add(const Vector& x, const Vector& y, const Vector& z) {
    Lanes<T, Vector> a(x), b(y), c(z), r;
    for (int i = 0; i < a.n; ++i) r.at[i] = a.at[i] * b.at[i] + c.at[i];
    return r;
}
template <typename T, typename Vector>
EMULATED std::uint64_t compare(const Vector& x, const Vector& y, int how) {
    if (how == _CMP_LE_OQ) return test<T>(x, y, [](T a, T b) { return a <= b; });
    if (how == _CMP_LT_OQ) return test<T>(x, y, [](T a, T b) { return a < b; });
    return test<T>(x, y, [](T a, T b) { return a != a || b != b; });  // _CMP_UNORD_Q
}
EMULATED __m512i maddubs_epi16(const __m512i& x, const __m512i& y) {
    Lanes<std::uint8_t> a(x);
    Lanes<std::int8_t> b(y);
    Lanes<std::int16_t> r;
    for (int i = 0; i < 32; ++i) {
        const int sum = a.at[2 * i] * b.at[2 * i] + a.at[2 * i + 1] * b.at[2 * i + 1];
        r.at[i] = static_cast<std::int16_t>(sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum);
    }
    return r;
}
EMULATED __m512i madd_epi16(const __m512i& x, const __m512i& y) {
    Lanes<std::int16_t> a(x), b(y);
    Lanes<std::int32_t> r;
    for (int i = 0; i < 16; ++i)
        r.at[i] = a.at[2 * i] * b.at[2 * i] + a.at[2 * i + 1] * b.at[2 * i + 1];
    return r;
}
EMULATED __m512i sad_epu8(const __m512i& x, const __m512i& y) {
    Lanes<std::uint8_t> a(x), b(y);
    Lanes<std::uint64_t> r;
    for (int i = 0; i < 64; ++i)
        r.at[i / 8] +=
            static_cast<std::uint64_t>(a.at[i] > b.at[i] ? a.at[i] - b.at[i] : b.at[i] - a.at[i]);
    return r;
}
EMULATED __m512i maskz_loadu_epi8(__mmask64 mask, const void* from) {
    Lanes<std::uint8_t> r;
    for (int i = 0; i < 64; ++i)
        if (mask >> i & 1) r.at[i] = static_cast<const std::uint8_t*>(from)[i];
    return r;
}
EMULATED void mask_storeu_epi8(void* to, __mmask64 mask, const __m512i& v) {
    Lanes<std::uint8_t> a(v);
    for (int i = 0; i < 64; ++i)
        if (mask >> i & 1) static_cast<std::uint8_t*>(to)[i] = a.at[i];
}
EMULATED __m512 maskz_permutexvar_ps(__mmask16 mask, const __m512i& index, const __m512& x) {
    Lanes<std::int32_t> at(index);
    Lanes<float, __m512> a(x), r;
    for (int i = 0; i < 16; ++i)
        if (mask >> i & 1) r.at[i] = a.at[at.at[i] & 15];
    return r;
}
EMULATED __m512i mask_permutexvar_epi8(const __m512i& no, __mmask64 mask, const __m512i& index,
                                       const __m512i& x) {
    Lanes<std::uint8_t> at(index), a(x), r(no);
    for (int i = 0; i < 64; ++i)
        if (mask >> i & 1) r.at[i] = a.at[at.at[i] & 63];
    return r;
}

EMULATED __m512i permutexvar_epi64(const __m512i& index, const __m512i& x) {
    Lanes<std::uint64_t> at(index), a(x), r;
    for (int i = 0; i < 8; ++i) r.at[i] = a.at[at.at[i] & 7];
    return r;
}

EMULATED __m512i add_epi8(const __m512i& x, const __m512i& y) {
    return map<std::uint8_t>(x, y, [](std::uint8_t a, std::uint8_t b) { return a + b; });
}
EMULATED __m512i sub_epi8(const __m512i& x, const __m512i& y) {
    return map<std::uint8_t>(x, y, [](std::uint8_t a, std::uint8_t b) { return a - b; });
}
EMULATED __m512i add_epi64(const __m512i& x, const __m512i& y) {
    return map<std::uint64_t>(x, y, [](std::uint64_t a, std::uint64_t b) { return a + b; });
}
EMULATED __m512i and_si512(const __m512i& x, const __m512i& y) {
    return map<std::uint64_t>(x, y, [](std::uint64_t a, std::uint64_t b) { return a & b; });
}
EMULATED __m512i or_si512(const __m512i& x, const __m512i& y) {
    return map<std::uint64_t>(x, y, [](std::uint64_t a, std::uint64_t b) { return a | b; });
}
EMULATED __m512i xor_si512(const __m512i& x, const __m512i& y) {
    return map<std::uint64_t>(x, y, [](std::uint64_t a, std::uint64_t b) { return a ^ b; });
}
EMULATED __m512i avg_epu8(const __m512i& x, const __m512i& y) {
    return map<std::uint8_t>(x, y, [](std::uint8_t a, std::uint8_t b) { return (a + b + 1) >> 1; });
}
EMULATED __m512i min_epu8(const __m512i& x, const __m512i& y) {
    return map<std::uint8_t>(x, y, [](std::uint8_t a, std::uint8_t b) { return a < b ? a : b; });
}
EMULATED __m512i max_epu8(const __m512i& x, const __m512i& y) {
    return map<std::uint8_t>(x, y, [](std::uint8_t a, std::uint8_t b) { return a > b ? a : b; });
}
EMULATED __m512i sllv_epi64(const __m512i& x, const __m512i& y) {
    return map<std::uint64_t>(x, y,
                              [](std::uint64_t a, std::uint64_t b) { return b < 64 ? a << b : 0; });
}
EMULATED __m512i srlv_epi64(const __m512i& x, const __m512i& y) {
    return map<std::uint64_t>(x, y,
                              [](std::uint64_t a, std::uint64_t b) { return b < 64 ? a >> b : 0; });
}
EMULATED __mmask8 cmpeq_epi64_mask(const __m512i& x, const __m512i& y) {
    return static_cast<__mmask8>(
        test<std::uint64_t>(x, y, [](std::uint64_t a, std::uint64_t b) { return a == b; }));
}
EMULATED __mmask64 cmpeq_epi8_mask(const __m512i& x, const __m512i& y) {
    return test<std::uint8_t>(x, y, [](std::uint8_t a, std::uint8_t b) { return a == b; });
}
EMULATED __mmask64 cmple_epu8_mask(const __m512i& x, const __m512i& y) {
    return test<std::uint8_t>(x, y, [](std::uint8_t a, std::uint8_t b) { return a <= b; });
}
EMULATED __mmask64 cmpgt_epu8_mask(const __m512i& x, const __m512i& y) {
    return test<std::uint8_t>(x, y, [](std::uint8_t a, std::uint8_t b) { return a > b; });
}
EMULATED __m512i add_epi16(const __m512i& x, const __m512i& y) {
    return map<std::uint16_t>(x, y, [](std::uint16_t a, std::uint16_t b) { return a + b; });
}
EMULATED __m512i mulhi_epu16(const __m512i& x, const __m512i& y) {
    return map<std::uint16_t>(
        x, y, [](std::uint16_t a, std::uint16_t b) { return (std::uint32_t{a} * b) >> 16; });
}
EMULATED __m512i packus_epi16(const __m512i& x, const __m512i& y) {
    Lanes<std::int16_t> a(x), b(y);
    Lanes<std::uint8_t> r;
    for (int i = 0; i < 64; ++i) {
        const int v = (i / 8 % 2 == 0 ? a : b).at[i / 16 * 8 + i % 8];
        r.at[i] = static_cast<std::uint8_t>(v < 0 ? 0 : v > 255 ? 255 : v);
    }
    return r;
}
EMULATED __m512i srli_epi16(const __m512i& x, int by) {
    return map<std::uint16_t>(x, x, [by](std::uint16_t a, std::uint16_t) { return a >> by; });
}
EMULATED __m512i srli_epi64(const __m512i& x, int by) {
    return map<std::uint64_t>(x, x, [by](std::uint64_t a, std::uint64_t) { return a >> by; });
}
EMULATED __m512i loadu_si512(const void* from) { return get<__m512i>(from); }
EMULATED __m512i load_si512(const void* from) { return get<__m512i>(from); }
EMULATED __m512 loadu_ps(const void* from) { return get<__m512>(from); }
EMULATED __m512d loadu_pd(const void* from) { return get<__m512d>(from); }
EMULATED void storeu_si512(void* to, const __m512i& v) { put(to, v); }
EMULATED void store_si512(void* to, const __m512i& v) { put(to, v); }
EMULATED void storeu_ps(void* to, const __m512& v) { put(to, v); }
EMULATED void storeu_pd(void* to, const __m512d& v) { put(to, v); }
EMULATED __m512i setzero_si512() { return fill<std::int8_t>(0); }
EMULATED __m512 setzero_ps() { return fill<float, __m512>(0); }
EMULATED __m512d setzero_pd() { return fill<double, __m512d>(0); }
EMULATED __m512i set1_epi8(int x) { return fill<std::int8_t>(static_cast<std::int8_t>(x)); }
EMULATED __m512i set1_epi16(int x) { return fill<std::int16_t>(static_cast<std::int16_t>(x)); }
EMULATED __m512i set1_epi32(unsigned x) { return fill<std::int32_t>(static_cast<std::int32_t>(x)); }
EMULATED __m512i set1_epi64(long long x) {
    return fill<std::int64_t>(static_cast<std::int64_t>(x));
}
EMULATED __m512 set1_ps(float x) { return fill<float, __m512>(x); }
EMULATED __m512d set1_pd(double x) { return fill<double, __m512d>(x); }
EMULATED __mmask16 cmp_ps_mask(const __m512& x, const __m512& y, int how) {
    return static_cast<__mmask16>(compare<float>(x, y, how));
}
EMULATED __mmask8 cmp_pd_mask(const __m512d& x, const __m512d& y, int how) {
    return static_cast<__mmask8>(compare<double>(x, y, how));
}
EMULATED __m512 fmadd_ps(const __m512& x, const __m512& y, const __m512& z) {
    return multiply_add<float>(x, y, z);
}
EMULATED __m512d fmadd_pd(const __m512d& x, const __m512d& y, const __m512d& z) {
    return multiply_add<double>(x, y, z);
}
EMULATED __m512i mask_sub_epi8(const __m512i& no, __mmask64 mask, const __m512i& x,
                               const __m512i& y) {
    return mask_mov_epi8(no, mask, sub_epi8(x, y));
}
EMULATED __mmask64 movepi8_mask(const __m512i& x) {
    return test<std::int8_t>(x, x, [](std::int8_t a, std::int8_t) { return a < 0; });
}
EMULATED __m512i permutex2var_epi8(const __m512i& x, const __m512i& index, const __m512i& y) {
    return permute_two<std::uint8_t>(x, index, y);
}
EMULATED __m512i permutex2var_epi64(const __m512i& x, const __m512i& index, const __m512i& y) {
    return permute_two<std::uint64_t>(x, index, y);
}
EMULATED __m512 permutex2var_ps(const __m512& x, const __m512i& index, const __m512& y) {
    return permute_two<float, std::uint32_t>(x, index, y);
}
EMULATED __m512d permutex2var_pd(const __m512d& x, const __m512i& index, const __m512d& y) {
    return permute_two<double, std::uint64_t>(x, index, y);
}
EMULATED __m512 mask_mov_ps(const __m512& no, __mmask16 mask, const __m512& yes) {
    return choose<float>(no, mask, yes);
}
EMULATED __m512d mask_mov_pd(const __m512d& no, __mmask8 mask, const __m512d& yes) {
    return choose<double>(no, mask, yes);
}
EMULATED __m512i maskz_compress_epi8(__mmask64 mask, const __m512i& x) {
    return compress<std::uint8_t>(mask, x);
}
EMULATED __m512i abs_epi8(const __m512i& x) {
    return map<std::int8_t>(x, x, [](std::int8_t a, std::int8_t) { return a < 0 ? -a : a; });
}
EMULATED __m512i add_epi32(const __m512i& x, const __m512i& y) {
    return map<std::uint32_t>(x, y, [](std::uint32_t a, std::uint32_t b) { return a + b; });
}
EMULATED __m512i alignr_epi64(const __m512i& x, const __m512i& y, int by) {
    Lanes<std::uint64_t> a(x), b(y), r;
    for (int i = 0; i < 8; ++i) r.at[i] = i + by < 8 ? b.at[i + by] : a.at[i + by - 8];
    return r;
}
EMULATED __m128i extracti32x4_epi32(const __m512i& x, int which) {
    __m128i quarters[4];
    std::memcpy(quarters, &x, 64);
    return quarters[which];
}
EMULATED __m512i mask_add_epi8(const __m512i& no, __mmask64 mask, const __m512i& x,
                               const __m512i& y) {
    return mask_mov_epi8(no, mask, add_epi8(x, y));
}
EMULATED __m512i mask_set1_epi8(const __m512i& no, __mmask64 mask, char x) {
    return mask_mov_epi8(no, mask, set1_epi8(x));
}
EMULATED __m512i maskz_set1_epi64(__mmask8 mask, long long x) {
    return choose<std::uint64_t>(setzero_si512(), mask, set1_epi64(x));
}
EMULATED __m512i maskz_mov_epi8(__mmask64 mask, const __m512i& x) {
    return mask_mov_epi8(setzero_si512(), mask, x);
}
EMULATED __m512i slli_epi32(const __m512i& x, int by) {
    return map<std::uint32_t>(x, x, [by](std::uint32_t a, std::uint32_t) { return a << by; });
}
EMULATED __m512i sllv_epi16(const __m512i& x, const __m512i& y) {
    return map<std::uint16_t>(x, y,
                              [](std::uint16_t a, std::uint16_t b) { return b < 16 ? a << b : 0; });
}
EMULATED __m512i sub_epi64(const __m512i& x, const __m512i& y) {
    return map<std::uint64_t>(x, y, [](std::uint64_t a, std::uint64_t b) { return a - b; });
}
EMULATED __m512 maskz_compress_ps(__mmask16 mask, const __m512& x) {
    return compress<float>(mask, x);
}
EMULATED __m512d maskz_compress_pd(__mmask8 mask, const __m512d& x) {
    return compress<double>(mask, x);
}
EMULATED __m512i unpacklo_epi8(const __m512i& x, const __m512i& y) {
    return unpack<std::uint8_t, false>(x, y);
}
EMULATED __m512i unpackhi_epi8(const __m512i& x, const __m512i& y) {
    return unpack<std::uint8_t, true>(x, y);
}
EMULATED __m512i unpacklo_epi16(const __m512i& x, const __m512i& y) {
    return unpack<std::uint16_t, false>(x, y);
}
EMULATED __m512i unpackhi_epi16(const __m512i& x, const __m512i& y) {
    return unpack<std::uint16_t, true>(x, y);
}
EMULATED __m512i unpacklo_epi64(const __m512i& x, const __m512i& y) {
    return unpack<std::uint64_t, false>(x, y);
}
EMULATED __m512i unpackhi_epi64(const __m512i& x, const __m512i& y) {
    return unpack<std::uint64_t, true>(x, y);
}
EMULATED __m512i mask_blend_epi8(__mmask64 mask, const __m512i& no, const __m512i& yes) {
    return mask_mov_epi8(no, mask, yes);
}

}  // namespace avx512_emulated

#undef EMULATED
#undef _mm512_alignr_epi64
#undef _mm512_extracti32x4_epi32
#undef _mm512_slli_epi32
#undef _mm512_cmp_ps_mask
#undef _mm512_cmp_pd_mask
#undef _mm512_srli_epi16
#undef _mm512_srli_epi64
#define _mm512_abs_epi8 ::avx512_emulated::abs_epi8
#define _mm512_add_epi16 ::avx512_emulated::add_epi16
#define _mm512_add_epi32 ::avx512_emulated::add_epi32
#define _mm512_add_epi64 ::avx512_emulated::add_epi64
#define _mm512_add_epi8 ::avx512_emulated::add_epi8
#define _mm512_alignr_epi64 ::avx512_emulated::alignr_epi64
#define _mm512_and_si512 ::avx512_emulated::and_si512
#define _mm512_avg_epu8 ::avx512_emulated::avg_epu8
#define _mm512_cmp_pd_mask ::avx512_emulated::cmp_pd_mask
#define _mm512_cmp_ps_mask ::avx512_emulated::cmp_ps_mask
#define _mm512_cmpeq_epi64_mask ::avx512_emulated::cmpeq_epi64_mask
#define _mm512_cmpeq_epi8_mask ::avx512_emulated::cmpeq_epi8_mask
#define _mm512_cmpgt_epu8_mask ::avx512_emulated::cmpgt_epu8_mask
#define _mm512_cmple_epu8_mask ::avx512_emulated::cmple_epu8_mask
#define _mm512_extracti32x4_epi32 ::avx512_emulated::extracti32x4_epi32
#define _mm512_fmadd_pd ::avx512_emulated::fmadd_pd
#define _mm512_fmadd_ps ::avx512_emulated::fmadd_ps
#define _mm512_load_si512 ::avx512_emulated::load_si512
#define _mm512_loadu_pd ::avx512_emulated::loadu_pd
#define _mm512_loadu_ps ::avx512_emulated::loadu_ps
#define _mm512_loadu_si512 ::avx512_emulated::loadu_si512
#define _mm512_madd_epi16 ::avx512_emulated::madd_epi16
#define _mm512_maddubs_epi16 ::avx512_emulated::maddubs_epi16
#define _mm512_mask_add_epi8 ::avx512_emulated::mask_add_epi8
#define _mm512_mask_blend_epi8 ::avx512_emulated::mask_blend_epi8
#define _mm512_mask_mov_epi8 ::avx512_emulated::mask_mov_epi8
#define _mm512_mask_mov_pd ::avx512_emulated::mask_mov_pd
#define _mm512_mask_mov_ps ::avx512_emulated::mask_mov_ps
#define _mm512_mask_permutexvar_epi8 ::avx512_emulated::mask_permutexvar_epi8
#define _mm512_mask_set1_epi8 ::avx512_emulated::mask_set1_epi8
#define _mm512_mask_storeu_epi8 ::avx512_emulated::mask_storeu_epi8
#define _mm512_mask_sub_epi8 ::avx512_emulated::mask_sub_epi8
#define _mm512_maskz_compress_epi8 ::avx512_emulated::maskz_compress_epi8
#define _mm512_maskz_compress_pd ::avx512_emulated::maskz_compress_pd
#define _mm512_maskz_compress_ps ::avx512_emulated::maskz_compress_ps
#define _mm512_maskz_loadu_epi8 ::avx512_emulated::maskz_loadu_epi8
#define _mm512_maskz_mov_epi8 ::avx512_emulated::maskz_mov_epi8
#define _mm512_maskz_permutexvar_ps ::avx512_emulated::maskz_permutexvar_ps
#define _mm512_maskz_set1_epi64 ::avx512_emulated::maskz_set1_epi64
#define _mm512_max_epu8 ::avx512_emulated::max_epu8
#define _mm512_min_epu8 ::avx512_emulated::min_epu8
#define _mm512_movepi8_mask ::avx512_emulated::movepi8_mask
#define _mm512_mulhi_epu16 ::avx512_emulated::mulhi_epu16
#define _mm512_or_si512 ::avx512_emulated::or_si512
#define _mm512_packus_epi16 ::avx512_emulated::packus_epi16
#define _mm512_permutex2var_epi64 ::avx512_emulated::permutex2var_epi64
#define _mm512_permutex2var_epi8 ::avx512_emulated::permutex2var_epi8
#define _mm512_permutex2var_pd ::avx512_emulated::permutex2var_pd
#define _mm512_permutex2var_ps ::avx512_emulated::permutex2var_ps
#define _mm512_permutexvar_epi64 ::avx512_emulated::permutexvar_epi64
#define _mm512_sad_epu8 ::avx512_emulated::sad_epu8
#define _mm512_set1_epi16 ::avx512_emulated::set1_epi16
#define _mm512_set1_epi32 ::avx512_emulated::set1_epi32
#define _mm512_set1_epi64 ::avx512_emulated::set1_epi64
#define _mm512_set1_epi8 ::avx512_emulated::set1_epi8
#define _mm512_set1_pd ::avx512_emulated::set1_pd
#define _mm512_set1_ps ::avx512_emulated::set1_ps
#define _mm512_setzero_pd ::avx512_emulated::setzero_pd
#define _mm512_setzero_ps ::avx512_emulated::setzero_ps
#define _mm512_setzero_si512 ::avx512_emulated::setzero_si512
#define _mm512_slli_epi32 ::avx512_emulated::slli_epi32
#define _mm512_sllv_epi16 ::avx512_emulated::sllv_epi16
#define _mm512_sllv_epi64 ::avx512_emulated::sllv_epi64
#define _mm512_srli_epi16 ::avx512_emulated::srli_epi16
#define _mm512_srli_epi64 ::avx512_emulated::srli_epi64
#define _mm512_srlv_epi64 ::avx512_emulated::srlv_epi64
#define _mm512_store_si512 ::avx512_emulated::store_si512
#define _mm512_storeu_pd ::avx512_emulated::storeu_pd
#define _mm512_storeu_ps ::avx512_emulated::storeu_ps
#define _mm512_storeu_si512 ::avx512_emulated::storeu_si512
#define _mm512_sub_epi64 ::avx512_emulated::sub_epi64
#define _mm512_sub_epi8 ::avx512_emulated::sub_epi8
#define _mm512_unpackhi_epi16 ::avx512_emulated::unpackhi_epi16
#define _mm512_unpackhi_epi64 ::avx512_emulated::unpackhi_epi64
#define _mm512_unpackhi_epi8 ::avx512_emulated::unpackhi_epi8
#define _mm512_unpacklo_epi16 ::avx512_emulated::unpacklo_epi16
#define _mm512_unpacklo_epi64 ::avx512_emulated::unpacklo_epi64
#define _mm512_unpacklo_epi8 ::avx512_emulated::unpacklo_epi8
#define _mm512_xor_si512 ::avx512_emulated::xor_si512

// Last, so that the compiler's own headers above saw the processor as it is.
#define HOTCOLD_AVX512_AS_LOOPS 1  // no registers to write instructions for
#define __AVX512F__ 1
#define __AVX512BW__ 1
#define __AVX512DQ__ 1
#define __AVX512VL__ 1
#define __AVX512VBMI__ 1
#define __AVX512VBMI2__ 1
