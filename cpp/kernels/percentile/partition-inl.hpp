// Partitioning: the costly pass of a selection. Values between two pivots are packed to the left in
// a register and stored whole, the next store overlapping the rest, so that nothing branches on the
// data. For percentile.simd.cpp, which alone includes it.
//
// AVX-512 can pack on the way to memory, but Zen 4 does that in microcode, about 140 cycles a
// vector; packing to a register first takes it 5 cycles, for 16 floats as for 64 bytes (measured
// 2026-11).
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/percentile/percentile.ops.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// --- packing one vector --------------------------------------------------------------------------
// Packer<T> handles kLanes values at a time: at_most(v, p) and below(v, p) compare against a pivot
// and give one bit a lane; pack(v, mask, to) stores the chosen lanes first, then anything.
// watch(v, seen) is `seen` while all lanes are finite (0 times a number that is not is NaN), and
// is_number(seen) tells.

#if defined(__AVX512F__)

// Four vectors at a time besides: the places of the chosen lanes among all of theirs are packed as
// bytes, once instead of four times, and the values come out by permutes. That does for up to a
// vector of chosen ones.

struct Places {
    alignas(64) std::uint8_t all[64];
    // Each of the first bytes, in the lowest of four or eight; the others mean nothing.
    alignas(64) std::uint8_t four[64];
    alignas(64) std::uint8_t eight[64];

    constexpr Places() : all(), four(), eight() {
        for (unsigned i = 0; i < 64; ++i) {
            all[i] = static_cast<std::uint8_t>(i);
            four[i] = static_cast<std::uint8_t>(i / 4);
            eight[i] = static_cast<std::uint8_t>(i / 8);
        }
    }
};
constexpr Places kPlaces;

inline __m512i permute(__m512i bytes, const std::uint8_t (&order)[64]) {
    return _mm512_mask_permutexvar_epi8(bytes, ~__mmask64{0}, _mm512_load_si512(order), bytes);
}

template <typename T>
struct Packer;

template <>
struct Packer<float> {
    static constexpr std::size_t kLanes = 16;
    using Vector = __m512;
    static Vector load(const float* p) { return _mm512_loadu_ps(p); }
    static Vector all(float p) { return _mm512_set1_ps(p); }
    static unsigned at_most(Vector v, Vector p) { return _mm512_cmp_ps_mask(v, p, _CMP_LE_OQ); }
    static unsigned below(Vector v, Vector p) { return _mm512_cmp_ps_mask(v, p, _CMP_LT_OQ); }
    static Vector watch(Vector v, Vector seen) {
        return _mm512_fmadd_ps(v, _mm512_setzero_ps(), seen);
    }
    static bool is_number(Vector seen) { return _mm512_cmp_ps_mask(seen, seen, _CMP_UNORD_Q) == 0; }
    static void pack(Vector v, unsigned mask, float* to) {
        _mm512_storeu_ps(to, _mm512_maskz_compress_ps(static_cast<__mmask16>(mask), v));
    }
    // `masked` in the lanes of `low`, 1 in the others.
    static void choose(unsigned low, float masked, float* to) {
        _mm512_storeu_ps(to,
                         _mm512_mask_mov_ps(all(1.0F), static_cast<__mmask16>(low), all(masked)));
    }
    // Places are 0 to 63; those from `second` on are the third vector's and the fourth's.
    static void permute_out(const Vector (&v)[4], __m512i places, std::uint64_t second, float* to) {
        const __m512i at = permute(places, kPlaces.four);
        const Vector low = _mm512_permutex2var_ps(v[0], at, v[1]);
        const Vector high = _mm512_permutex2var_ps(v[2], at, v[3]);
        _mm512_storeu_ps(to, _mm512_mask_mov_ps(low, static_cast<__mmask16>(second), high));
    }
};

