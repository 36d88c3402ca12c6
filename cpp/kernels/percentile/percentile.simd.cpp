// The passes that selection is made of; partitioning is in a file of its own.
#include <cstdint>

#include "kernels/percentile/partition-inl.hpp"
#include "kernels/percentile/percentile.ops.hpp"
#include "runtime/interrupt.hpp"
#include "simd/finite-inl.hpp"
#include "simd/ordered-inl.hpp"

namespace hotcold::HOTCOLD_LEVEL {
namespace {

template <typename T>
void mask_above(const T* values, std::size_t count, T limit, T masked, T* out) {
    for (std::size_t i = 0; i < count; ++i) out[i] = values[i] > limit ? T{1} : masked;
}

// --- counting ------------------------------------------------------------------------------------

template <typename T>
std::size_t count_at_most(const T* values, std::size_t count, T limit) {
    // 32-bit counters vectorise to the width of a float; a block cannot overflow them.
    constexpr std::size_t kBlock = std::size_t{1} << 24;
    std::size_t total = 0;
    for (std::size_t begin = 0; begin < count; begin += kBlock) {
        if (begin > 0) check_interrupt();
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

template <bool masks, typename T>
Around count_each(const T* values, std::size_t count, T value, T masked,
                  [[maybe_unused]] T* __restrict out) {
    constexpr std::size_t kBlock = std::size_t{1} << 24;
    Around all{0, 0, true};
    for (std::size_t begin = 0; begin < count; begin += kBlock) {
        if (begin > 0) check_interrupt();
        const std::size_t length = count - begin < kBlock ? count - begin : kBlock;
        std::uint32_t below = 0;
        std::uint32_t at_most = 0;
        Alarms<T> alarms = 0;
        for (std::size_t i = 0; i < length; ++i) {
            const T v = values[begin + i];
            below += v < value ? 1u : 0u;
            at_most += v <= value ? 1u : 0u;
            alarms |= alarm(v);
            if constexpr (masks) out[begin + i] = v <= value ? masked : T{1};
        }
        all.below += below;
        all.at_most += at_most;
        all.finite = all.finite && !raised(alarms);
    }
    return all;
}

template <typename T>
Around count_around(const T* values, std::size_t count, T value, EarlyMask<T>* mask) {
    if (mask == nullptr) return count_each<false, T>(values, count, value, T{0}, nullptr);
    mask->low = mask->high = value;
    mask->done = count;
    return count_each<true, T>(values, count, value, mask->masked, mask->out);
}

// The ends of the values from `low` to `high`, of which there are some; to compare numbers, not
// their keys, so 0 is one of those up to -0 although its key is one larger.
template <typename T>
void close_in(const T* values, std::size_t count, typename Ordered<T>::Key& low,
              typename Ordered<T>::Key& high) {
    using O = Ordered<T>;
    const typename O::Key from = low;
    const typename O::Key to = high == O::key(-T{0}) ? O::key(T{0}) : high;
    typename O::Key first = to;
    typename O::Key last = from;
    for (std::size_t i = 0; i < count; ++i) {
        const typename O::Key key = O::key(values[i] + T{0});  // -0 becomes 0
        const typename O::Key above = key >= from ? key : to;
        const typename O::Key below = key <= to ? key : from;
        first = above < first ? above : first;
        last = below > last ? below : last;
    }
    low = first;
    high = last < high ? last : high;
}

// The number below which `wanted` of `left` values from low to high should lie if they are spread
// evenly. Near an end a little further inside, so that the wanted one is soon between two guesses
// rather than between a guess and the other end.
template <typename T>
T guess_at(T low, T high, double wanted, double left) {
    const bool lower = wanted < left - wanted;
    const double from_end = lower ? wanted : left - wanted;
    const double shift = 4.0 * from_end < left ? from_end / 8.0 + 1.0 : 0.0;
    const double fraction = (lower ? wanted + shift : wanted - shift) / left;
    return low * static_cast<T>(1.0 - fraction) + high * static_cast<T>(fraction);
}

template <typename T>
T select_by_counting(const T* values, std::size_t count, std::size_t rank, std::size_t slack) {
    using O = Ordered<T>;
    using Key = typename O::Key;
    // The answer is the smallest number with more than `rank` values at or below it, and lies from
    // low to high; as many as the counts tell are at or below low - 1 and high.
    Key low = static_cast<Key>(-O::kLargest - 1);  // of -MAX
    Key high = O::kLargest;
    close_in(values, count, low, high);
    std::size_t count_low = 0;
    std::size_t count_high = count;
    bool guess = true;  // else the middle of the interval is looked at
    constexpr std::size_t kLongPass = std::size_t{1} << 20;
    while (low < high) {
        if (count >= kLongPass) check_interrupt();
        auto middle = static_cast<Key>((low & high) + ((low ^ high) >> 1));  // floor of mean
        const std::size_t left = count_high - count_low;
        if (guess) {
            const double wanted = static_cast<double>(rank - count_low) + 0.5;
            const Key key =
                O::key(guess_at(O::value(low), O::value(high), wanted, static_cast<double>(left)));
            middle = key < low ? low : key < high ? key : static_cast<Key>(high - 1);
        }
        const std::size_t at_most = count_at_most(values, count, O::value(middle));
        const std::size_t off = at_most > rank + 1 ? at_most - rank - 1 : rank + 1 - at_most;
        // No other value in between: the search need not find out where exactly it lies.
        if (off <= slack && at_most > 0) {
            return largest_at_most(values, count, O::value(middle)) + T{0};
        }
        const bool idle = at_most == count_low || at_most == count_high;
        if (at_most > rank) {
            high = middle;
            count_high = at_most;
        } else {
            low = static_cast<Key>(middle + 1);
            count_low = at_most;
        }
        if (idle) close_in(values, count, low, high);
        guess = count_high - count_low <= left - left / 4;
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
constexpr PercentileOps<T> kOps = {mask_above<T>,    partition<T>,    select_by_counting<T>,
                                   count_at_most<T>, count_around<T>, smallest_above<T>};

}  // namespace

const PercentileOps<float> percentile_f = kOps<float>;
const PercentileOps<double> percentile_d = kOps<double>;

}  // namespace hotcold::HOTCOLD_LEVEL
