#include "kernels/paint/colorize.ops.hpp"
#include "simd/divide-inl.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// NaN ends at 0, so that no look-up is ever outside its table.
template <typename T>
T clamp(T value, T top) {
    const T floor = value > T{0} ? value : T{0};
    return floor < top ? floor : top;
}

// Cuts a value in [0, 256) to a byte.
template <typename T>
std::uint8_t to_byte(T value) {
    return static_cast<std::uint8_t>(static_cast<std::int32_t>(value));
}

// Any map, one step after the other.
template <typename T, typename Entry>
void entries_by_steps(const T* values, std::size_t count, const EntryMap<T>& map, Entry* out) {
    const T zero{0};
    // A copy: the compiler cannot know that `out` does not overlap the original.
    const EntryMap<T> m = map;
    const T top = static_cast<T>(m.last);
    for (std::size_t i = 0; i < count; ++i) {
        T v = values[i];
        const T opposite = -v;
        v = m.magnitude && v < zero ? opposite : v;
        v = v * m.prescale - m.low;
        v = v / (v < zero ? m.negative_divisor : m.positive_divisor);
        v = v * m.half + m.offset;
        v = (v - m.limit_low) / m.limit_range;
        out[i] = static_cast<Entry>(static_cast<std::int32_t>(clamp(v * m.entries, top)));
    }
}

// Entries as the processor's conversion leaves them to bytes.
#if defined(__AVX2__) && !defined(__AVX512F__)
// Compilers keep the lower bytes by masks and look for no instruction that narrows what fits.
constexpr bool kNarrows = true;

void narrow(const std::int32_t* entries, std::size_t count, std::uint8_t* out) {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    std::size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        const auto at = [&](std::size_t k) {
            return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(entries + i + 8 * k));
        };
        const __m256i bytes =
            _mm256_packus_epi16(_mm256_packs_epi32(at(0), at(1)), _mm256_packs_epi32(at(2), at(3)));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i),
                            _mm256_permutevar8x32_epi32(bytes, order));
    }
    for (; i < count; ++i) out[i] = static_cast<std::uint8_t>(entries[i]);
}
#else
constexpr bool kNarrows = false;

[[maybe_unused]] void narrow(const std::int32_t*, std::size_t, std::uint8_t*) {}
#endif

// A map whose steps are known beforehand, in fewer operations that give the same bits: products
// with powers of two are drawn together, and quotients are formed from reciprocals. `Steps` tells
// which steps there are.
template <typename Steps, typename T, typename Entry>
void entries_in_short(const T* values, std::size_t count, const EntryMap<T>& map, Entry* out) {
    const T zero{0};
    const Divisor<T> positive(map.positive_divisor);
    const Divisor<T> negative(map.negative_divisor);
    const T prescale = map.prescale;
    const T low = map.low;
    const T limit_low = map.limit_low;
    const T gain = map.limit_factor * map.entries;
    const T top = static_cast<T>(map.last);
    const auto entry_of = [=](T v) {
        if constexpr (Steps::magnitude) {  // the larger of both: an instruction
            const T opposite = -v;
            v = v > opposite ? v : opposite;
        }
        if constexpr (Steps::shift) v = v * prescale - low;
        if constexpr (Steps::two_divisors) {
            const T quotient = negative.divide(v);
            v = v < zero ? quotient : positive.divide(v);
        } else {
            v = positive.divide(v);
        }
        if constexpr (Steps::center) v = v * T{0.5} + T{0.5};
        return static_cast<std::int32_t>(clamp((v - limit_low) * gain, top));
    };
    if constexpr (kNarrows && sizeof(Entry) == 1 && sizeof(T) == 4) {
        constexpr std::size_t kChunk = 256;
        alignas(32) std::int32_t whole[kChunk];
        for (std::size_t start = 0; start < count; start += kChunk) {
            const std::size_t length = count - start < kChunk ? count - start : kChunk;
            for (std::size_t i = 0; i < length; ++i) whole[i] = entry_of(values[start + i]);
            narrow(whole, length, out + start);
        }
    } else {
        for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<Entry>(entry_of(values[i]));
    }
}

template <bool has_magnitude, bool has_shift, bool has_two_divisors, bool has_center>
struct Steps {
    static constexpr bool magnitude = has_magnitude;
    static constexpr bool shift = has_shift;
    static constexpr bool two_divisors = has_two_divisors;
    static constexpr bool center = has_center;
};

