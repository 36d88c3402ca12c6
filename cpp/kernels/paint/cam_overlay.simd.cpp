// The overlay is found in 16 bits: a value costs two bytes to keep, less than finding it again, and
// an entry of the table one load and one store of eight bytes. Nearly black pictures, whose values
// are brought up by more than 16 bits hold, go the way of floats below.
//
// A pixel is three floats between others: it is handled as four, of which the last belongs to the
// next pixel. There it adds nothing, since its table entry is 0 and no entry is negative: the
// fourth lane is never above the first of the next pixel. Measured 2026-11 on 224 x 224: a fourth
// of the time of three scalars.
#include <cstring>

#include "kernels/paint/cam_overlay.ops.hpp"
#include "simd/vec-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

#if defined(__GNUC__)

typedef float Four __attribute__((vector_size(16)));

HOTCOLD_INLINE Four load_four(const float* from) {
    Four v;
    __builtin_memcpy(&v, from, sizeof(v));
    return v;
}
HOTCOLD_INLINE void store_four(float* to, const Four& v) { __builtin_memcpy(to, &v, sizeof(v)); }
HOTCOLD_INLINE Four larger(const Four& a, const Four& b) { return a > b ? a : b; }
HOTCOLD_INLINE Four times(float weight, const Four& v) { return weight * v; }

#else

struct Four {
    float lane[4];
};

HOTCOLD_INLINE Four load_four(const float* from) { return {{from[0], from[1], from[2], from[3]}}; }
HOTCOLD_INLINE void store_four(float* to, const Four& v) {
    for (int c = 0; c < 4; ++c) to[c] = v.lane[c];
}
HOTCOLD_INLINE Four larger(Four a, const Four& b) {
    for (int c = 0; c < 4; ++c) a.lane[c] = a.lane[c] > b.lane[c] ? a.lane[c] : b.lane[c];
    return a;
}
HOTCOLD_INLINE Four times(float weight, Four v) {
    for (int c = 0; c < 4; ++c) v.lane[c] *= weight;
    return v;
}
HOTCOLD_INLINE Four operator+(Four a, const Four& b) {
    for (int c = 0; c < 4; ++c) a.lane[c] += b.lane[c];
    return a;
}

#endif

constexpr std::size_t kPixels = 256;  // a block, whose entries and values stay in the first cache

// Where the table's entries of a block are, in floats; NaN ends at 0. A loop of its own: the
// compiler makes it one of vectors.
HOTCOLD_INLINE void find_entries(const float* map, std::size_t count, std::int32_t* entries) {
    for (std::size_t i = 0; i < count; ++i) {
        const float scaled = map[i] * 255.0f;
        const float above = scaled > 0.0f ? scaled : 0.0f;
        entries[i] = 4 * static_cast<std::int32_t>(above < 255.0f ? above : 255.0f);
    }
}

// Calls visit(pixel, four values) for the pixels of a block from `start` on.
template <typename Visit>
HOTCOLD_INLINE void for_each_value(const CamOverlay& in, std::size_t start, std::size_t count,
                                   const Visit& visit) {
    std::int32_t entries[kPixels];
    find_entries(in.map + start, count, entries);
    const float* const table = in.table;
    const float* const image = in.image + 3 * start;
    const float weight = in.weight;
    // Behind the very last pixel nothing may be read.
    const std::size_t whole = start + count < in.count ? count : count - 1;
    const auto value = [&](std::size_t i) {
        return load_four(table + entries[i]) + times(weight, load_four(image + 3 * i));
    };
    std::size_t i = 0;
    for (; i + 1 < whole; i += 2) {
        visit(i, value(i));
        visit(i + 1, value(i + 1));
    }
    if (i < whole) visit(i, value(i));
    if (whole < count) {
        const float* const last = image + 3 * whole;
        const float pixel[4] = {last[0], last[1], last[2], 0.0f};
        visit(whole, load_four(table + entries[whole]) + times(weight, load_four(pixel)));
    }
}

// Whether some value lies outside of [least, most]; NaN does.
HOTCOLD_INLINE bool any_outside(const float* values, std::size_t count, float least, float most) {
    int outside = 0;
    for (std::size_t i = 0; i < count; ++i) {
        outside |= static_cast<int>(!(values[i] >= least)) | static_cast<int>(!(values[i] <= most));
    }
    return outside != 0;
}

template <typename Visit>
HOTCOLD_INLINE void for_each_block(const CamOverlay& in, const Visit& visit) {
    for (std::size_t start = 0; start < in.count; start += kPixels) {
        const std::size_t left = in.count - start;
        visit(start, left < kPixels ? left : kPixels);
    }
}

