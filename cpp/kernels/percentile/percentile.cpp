// Selection by sampling: two elements of a sample bracket the wanted rank, one pass counts what is
// below and packs what is between (about 7 % of the values), and the answer is found among those
// few by counting, whose cost no input can raise. Where both elements of the sample are one number,
// as in maps that are constant, sparse or made of few values, counting what is below and at it is
// all. Ties elsewhere cost no more than one further pass, because values equal to a pivot are
// counted, never packed.
//
// Memory traffic per value: read once, and once more to mask unless the mask could be written on
// the way (EarlyMask), as it can of maps that are tied or ordered; nothing is sorted, moved or
// written but the few between the pivots. An item that lies dense in memory is selected from in
// place.
#include "kernels/percentile/percentile.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/load/batch.hpp"
#include "kernels/load/load.hpp"
#include "kernels/percentile/percentile.ops.hpp"
#include "runtime/integers.hpp"
#include "runtime/interrupt.hpp"

namespace hotcold {
namespace {

template <typename T>
const PercentileOps<T>& ops();
template <>
const PercentileOps<float>& ops<float>() {
    return HOTCOLD_SELECT(percentile_f);
}
template <>
const PercentileOps<double>& ops<double>() {
    return HOTCOLD_SELECT(percentile_d);
}

// In parts, between which a long call can be ended.
template <typename T>
Partition partition(const T* values, std::size_t count, T low, T high, T* between,
                    EarlyMask<T>* mask = nullptr) {
    constexpr std::size_t kPart = std::size_t{1} << 24;
    Partition all = ops<T>().partition(values, std::min(count, kPart), low, high, between, mask);
    for (std::size_t begin = kPart; begin < count; begin += kPart) {
        check_interrupt();
        const Partition part = ops<T>().partition(values + begin, std::min(count - begin, kPart),
                                                  low, high, between + all.between, nullptr);
        all.at_most_low += part.at_most_low;
        all.between += part.between;
        all.finite = all.finite && part.finite;
    }
    return all;
}

// Finds the elements of rank `rank` and rank + 1.
template <typename T>
class Selection {
  public:
    // `mask`, if not null, is written during the first pass over all values.
    Selection(const T* values, std::size_t count, T* scratch, EarlyMask<T>* mask)
        : ops_(ops<T>()), values_(values), count_(count), scratch_(scratch), mask_(mask) {}

    T run(std::size_t rank) {
        Set set{values_, count_, 0, -kInfinity, kInfinity};
        // Larger sets are looked at while they are partitioned.
        if (count_ <= kSmall && !all_finite(values_, count_, Team(1))) {
            finite_ = false;
            return found_;
        }
        for (int round = 0; round < kRounds && set.size > kSmall; ++round) {
            const Pivots pivots = pick_pivots(set, rank - set.preceding);
            if (narrow(set, pivots, rank)) return found_;
        }
        // The sets are small now, or, after so many rounds, deliberately hard to split.
        found_ = ops_.select_by_counting(set.data, set.size, rank - set.preceding, 0);
        const std::size_t at_most = ops_.count_at_most(set.data, set.size, found_);
        next_ = set.preceding + at_most > rank + 1
                    ? found_
                    : ops_.smallest_above(set.data, set.size, found_, set.above);
        return found_;
    }

    T next() const { return next_; }

    // Whether the values turned out to be finite; if not, the rest means nothing.
    bool finite() const { return finite_; }

  private:
    // The values strictly between two bounds, of which the upper one is a value itself or infinity.
    struct Set {
        const T* data;
        std::size_t size;
        std::size_t preceding;  // values at or below the lower bound, of all
        T below;
        T above;
    };

    struct Pivots {
        T low;
        T high;
    };

    static constexpr T kInfinity = std::numeric_limits<T>::infinity();
    static constexpr int kRounds = 6;
    static constexpr std::size_t kSmall = 1024;  // counting beats another round
    static constexpr std::size_t kSample = 1024;

    // Elements of the set that lie just outside the wanted rank with a probability of 19 in 20; a
    // pivot that would fall off the end is the set's bound.
    Pivots pick_pivots(const Set& set, std::size_t rank) const {
        T sample[kSample];
        const std::size_t size = std::min(kSample, set.size / 8);
        const std::size_t step = set.size / size;
        for (std::size_t i = 0; i < size; ++i) sample[i] = set.data[i * step + step / 2];
        const double fraction = (static_cast<double>(rank) + 0.5) / static_cast<double>(set.size);
        const double m = static_cast<double>(size);
        // Two standard deviations of a rank in a random sample; a strided one does better.
        const double deviation = std::sqrt(m * fraction * (1.0 - fraction));
        const double margin = 2.0 * deviation + 1.0;
        const auto slack = static_cast<std::size_t>(deviation / 4.0);
        const double low = std::floor(fraction * m - margin);
        const double high = std::ceil(fraction * m + margin);
        Pivots pivots{set.below, set.above};
        if (low >= 0.0) {
            pivots.low =
                ops_.select_by_counting(sample, size, static_cast<std::size_t>(low), slack);
        }
        if (high < m) {
            pivots.high =
                ops_.select_by_counting(sample, size, static_cast<std::size_t>(high), slack);
        }
        return pivots;
    }