template <>
struct Packer<double> {
    static constexpr std::size_t kLanes = 8;
    using Vector = __m512d;
    static Vector load(const double* p) { return _mm512_loadu_pd(p); }
    static Vector all(double p) { return _mm512_set1_pd(p); }
    static unsigned at_most(Vector v, Vector p) { return _mm512_cmp_pd_mask(v, p, _CMP_LE_OQ); }
    static unsigned below(Vector v, Vector p) { return _mm512_cmp_pd_mask(v, p, _CMP_LT_OQ); }
    static Vector watch(Vector v, Vector seen) {
        return _mm512_fmadd_pd(v, _mm512_setzero_pd(), seen);
    }
    static bool is_number(Vector seen) { return _mm512_cmp_pd_mask(seen, seen, _CMP_UNORD_Q) == 0; }
    static void pack(Vector v, unsigned mask, double* to) {
        _mm512_storeu_pd(to, _mm512_maskz_compress_pd(static_cast<__mmask8>(mask), v));
    }
    static void choose(unsigned low, double masked, double* to) {
        _mm512_storeu_pd(to, _mm512_mask_mov_pd(all(1.0), static_cast<__mmask8>(low), all(masked)));
    }
    static void permute_out(const Vector (&v)[4], __m512i places, std::uint64_t second,
                            double* to) {
        const __m512i at = permute(places, kPlaces.eight);
        const Vector low = _mm512_permutex2var_pd(v[0], at, v[1]);
        const Vector high = _mm512_permutex2var_pd(v[2], at, v[3]);
        _mm512_storeu_pd(to, _mm512_mask_mov_pd(low, static_cast<__mmask8>(second), high));
    }
};

// The whole blocks of four vectors of partition(), from value `i` on; returns where they end.
template <bool masks, typename T>
std::size_t partition_blocks(const T* values, std::size_t i, std::size_t count, T low, T high,
                             T* between, Partition& found, [[maybe_unused]] EarlyMask<T>* mask) {
    using P = Packer<T>;
    constexpr std::size_t kBlock = 4 * P::kLanes;
    const typename P::Vector lows = P::all(low);
    const typename P::Vector highs = P::all(high);
    const __m512i places = _mm512_load_si512(kPlaces.all);
    // One a vector: a sum in turn waits four cycles for the one before.
    typename P::Vector seen[4] = {P::all(T{0}), P::all(T{0}), P::all(T{0}), P::all(T{0})};
    for (; i + kBlock <= count; i += kBlock) {
        typename P::Vector v[4];
        std::uint64_t at_most = 0;
        std::uint64_t inside = 0;
        for (unsigned q = 0; q < 4; ++q) {
            v[q] = P::load(values + i + q * P::kLanes);
            seen[q] = P::watch(v[q], seen[q]);
            at_most |= std::uint64_t{P::at_most(v[q], lows)} << q * P::kLanes;
            inside |= std::uint64_t{P::below(v[q], highs)} << q * P::kLanes;
        }
        inside &= ~at_most;
        found.at_most_low += static_cast<std::size_t>(_mm_popcnt_u64(at_most));
        if (inside == 0) {
            for (unsigned q = 0; masks && q < 4; ++q) {
                P::choose(static_cast<unsigned>(at_most >> q * P::kLanes), mask->masked,
                          mask->out + i + q * P::kLanes);
            }
            continue;
        }
        if constexpr (masks) mask->open[mask->n_open++] = static_cast<std::uint32_t>(i / kBlock);
        const auto chosen = static_cast<std::size_t>(_mm_popcnt_u64(inside));
        T* to = between + found.between;
        if (chosen <= P::kLanes) {
            const auto in_first = static_cast<unsigned>(
                _mm_popcnt_u64(inside & ((std::uint64_t{1} << 2 * P::kLanes) - 1)));
            P::permute_out(v, _mm512_maskz_compress_epi8(inside, places),
                           ~std::uint64_t{0} << in_first, to);
        } else {
            for (unsigned q = 0; q < 4; ++q) {
                const auto lanes =
                    static_cast<unsigned>(inside >> q * P::kLanes) & ((1u << P::kLanes) - 1);
                P::pack(v[q], lanes, to);
                to += _mm_popcnt_u32(lanes);
            }
        }
        found.between += chosen;
    }
    if constexpr (masks) mask->block = kBlock;
    for (const auto& one : seen) found.finite = found.finite && P::is_number(one);
    return i;
}

#elif defined(__AVX2__)

// For each set of lanes, the 32-bit words to move to the front, one byte a word. Words beyond the
// chosen ones are arbitrary.
template <unsigned lanes>
struct PackTable {
    std::uint64_t words[1u << lanes];

    constexpr PackTable() : words() {
        constexpr unsigned kWords = 8 / lanes;  // per lane
        for (unsigned mask = 0; mask < (1u << lanes); ++mask) {
            unsigned place = 0;
            for (unsigned lane = 0; lane < lanes; ++lane) {
                if ((mask >> lane & 1u) == 0) continue;
                for (unsigned w = 0; w < kWords; ++w) {
                    words[mask] |= std::uint64_t{lane * kWords + w} << 8 * place++;
                }
            }
        }
    }
    __m256i order(unsigned mask) const {
        return _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<long long>(words[mask])));
    }
};