float largest(const CamOverlay& in) {
    // Two, since each waits for the one before it.
    const float zeros[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    Four even = load_four(zeros);
    Four odd = even;
    const float least = -in.slack;
    const float most = 1.0f + in.slack;
    bool outside = false;
    for_each_block(in, [&](std::size_t start, std::size_t count) {
        Four a = even;
        Four b = odd;
        for_each_value(in, start, count, [&](std::size_t i, const Four& v) {
            if (i % 2 == 0) {
                a = larger(v, a);
            } else {
                b = larger(v, b);
            }
        });
        even = a;
        odd = b;
        outside = outside || any_outside(in.image + 3 * start, 3 * count, least, most) ||
                  any_outside(in.map + start, count, least, most);
    });
    if (outside) return -1.0f;
    float lane[4];
    store_four(lane, larger(even, odd));
    float found = lane[0];
    for (int c = 1; c < 3; ++c) found = lane[c] > found ? lane[c] : found;
    return found;
}

HOTCOLD_INLINE void to_bytes(const float* values, std::size_t count, float gain,
                             std::uint8_t* out) {
    for (std::size_t i = 0; i < count; ++i) {
        const float scaled = values[i] * gain;
        const float above = scaled > 0.0f ? scaled : 0.0f;
        out[i] =
            static_cast<std::uint8_t>(static_cast<std::int32_t>(above < 255.0f ? above : 255.0f));
    }
}

void paint(const CamOverlay& in, float gain, std::uint8_t* out) {
    float values[3 * kPixels + 1];  // the fourth of the last
    for_each_block(in, [&](std::size_t start, std::size_t count) {
        for_each_value(in, start, count,
                       [&](std::size_t i, const Four& v) { store_four(values + 3 * i, v); });
        to_bytes(values, 3 * count, gain, out + 3 * start);
    });
}

// Which entries of the table a block has; whether the map was in range. As in `find_entries`.
HOTCOLD_INLINE bool to_entries(const float* map, std::size_t count, float least, float most,
                               std::int32_t* entries) {
    int outside = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const float scaled = map[i] * 255.0f;
        const float above = scaled > 0.0f ? scaled : 0.0f;
        outside |= static_cast<int>(!(map[i] >= least)) | static_cast<int>(!(map[i] <= most));
        entries[i] = static_cast<std::int32_t>(above < 255.0f ? above : 255.0f);
    }
    return outside == 0;
}

// The colours of a block, 3 * count and one more: four are written, the next pixel is over the
// fourth. Four pixels at a time, as counting them takes longer than copying.
HOTCOLD_INLINE void copy_colors(const std::int16_t* table, const std::int32_t* entries,
                                std::size_t count, std::int16_t* colors) {
    const auto copy = [&](std::size_t i) {
        std::memcpy(colors + 3 * i, table + 4 * static_cast<std::size_t>(entries[i]),
                    4 * sizeof(std::int16_t));
    };
    std::size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        copy(i);
        copy(i + 1);
        copy(i + 2);
        copy(i + 3);
    }
    for (; i < count; ++i) copy(i);
}

// Whole numbers of the image's part; whether all were in range. What is not is cut to it, NaN to
// its lower end.
HOTCOLD_INLINE bool to_whole(const float* values, std::size_t count, float one, float least,
                             float most, std::int16_t* out) {
    int outside = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const float above = values[i] > least ? values[i] : least;
        const float cut = above < most ? above : most;
        outside |= static_cast<int>(!(cut == values[i]));
        out[i] = static_cast<std::int16_t>(static_cast<std::int32_t>(cut * one));
    }
    return outside == 0;
}

int keep(const CamOverlay& in, const std::int16_t* table, std::int16_t* kept) {
    const float least = -in.slack;
    const float most = 1.0f + in.slack;
    const float one = in.weight * kCamOne;
    std::int16_t top = 0;
    bool within = true;
    for_each_block(in, [&](std::size_t start, std::size_t count) {
        std::int32_t entries[kPixels];
        std::int16_t part[3 * kPixels];
        std::int16_t colors[3 * kPixels + 1];  // the fourth of the last
        within &= to_entries(in.map + start, count, least, most, entries);
        copy_colors(table, entries, count, colors);
        within &= to_whole(in.image + 3 * start, 3 * count, one, least, most, part);
        std::int16_t* const to = kept + 3 * start;
        std::int16_t found = top;
        for (std::size_t i = 0; i < 3 * count; ++i) {
            const auto v = static_cast<std::int16_t>(part[i] + colors[i]);
            to[i] = v;
            found = v > found ? v : found;
        }
        top = found;
    });
    return within ? top : -1;
}

void scale(const std::int16_t* kept, std::size_t count, float gain, std::uint8_t* out) {
    for (std::size_t i = 0; i < count; ++i) {
        const std::int16_t above = kept[i] > 0 ? kept[i] : std::int16_t{0};
        const float level = static_cast<float>(above) * gain;
        out[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>(level));
    }
}

}  // namespace

const CamOps kCam = {&keep, &scale, &largest, &paint};

}  // namespace hotcold::HOTCOLD_LEVEL