    // What may be written in a pass over a set: the first round's holds all values.
    EarlyMask<T>* mask_of(const Set& set) const { return set.data == values_ ? mask_ : nullptr; }

    // Reduces `set` to the part around `rank`, or finds the answer and returns true.
    bool narrow(Set& set, const Pivots& pivots, std::size_t rank) {
        if (pivots.low == pivots.high) return narrow_around(set, pivots.low, rank);
        const Partition split =
            partition(set.data, set.size, pivots.low, pivots.high, scratch_, mask_of(set));
        if (!split.finite) finite_ = false;
        if (!finite_) return true;
        const std::size_t at_most_low = set.preceding + split.at_most_low;
        if (rank >= at_most_low && rank < at_most_low + split.between) {
            set = {scratch_, split.between, at_most_low, pivots.low, pivots.high};
            return false;
        }
        if (rank < at_most_low) return collect(set, set.below, pivots.low, rank);
        return collect(set, pivots.high, set.above, rank);
    }

    // The same for one pivot: very likely the answer, among many equals.
    bool narrow_around(Set& set, T pivot, std::size_t rank) {
        const Around around = ops_.count_around(set.data, set.size, pivot, mask_of(set));
        if (!around.finite) finite_ = false;
        if (!finite_) return true;
        if (rank < set.preceding + around.below) return collect(set, set.below, pivot, rank);
        const std::size_t at_most = set.preceding + around.at_most;
        if (rank >= at_most) return collect(set, pivot, set.above, rank);
        found_ = pivot;
        next_ = rank + 1 < at_most ? pivot : ops_.smallest_above(values_, count_, pivot, kInfinity);
        return true;
    }

    // The values between the bounds, from the beginning; an equal of either bound may be the
    // answer.
    bool collect(Set& set, T low, T high, std::size_t rank) {
        const Partition split = partition(values_, count_, low, high, scratch_);
        const std::size_t at_most_low = split.at_most_low;
        if (rank < at_most_low) return tied(low, rank);
        if (rank >= at_most_low + split.between) return tied(high, rank);
        set = {scratch_, split.between, at_most_low, low, high};
        return false;
    }

    // The answer is `value`, which occurs in the item.
    bool tied(T value, std::size_t rank) {
        found_ = value;
        const std::size_t at_most = ops_.count_at_most(values_, count_, value);
        next_ = at_most > rank + 1 ? value : ops_.smallest_above(values_, count_, value, kInfinity);
        return true;
    }