constexpr PackTable<8> kPackFloats;
constexpr PackTable<4> kPackDoubles;

template <typename T>
struct Packer;

template <>
struct Packer<float> {
    static constexpr std::size_t kLanes = 8;
    using Vector = __m256;
    static Vector load(const float* p) { return _mm256_loadu_ps(p); }
    static Vector all(float p) { return _mm256_set1_ps(p); }
    static unsigned at_most(Vector v, Vector p) {
        return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(v, p, _CMP_LE_OQ)));
    }
    static unsigned below(Vector v, Vector p) {
        return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(v, p, _CMP_LT_OQ)));
    }
    static Vector watch(Vector v, Vector seen) {
        return _mm256_fmadd_ps(v, _mm256_setzero_ps(), seen);
    }
    static bool is_number(Vector seen) {
        return _mm256_movemask_ps(_mm256_cmp_ps(seen, seen, _CMP_UNORD_Q)) == 0;
    }
    static void pack(Vector v, unsigned mask, float* to) {
        _mm256_storeu_ps(to, _mm256_permutevar8x32_ps(v, kPackFloats.order(mask)));
    }

    // The same with comparisons left as registers of ones.
    static Vector all_at_most(Vector v, Vector p) { return _mm256_cmp_ps(v, p, _CMP_LE_OQ); }
    static Vector all_below(Vector v, Vector p) { return _mm256_cmp_ps(v, p, _CMP_LT_OQ); }
    static Vector first_only(Vector first, Vector second) {
        return _mm256_andnot_ps(second, first);
    }
    static Vector either(Vector a, Vector b) { return _mm256_or_ps(a, b); }
    static unsigned lanes(Vector ones) { return static_cast<unsigned>(_mm256_movemask_ps(ones)); }
    static void choose(Vector low, Vector masked, float* to) {
        _mm256_storeu_ps(to, _mm256_blendv_ps(all(1.0F), masked, low));
    }
    static __m256i add(__m256i counts, Vector ones) {
        return _mm256_sub_epi32(counts, _mm256_castps_si256(ones));
    }
    static std::size_t sum(__m256i counts) {
        alignas(32) std::uint32_t each[8];
        _mm256_store_si256(reinterpret_cast<__m256i*>(each), counts);
        std::size_t all = 0;
        for (const std::uint32_t one : each) all += one;
        return all;
    }
};

template <>
struct Packer<double> {
    static constexpr std::size_t kLanes = 4;
    using Vector = __m256d;
    static Vector load(const double* p) { return _mm256_loadu_pd(p); }
    static Vector all(double p) { return _mm256_set1_pd(p); }
    static unsigned at_most(Vector v, Vector p) {
        return static_cast<unsigned>(_mm256_movemask_pd(_mm256_cmp_pd(v, p, _CMP_LE_OQ)));
    }
    static unsigned below(Vector v, Vector p) {
        return static_cast<unsigned>(_mm256_movemask_pd(_mm256_cmp_pd(v, p, _CMP_LT_OQ)));
    }
    static Vector watch(Vector v, Vector seen) {
        return _mm256_fmadd_pd(v, _mm256_setzero_pd(), seen);
    }
    static bool is_number(Vector seen) {
        return _mm256_movemask_pd(_mm256_cmp_pd(seen, seen, _CMP_UNORD_Q)) == 0;
    }
    static void pack(Vector v, unsigned mask, double* to) {
        const __m256 words = _mm256_castpd_ps(v);
        _mm256_storeu_pd(
            to, _mm256_castps_pd(_mm256_permutevar8x32_ps(words, kPackDoubles.order(mask))));
    }

    static Vector all_at_most(Vector v, Vector p) { return _mm256_cmp_pd(v, p, _CMP_LE_OQ); }
    static Vector all_below(Vector v, Vector p) { return _mm256_cmp_pd(v, p, _CMP_LT_OQ); }
    static Vector first_only(Vector first, Vector second) {
        return _mm256_andnot_pd(second, first);
    }
    static Vector either(Vector a, Vector b) { return _mm256_or_pd(a, b); }
    static unsigned lanes(Vector ones) { return static_cast<unsigned>(_mm256_movemask_pd(ones)); }
    static void choose(Vector low, Vector masked, double* to) {
        _mm256_storeu_pd(to, _mm256_blendv_pd(all(1.0), masked, low));
    }
    static __m256i add(__m256i counts, Vector ones) {
        return _mm256_sub_epi64(counts, _mm256_castpd_si256(ones));
    }
    static std::size_t sum(__m256i counts) {
        alignas(32) std::uint64_t each[4];
        _mm256_store_si256(reinterpret_cast<__m256i*>(each), counts);
        return static_cast<std::size_t>(each[0] + each[1] + each[2] + each[3]);
    }
};

