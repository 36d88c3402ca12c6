// Encoding needs no result of its own neighbours, so every byte of a row is filtered independently,
// a register of them at a time in 8-bit arithmetic. Compilers widen such loops to 16 bits and more
// and then run several times slower (measured 2026-11), hence the intrinsics.
#include "png/filter.ops.hpp"
#include "simd/bytes-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

// The Paeth predictor of left a, above b, above left c: whichever is nearest to p = a + b - c, a
// before b before c. Where c lies between a and b, p is as far from the lower of the two as c is
// from the upper, and the other way round, so all distances fit 8 bits; from c it is the difference
// of the two. Where c does not, p lies beyond a or b and that one is nearest; pulling c to the end
// of [a, b] that it passed puts p exactly there and changes nothing. Whether a or b comes first
// matters only when both are as near, and then c is nearer or all are equal (checked for all 2^24
// cases).
template <typename V>
V paeth(V a, V b, V c) {
    const V lower = min(a, b);
    const V upper = max(a, b);
    const V between = min(max(c, lower), upper);
    const V from_upper = subtract(between, lower);
    const V from_lower = subtract(upper, between);
    const V near = min(from_lower, from_upper);
    const V far = max(from_lower, from_upper);
    const V nearer = choose(not_above(from_lower, from_upper), lower, upper);
    return choose(not_above(near, subtract(far, near)), nearer, between);
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

// The rest of a row that fills no register; beyond it are bytes of 0 with neighbours of 0, which
// any filter leaves 0.
Around load_rest(const FilterRow& r, std::size_t i) {
    const std::size_t count = r.count - i;
    return {load_first(r.row + i, count), load_first(r.row + i - r.pixel, count),
            load_first(r.above + i, count), load_first(r.above + i - r.pixel, count)};
}

template <FilterType type>
void filter_as(const FilterRow& r, std::uint8_t* out) {
    std::size_t i = 0;
    for (; i + Bytes::kSize <= r.count; i += Bytes::kSize)
        residual<type>(load(r, i)).store(out + i);
    if (i == r.count) return;
    if (i == 0) return store_first(residual<type>(load_rest(r, 0)), out, r.count);
    // The last bytes of the row, some of them again.
    i = r.count - Bytes::kSize;
    residual<type>(load(r, i)).store(out + i);
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

// What a byte costs at most.
constexpr std::uint8_t kMost = 15;
// So many registers' costs fit bytes.
constexpr std::size_t kMostAdded = 255 / kMost;

// What a row's residuals will cost, roughly: distances from 0, at most 15 each, because a code for
// a large residual is long already and grows no more. Costs nearer to real codes, a logarithm or
// those of the picture's own codes, choose files smaller by 0.1 % at most, and judging by half of a
// row files larger by 0.3 % (measured 2026-11).
template <bool all>
class Costs {
  public:
    // Returns the residuals by kPaeth. No byte costs more than `most` says, which is kMost or less.
    // At most kMostAdded times before carry().
    Bytes add(const Around& at, Bytes most) {
        none_.add(residual<FilterType::kNone>(at), most);
        if constexpr (all) {
            sub_.add(residual<FilterType::kSub>(at), most);
            up_.add(residual<FilterType::kUp>(at), most);
        }
        average_.add(residual<FilterType::kAverage>(at), most);
        const Bytes by_paeth = residual<FilterType::kPaeth>(at);
        paeth_.add(by_paeth, most);
        return by_paeth;
    }

    void carry() {
        none_.carry();
        if constexpr (all) {
            sub_.carry();
            up_.carry();
        }
        average_.carry();
        paeth_.carry();
    }

    // The first of equals, in an order that prefers the filters that usually win.
    FilterType cheapest() const {
        FilterType best = FilterType::kPaeth;
        std::uint64_t least = paeth_.total();
        const auto consider = [&](FilterType type, const Cost& cost) {
            if (cost.total() < least) {
                least = cost.total();
                best = type;
            }
        };
        if constexpr (all) {
            consider(FilterType::kUp, up_);
            consider(FilterType::kSub, sub_);
        }
        consider(FilterType::kAverage, average_);
        consider(FilterType::kNone, none_);
        return best;
    }

  private:
    class Cost {
      public:
        void add(Bytes residual, Bytes most) { few_ = plus(few_, min(magnitude(residual), most)); }
        void carry() {
            sum_.add(few_);
            few_ = Bytes::fill(0);
        }
        std::uint64_t total() const { return sum_.total(); }

      private:
        Bytes few_ = Bytes::fill(0);
        ByteSum sum_;
    };

    Cost none_, sub_, up_, average_, paeth_;
};

// kMost for the last `count` bytes of a register, 0 for the others.
Bytes most_of_last(std::size_t count) {
    static constexpr struct Caps {
        std::uint8_t cap[2 * Bytes::kSize] = {};
        constexpr Caps() {
            for (std::size_t i = Bytes::kSize; i < 2 * Bytes::kSize; ++i) cap[i] = kMost;
        }
    } kCaps;
    return Bytes::load(kCaps.cap + count);
}

template <bool all>
FilterType choose_filter(const FilterRow& r, std::uint8_t* paeth) {
    const Bytes most = Bytes::fill(kMost);
    Costs<all> costs;
    std::size_t i = 0;
    while (i + Bytes::kSize <= r.count) {
        for (std::size_t k = 0; k < kMostAdded && i + Bytes::kSize <= r.count; ++k) {
            const Bytes by_paeth = costs.add(load(r, i), most);
            if (paeth != nullptr) by_paeth.store(paeth + i);
            i += Bytes::kSize;
        }
        costs.carry();
    }
    if (i < r.count && i > 0) {
        // The last bytes of the row, some of them again and then for nothing.
        const std::size_t last = r.count - Bytes::kSize;
        const Bytes by_paeth = costs.add(load(r, last), most_of_last(r.count - i));
        if (paeth != nullptr) by_paeth.store(paeth + last);
        costs.carry();
    } else if (i < r.count) {
        const Bytes by_paeth = costs.add(load_rest(r, 0), most);
        if (paeth != nullptr) store_first(by_paeth, paeth, r.count);
        costs.carry();
    }
    return costs.cheapest();
}

}  // namespace

const PngFilterOps png_filter = {choose_filter<false>, choose_filter<true>, filter};

}  // namespace hotcold::HOTCOLD_LEVEL
