#include "kernels/colorize.simd.hpp"

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

template <typename T, typename Entry, typename EntryMap<T>::Divide divide, bool exact_factor>
void entries_as(const T* values, std::size_t count, const EntryMap<T>& map, Entry* out) {
    using Divide = typename EntryMap<T>::Divide;
    const T zero{0};
    // Copies: the compiler cannot know that `out` does not overlap the map.
    const bool magnitude = map.magnitude;
    const T prescale = map.prescale;
    const T low = map.low;
    const T positive = map.positive_divisor;
    const T negative = map.negative_divisor;
    const T half = map.half;
    const T offset = map.offset;
    const T limit_low = map.limit_low;
    const T limit_range = map.limit_range;
    const T limit_factor = map.limit_factor;
    const T entries = map.entries;
    const T top = static_cast<T>(map.last);
    for (std::size_t i = 0; i < count; ++i) {
        T v = values[i];
        const T opposite = -v;
        v = magnitude && v < zero ? opposite : v;
        v = v * prescale - low;
        if constexpr (divide == Divide::kOne) v = v / positive;
        if constexpr (divide == Divide::kTwo) v = v / (v < zero ? negative : positive);
        v = v * half + offset;
        v = v - limit_low;
        v = exact_factor ? v * limit_factor : v / limit_range;
        out[i] = static_cast<Entry>(static_cast<std::int32_t>(clamp(v * entries, top)));
    }
}

template <typename T, typename Entry>
void entries(const T* values, std::size_t count, const EntryMap<T>& map, Entry* out) {
    using Divide = typename EntryMap<T>::Divide;
    const bool exact = map.limit_factor != T{0};
    switch (map.divide) {
        case Divide::kNot:
            return exact ? entries_as<T, Entry, Divide::kNot, true>(values, count, map, out)
                         : entries_as<T, Entry, Divide::kNot, false>(values, count, map, out);
        case Divide::kOne:
            return exact ? entries_as<T, Entry, Divide::kOne, true>(values, count, map, out)
                         : entries_as<T, Entry, Divide::kOne, false>(values, count, map, out);
        case Divide::kTwo:
            return exact ? entries_as<T, Entry, Divide::kTwo, true>(values, count, map, out)
                         : entries_as<T, Entry, Divide::kTwo, false>(values, count, map, out);
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
           const float* share, std::uint8_t* __restrict out) {
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = to_byte(gain * x01[i] + static_cast<T>(share[table_entries[i]]));
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
void multiply(const T* opacity, const T* x01, std::size_t count, T* out) {
    for (std::size_t i = 0; i < count; ++i) out[i] = opacity[i] * x01[i];
}

template <typename T>
constexpr ColorizeOps<T> kOps = {{entries<T, std::uint8_t>, blend<T, std::uint8_t>},
                                 {entries<T, std::uint16_t>, blend<T, std::uint16_t>},
                                 above<T>,
                                 bytes<T>,
                                 scale_image<T>,
                                 multiply<T>};

}  // namespace

const ColorizeOps<float> colorize_f = kOps<float>;
const ColorizeOps<double> colorize_d = kOps<double>;

}  // namespace hotcold::HOTCOLD_LEVEL
