// Encoding needs no result of its own neighbours, so every byte of a row is filtered independently,
// a register of them at a time in 8-bit arithmetic. Compilers widen such loops to 16 bits and more
// and then run several times slower (measured 2026-11), hence the intrinsics.
#include "kernels/png/filter.simd.hpp"

#include "kernels/png/bytes.simd.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

template <typename V>
V distance(V x, V y) {
    return subtract(max(x, y), min(x, y));
}

// The Paeth predictor of left a, above b, above left c: whichever is nearest to p = a + b - c, a
// before b before c. Where c lies between a and b, |p - a| = |b - c| and |p - b| = |a - c| fit 8
// bits, and |p - c| is the distance of the two. Where it does not, p lies beyond a or b and that
// one is nearest; pulling c to the end of [a, b] that it passed puts p exactly there and changes
// nothing (checked for all 2^24 cases).
template <typename V>
V paeth(V a, V b, V c) {
    const V between = min(max(c, min(a, b)), max(a, b));
    const V pa = distance(b, between);
    const V pb = distance(a, between);
    const V pc = distance(pa, pb);
    const V b_or_c = choose(not_above(pb, pc), b, between);
    return choose(not_above(pa, min(pb, pc)), a, b_or_c);
}

// One register of pixels and their neighbours.
struct Around {
    Bytes x, left, above, above_left;
};

Around load(const FilterRow& r, std::size_t i) {
    return {Bytes::load(r.row + i), Bytes::load(r.row + i - r.pixel), Bytes::load(r.above + i),
            Bytes::load(r.above + i - r.pixel)};
}

template <FilterType type>
Bytes residual(const Around& at) {
    switch (type) {
        case FilterType::kNone:
            return at.x;
        case FilterType::kSub:
            return subtract(at.x, at.left);
        case FilterType::kUp:
            return subtract(at.x, at.above);
        case FilterType::kAverage:
            return subtract(at.x, mean_rounded_down(at.left, at.above));
        case FilterType::kPaeth:
            return subtract(at.x, paeth(at.left, at.above, at.above_left));
    }
    return at.x;
}

// The rest of a row that fills no register, copied out so that it can be read as one; the bytes
// beyond it are 0 with neighbours of 0, which any filter leaves 0.
class Rest {
  public:
    Rest(const FilterRow& r, std::size_t i) {
        copy(r.row + i, r.count - i, bytes_[0]);
        copy(r.row + i - r.pixel, r.count - i, bytes_[1]);
        copy(r.above + i, r.count - i, bytes_[2]);
        copy(r.above + i - r.pixel, r.count - i, bytes_[3]);
    }
    Around around() const {
        return {Bytes::load(bytes_[0]), Bytes::load(bytes_[1]), Bytes::load(bytes_[2]),
                Bytes::load(bytes_[3])};
    }

  private:
    static void copy(const std::uint8_t* from, std::size_t count, std::uint8_t* to) {
        for (std::size_t i = 0; i < count; ++i) to[i] = from[i];
    }

    std::uint8_t bytes_[4][Bytes::kSize] = {};
};

template <FilterType type>
void filter_as(const FilterRow& r, std::uint8_t* out) {
    std::size_t i = 0;
    for (; i + Bytes::kSize <= r.count; i += Bytes::kSize)
        residual<type>(load(r, i)).store(out + i);
    if (i == r.count) return;
    std::uint8_t rest[Bytes::kSize];
    residual<type>(Rest(r, i).around()).store(rest);
    for (std::size_t k = 0; i + k < r.count; ++k) out[i + k] = rest[k];
}

void filter(FilterType type, const FilterRow& r, std::uint8_t* out) {
    switch (type) {
        case FilterType::kNone:
            return filter_as<FilterType::kNone>(r, out);
        case FilterType::kSub:
            return filter_as<FilterType::kSub>(r, out);
        case FilterType::kUp:
            return filter_as<FilterType::kUp>(r, out);
        case FilterType::kAverage:
            return filter_as<FilterType::kAverage>(r, out);
        case FilterType::kPaeth:
            return filter_as<FilterType::kPaeth>(r, out);
    }
}

// What a row's residuals will cost, roughly: distances from 0, at most 15 each, because a code for
// a large residual is long already and grows no more.
class Costs {
  public:
    // Returns the residuals by kPaeth.
    Bytes add(const Around& at) {
        none_.add(cost(residual<FilterType::kNone>(at)));
        sub_.add(cost(residual<FilterType::kSub>(at)));
        up_.add(cost(residual<FilterType::kUp>(at)));
        average_.add(cost(residual<FilterType::kAverage>(at)));
        const Bytes by_paeth = residual<FilterType::kPaeth>(at);
        paeth_.add(cost(by_paeth));
        return by_paeth;
    }

    // The first of equals, in an order that prefers the filters that usually win.
    FilterType cheapest() const {
        FilterType best = FilterType::kPaeth;
        std::uint64_t least = paeth_.total();
        const auto consider = [&](FilterType type, const ByteSum& sum) {
            if (sum.total() < least) {
                least = sum.total();
                best = type;
            }
        };
        consider(FilterType::kUp, up_);
        consider(FilterType::kSub, sub_);
        consider(FilterType::kAverage, average_);
        consider(FilterType::kNone, none_);
        return best;
    }

  private:
    static Bytes cost(Bytes residual) {
        const Bytes negative = subtract(Bytes::fill(0), residual);
        return min(min(residual, negative), Bytes::fill(15));
    }

    ByteSum none_, sub_, up_, average_, paeth_;
};

FilterType choose_filter(const FilterRow& r, std::uint8_t* paeth) {
    Costs costs;
    std::size_t i = 0;
    for (; i + Bytes::kSize <= r.count; i += Bytes::kSize) {
        const Bytes by_paeth = costs.add(load(r, i));
        if (paeth != nullptr) by_paeth.store(paeth + i);
    }
    if (i < r.count) {
        std::uint8_t rest[Bytes::kSize];
        costs.add(Rest(r, i).around()).store(rest);
        for (std::size_t k = 0; paeth != nullptr && i + k < r.count; ++k) paeth[i + k] = rest[k];
    }
    return costs.cheapest();
}

}  // namespace

const PngFilterOps png_filter = {choose_filter, filter};

}  // namespace hotcold::HOTCOLD_LEVEL