template <typename T, typename Entry>
void entries(const T* values, std::size_t count, const EntryMap<T>& map, Entry* out) {
    if (!map.in_short) return entries_by_steps(values, count, map, out);
    const bool two = map.positive_divisor != map.negative_divisor;
    const bool center = map.offset != T{0};
    const bool shift = map.prescale != T{1} || map.low != T{0};
    // The combinations that normalizations have.
    if (map.magnitude) {
        entries_in_short<Steps<true, false, false, false>>(values, count, map, out);
    } else if (shift) {
        entries_in_short<Steps<false, true, false, false>>(values, count, map, out);
    } else if (two) {
        center ? entries_in_short<Steps<false, false, true, true>>(values, count, map, out)
               : entries_in_short<Steps<false, false, true, false>>(values, count, map, out);
    } else {
        center ? entries_in_short<Steps<false, false, false, true>>(values, count, map, out)
               : entries_in_short<Steps<false, false, false, false>>(values, count, map, out);
    }
}

template <typename T>
void above(const T* values, std::size_t count, T limit, std::uint8_t* out) {
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = values[i] > limit ? std::uint8_t{255} : std::uint8_t{0};
    }
}

template <typename T, typename Entry>
void blend(const T* x01, const Entry* __restrict table_entries, std::size_t count, T gain,
           const float* weighted, std::uint8_t* __restrict out) {
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = to_byte(gain * x01[i] + static_cast<T>(weighted[table_entries[i]]));
    }
}

template <typename T>
void bytes(const T* values, std::size_t count, const Limits<T>& limits, std::uint8_t* out) {
    const T low = limits.low;
    const T range = limits.range;
    if (low == T{0} && range == T{1}) {
        for (std::size_t i = 0; i < count; ++i) {
            out[i] = to_byte(T{255} * clamp(values[i], T{1}) + T{0.5});
        }
    } else {
        for (std::size_t i = 0; i < count; ++i) {
            out[i] = to_byte(T{255} * clamp((values[i] - low) / range, T{1}) + T{0.5});
        }
    }
}

template <typename T>
void scale_image(T* values, std::size_t count, const ImageScale<T>& scale) {
    const T gain = scale.range > T{0} ? T{1} : T{0};
    const T range = scale.range > T{0} ? scale.range : T{1};
    const T low = scale.low;
    const T prescale = scale.prescale;
    for (std::size_t i = 0; i < count; ++i) {
        values[i] = clamp((values[i] * prescale - low) / range * gain, T{1});
    }
}

template <typename T>
void unnorm_image(T* values, std::size_t count, const ImageNorm<T>& norm) {
    const T deviation = norm.deviation;
    const T mean = norm.mean;
    for (std::size_t i = 0; i < count; ++i) values[i] = clamp(values[i] * deviation + mean, T{1});
}

// The weights of CRT luminance with the primaries of Rec. 709 (Poynton, Color FAQ, 9), which are
// those of skimage.color.rgb2gray. By differences from green, so that equal colours give themselves
// whatever the rounding.
template <typename T>
void grey(T* __restrict red, T* __restrict green, T* __restrict blue, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const T from_red = static_cast<T>(0.2125) * (red[i] - green[i]);
        const T from_blue = static_cast<T>(0.0721) * (blue[i] - green[i]);
        red[i] = green[i] = blue[i] = green[i] + (from_red + from_blue);
    }
}

template <typename T>
void multiply(const T* opacity, const T* x01, std::size_t count, T* out) {
    for (std::size_t i = 0; i < count; ++i) out[i] = opacity[i] * x01[i];
}

template <typename T>
constexpr ColorizeOps<T> kOps = {{entries<T, std::uint8_t>, blend<T, std::uint8_t>},
                                 {entries<T, std::uint16_t>, blend<T, std::uint16_t>},
                                 above<T>,
                                 bytes<T>,
                                 scale_image<T>,
                                 unnorm_image<T>,
                                 grey<T>,
                                 multiply<T>};

}  // namespace

const ColorizeOps<float> colorize_f = kOps<float>;
const ColorizeOps<double> colorize_d = kOps<double>;

}  // namespace hotcold::HOTCOLD_LEVEL