// The whole blocks of four vectors of partition(), at most 2^32 values from value `i` on; returns
// where they end. Blocks of which nothing is packed are no rarity: values of a smooth map lie
// together.
template <bool masks, typename T>
std::size_t partition_blocks(const T* values, std::size_t i, std::size_t count, T low, T high,
                             T* between, Partition& found, [[maybe_unused]] EarlyMask<T>* mask) {
    using P = Packer<T>;
    using Vector = typename P::Vector;
    constexpr std::size_t kBlock = 4 * P::kLanes;
    const Vector lows = P::all(low);
    const Vector highs = P::all(high);
    Vector seen[4] = {P::all(T{0}), P::all(T{0}), P::all(T{0}), P::all(T{0})};
    const Vector masked = P::all(masks ? mask->masked : T{0});
    __m256i at_most = _mm256_setzero_si256();
    T* to = between + found.between;
    for (; i + kBlock <= count; i += kBlock) {
        Vector v[4];
        Vector inside[4];
        for (unsigned q = 0; q < 4; ++q) {
            v[q] = P::load(values + i + q * P::kLanes);
            seen[q] = P::watch(v[q], seen[q]);
            const Vector low_ones = P::all_at_most(v[q], lows);
            at_most = P::add(at_most, low_ones);
            inside[q] = P::first_only(P::all_below(v[q], highs), low_ones);
        }
        if (P::lanes(P::either(P::either(inside[0], inside[1]), P::either(inside[2], inside[3]))) ==
            0) {
            for (unsigned q = 0; masks && q < 4; ++q) {
                // Compared once more: there are too few registers to keep all.
                P::choose(P::all_at_most(v[q], lows), masked, mask->out + i + q * P::kLanes);
            }
            continue;
        }
        if constexpr (masks) mask->open[mask->n_open++] = static_cast<std::uint32_t>(i / kBlock);
        for (unsigned q = 0; q < 4; ++q) {
            const unsigned chosen = P::lanes(inside[q]);
            P::pack(v[q], chosen, to);
            to += _mm_popcnt_u32(chosen);
        }
    }
    if constexpr (masks) mask->block = kBlock;
    found.at_most_low += P::sum(at_most);
    found.between = static_cast<std::size_t>(to - between);
    for (const Vector& one : seen) found.finite = found.finite && P::is_number(one);
    return i;
}

#endif

template <typename T>
Partition partition(const T* values, std::size_t count, T low, T high, T* between,
                    EarlyMask<T>* mask) {
    Partition found{0, 0, true};
    if (mask != nullptr) {
        mask->low = low;
        mask->high = high;
    }
    std::size_t i = 0;
#if defined(__AVX2__)
    if (mask != nullptr) {
        // Where not nearly all of the first blocks can be written, as of noise, no others are.
        i = partition_blocks<true>(values, i, count / 16, low, high, between, found, mask);
        if (8 * mask->n_open * mask->block < i) {
            i = partition_blocks<true>(values, i, count, low, high, between, found, mask);
        }
        mask->done = i;
    }
    i = partition_blocks<false>(values, i, count, low, high, between, found, mask);
    using P = Packer<T>;
    const typename P::Vector lows = P::all(low);
    const typename P::Vector highs = P::all(high);
    typename P::Vector seen = P::all(T{0});
    for (; i + P::kLanes <= count; i += P::kLanes) {
        const typename P::Vector v = P::load(values + i);
        seen = P::watch(v, seen);
        const unsigned at_most = P::at_most(v, lows);
        const unsigned inside = P::below(v, highs) & ~at_most;
        P::pack(v, inside, between + found.between);
        found.at_most_low += static_cast<unsigned>(_mm_popcnt_u32(at_most));
        found.between += static_cast<unsigned>(_mm_popcnt_u32(inside));
    }
    found.finite = found.finite && P::is_number(seen);
#endif
    T rest{0};
    for (; i < count; ++i) {
        const T v = values[i];
        rest += T{0} * v;
        between[found.between] = v;
        found.at_most_low += v <= low ? 1 : 0;
        found.between += v > low && v < high ? 1 : 0;
    }
    // NaN alone differs from itself.
    found.finite = found.finite && rest == rest;  // NOLINT(misc-redundant-expression)
    return found;
}

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