    const PercentileOps<T>& ops_;
    const T* values_;
    std::size_t count_;
    T* scratch_;
    EarlyMask<T>* mask_;
    T found_ = 0;
    T next_ = 0;
    bool finite_ = true;
};

// Whether values may be compared where they are and the mask written element by element. Ranks do
// not depend on the order in memory.
template <typename T>
bool works_in_place(const SourceView& source, const BatchView<T>& out) {
    return holds_type<T>(source) && same_places(source, out) &&
           (is_planar(source.shape, source.strides) ||
            is_interleaved(source.shape, source.strides));
}

template <typename T>
Neighbours<T> find_neighbours(const T* values, std::size_t count, double threshold, T* scratch,
                              EarlyMask<T>* mask) {
    // numpy divides 100 * threshold by 100 again; the last bit of the product matters.
    const double quantile = (100.0 * threshold) / 100.0;
    const double virtual_index = static_cast<double>(count - 1) * quantile;
    const std::size_t lower = std::min(static_cast<std::size_t>(virtual_index), count - 1);
    Selection<T> selection(values, count, scratch, mask);
    const T below = selection.run(lower);
    if (lower == count - 1) return {below, below, 0.0, selection.finite()};
    const double t = virtual_index - static_cast<double>(lower);
    return {below, selection.next(), t, selection.finite()};
}

// What is left of a mask that selection began.
template <typename T>
void finish_mask(const T* values, std::size_t count, T limit, const EarlyMask<T>& mask,
                 const Team& team) {
    const bool holds = mask.low <= limit && (limit < mask.high || limit == mask.low);
    if (!holds) return mask_above(values, count, limit, mask.masked, mask.out, team);
    constexpr std::size_t kShort = 16384;  // less is not worth the look whether the call is to end
    const auto mask_part = [&](std::size_t begin, std::size_t length) {
        if (length > kShort) {
            return mask_above(values + begin, length, limit, mask.masked, mask.out + begin, team);
        }
        ops<T>().mask_above(values + begin, length, limit, mask.masked, mask.out + begin);
    };
    constexpr std::size_t kNear = 8;  // blocks between two that are soon written once more
    for (std::size_t i = 0; i < mask.n_open;) {
        std::size_t end = i + 1;
        while (end < mask.n_open && mask.open[end] - mask.open[end - 1] <= kNear) ++end;
        const std::size_t blocks = mask.open[end - 1] - mask.open[i] + 1;
        mask_part(mask.open[i] * mask.block, blocks * mask.block);
        i = end;
    }
    mask_part(mask.done, count - mask.done);
}

}  // namespace

template <typename T>
Neighbours<T> percentile_neighbours(const T* values, std::size_t count, double threshold,
                                    T* scratch) {
    return find_neighbours<T>(values, count, threshold, scratch, nullptr);
}

template <typename T>
T interpolate(const Neighbours<T>& neighbours) {
    const T below = neighbours.below;
    const T above = neighbours.above;
    const double t = neighbours.t;
    const T difference = above - below;
    if (difference > std::numeric_limits<T>::max()) {
        return below * static_cast<T>(1.0 - t) + above * static_cast<T>(t);
    }
    // numpy's _lerp: from below for t < 0.5, from above otherwise, so that the result is monotone
    // in t and exact at both ends.
    if (t < 0.5) return below + difference * static_cast<T>(t);
    return above - difference * static_cast<T>(1.0 - t);
}

template <typename T>
void mask_above(const T* values, std::size_t count, T limit, T masked, T* out, const Team& team) {
    constexpr std::size_t kBlock = 16384;
    team.for_each(ceil_div(count, kBlock), [&](std::size_t block) {
        const std::size_t begin = block * kBlock;
        ops<T>().mask_above(values + begin, std::min(kBlock, count - begin), limit, masked,
                            out + begin);
    });
}

template <typename T>
std::size_t take_between(const T* values, std::size_t count, T low, T high, T* out) {
    return partition(values, count, low, high, out).between;
}

template <typename T>
NonFinite percentile_mask(const SourceView& source, double threshold, double masked,
                          const BatchView<T>& out, int n_threads) {
    const std::size_t channels = source.shape.channels;
    const std::size_t plane = source.shape.plane();
    const std::size_t count = channels * plane;
    const T floor = static_cast<T>(masked);
    const bool in_place = works_in_place(source, out);
    const std::size_t blocks = count / EarlyMask<T>::kLeastBlock + 1;
    const std::size_t bytes =
        2 * Workspace::bytes_for<T>(count) + Workspace::bytes_for<std::uint32_t>(blocks);
    NonFiniteLog log;
    const auto body = [&](std::size_t item, Workspace& workspace, const Team& team) {
        T* scratch = workspace.take<T>(count);
        if (in_place) {
            const T* values = static_cast<const T*>(source.at(item, 0, 0));
            EarlyMask<T> mask{floor, out.at(item, 0, 0), workspace.take<std::uint32_t>(blocks)};
            const Neighbours<T> around = find_neighbours(values, count, threshold, scratch, &mask);
            if (around.finite) {
                return finish_mask(values, count, interpolate(around), mask, team);
            }
        }
        T* map = workspace.take<T>(count);
        std::size_t bad = 0;
        for (std::size_t c = 0; c < channels; ++c) {
            bad += load_channel(source, item, c, map + c * plane, team);
        }
        log.record(item, bad);
        if (bad != 0) return;
        const T limit = interpolate(percentile_neighbours(map, count, threshold, scratch));
        mask_above(map, count, limit, floor, map, team);
        for (std::size_t c = 0; c < channels; ++c) {
            store_channel(map + c * plane, out, item, c, team);
        }
    };
    for_each_item(source.shape.items, count, bytes, n_threads, body);
    return log.first();
}

#define HOTCOLD_INSTANTIATE(T)                                                       \
    template Neighbours<T> percentile_neighbours(const T*, std::size_t, double, T*); \
    template T interpolate(const Neighbours<T>&);                                    \
    template void mask_above(const T*, std::size_t, T, T, T*, const Team&);          \
    template std::size_t take_between(const T*, std::size_t, T, T, T*);              \
    template NonFinite percentile_mask(const SourceView&, double, double, const BatchView<T>&, int);
HOTCOLD_INSTANTIATE(float)
HOTCOLD_INSTANTIATE(double)
#undef HOTCOLD_INSTANTIATE

}  // namespace hotcold
