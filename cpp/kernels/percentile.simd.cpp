// The passes that selection is made of. Partitioning is the costly one: values between two pivots
// are packed to the left in a register and stored whole, the next store overlapping the rest, so
// that nothing branches on the data. (AVX-512 can pack on the way to memory, but Zen 4 does that in
// microcode, about 140 cycles a vector; packing to a register first costs 2.)
#include "kernels/percentile.simd.hpp"

#include <cstdint>

#include "kernels/ordered.simd.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace hotcold::HOTCOLD_LEVEL {
namespace {

template <typename T>
void mask_above(const T* values, std::size_t count, T limit, T masked, T* out) {
    for (std::size_t i = 0; i < count; ++i) out[i] = values[i] > limit ? T{1} : masked;
}

// --- packing one vector --------------------------------------------------------------------------
// Packer<T> handles kLanes values at a time: at_most(v, p) and below(v, p) compare against a pivot
// and give one bit a lane; pack(v, mask, to) stores the chosen lanes first, then anything.
// watch(v, seen) is `seen` while all lanes are finite (0 times a number that is not is NaN), and
// is_number(seen) tells.

#if defined(__AVX512F__)

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
};

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
};

#endif

template <typename T>
Partition partition(const T* values, std::size_t count, T low, T high, T* between) {
    Partition found{0, 0, true};
    std::size_t i = 0;
#if defined(__AVX2__)
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
    found.finite = P::is_number(seen);
#endif
    T rest{0};
    for (; i < count; ++i) {
        const T v = values[i];
        rest += T{0} * v;
        between[found.between] = v;
        found.at_most_low += v <= low ? 1 : 0;
        found.between += v > low && v < high ? 1 : 0;
    }
    found.finite = found.finite && rest == rest;
    return found;
}

// --- counting ------------------------------------------------------------------------------------

template <typename T>
std::size_t count_at_most(const T* values, std::size_t count, T limit) {
    // 32-bit counters vectorise to the width of a float; a block cannot overflow them.
    constexpr std::size_t kBlock = std::size_t{1} << 24;
    std::size_t total = 0;
    for (std::size_t begin = 0; begin < count; begin += kBlock) {
        const std::size_t length = count - begin < kBlock ? count - begin : kBlock;
        std::uint32_t found = 0;
        for (std::size_t i = 0; i < length; ++i) found += values[begin + i] <= limit ? 1u : 0u;
        total += found;
    }
    return total;
}

// The largest value at or below `limit`; there is one.
template <typename T>
T largest_at_most(const T* values, std::size_t count, T limit) {
    using O = Ordered<T>;
    constexpr auto kNone = static_cast<typename O::Key>(-O::kLargest - 1);
    typename O::Key best = kNone;
    for (std::size_t i = 0; i < count; ++i) {
        const typename O::Key key = values[i] <= limit ? O::key(values[i]) : kNone;
        best = key > best ? key : best;
    }
    return O::value(best);
}

template <typename T>
T select_by_counting(const T* values, std::size_t count, std::size_t rank) {
    using O = Ordered<T>;
    using Key = typename O::Key;
    // The answer is the smallest number with more than `rank` values at or below it.
    Key low = static_cast<Key>(-O::kLargest - 1);  // of -MAX
    Key high = O::kLargest;
    while (low < high) {
        const Key middle = static_cast<Key>((low & high) + ((low ^ high) >> 1));  // floor of mean
        const std::size_t at_most = count_at_most(values, count, O::value(middle));
        // No other value in between: the search need not find out where exactly it lies.
        if (at_most == rank + 1) return largest_at_most(values, count, O::value(middle)) + T{0};
        if (at_most > rank) {
            high = middle;
        } else {
            low = static_cast<Key>(middle + 1);
        }
    }
    return O::value(low) + T{0};  // 0 rather than -0, which comes first among equals
}

template <typename T>
T smallest_above(const T* values, std::size_t count, T limit, T none) {
    using O = Ordered<T>;
    typename O::Key best = O::key(none);
    for (std::size_t i = 0; i < count; ++i) {
        const typename O::Key key = O::key(values[i] > limit ? values[i] : none);
        best = key < best ? key : best;
    }
    return O::value(best);
}

template <typename T>
constexpr PercentileOps<T> kOps = {mask_above<T>, partition<T>, select_by_counting<T>,
                                   count_at_most<T>, smallest_above<T>};

}  // namespace

const PercentileOps<float> percentile_f = kOps<float>;
const PercentileOps<double> percentile_d = kOps<double>;

}  // namespace hotcold::HOTCOLD_LEVEL
