#include "kernels/percentile/mass.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <type_traits>
#include <vector>

#include "kernels/normalize/normalize.hpp"
#include "kernels/percentile/percentile.hpp"

namespace hotcold {
namespace {

// Numbers >= +0 sort like their bits.
template <typename T>
using Key = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

template <typename T>
Key<T> key_of(T value) {
    Key<T> key;
    std::memcpy(&key, &value, sizeof(key));
    return key;
}

template <typename T>
T value_of(Key<T> key) {
    T value;
    std::memcpy(&value, &key, sizeof(value));
    return value;
}

// Sums of values by the upper bits of how far their keys lie above that of the smallest.
template <typename T>
class BinSums {
  public:
    BinSums(const T* values, std::size_t count, const Extremes<T>& ends)
        : first_(key_of(ends.min)), last_(key_of(ends.max)) {
        while ((last_ - first_) >> shift_ >= kMostBins) ++shift_;
        sums_.assign(kTables * (bin_of(ends.max) + 1), 0.0);
        for (std::size_t i = 0; i < count; ++i) {
            sums_[kTables * bin_of(values[i]) + i % kTables] += static_cast<double>(values[i]);
        }
    }

    std::size_t bins() const { return sums_.size() / kTables; }
    bool bins_are_values() const { return shift_ == 0; }
    double sum_of(std::size_t bin) const {
        const double* const part = sums_.data() + kTables * bin;
        return (part[0] + part[1]) + (part[2] + part[3]);
    }
    // The smallest number of a bin.
    T begin_of(std::size_t bin) const {
        return value_of<T>(first_ + (static_cast<Key<T>>(bin) << shift_));
    }
    // Copies the values of a bin, and tells how many there are.
    std::size_t take(std::size_t bin, const T* values, std::size_t count, T* out) const {
        const Key<T> begin = first_ + (static_cast<Key<T>>(bin) << shift_);
        const Key<T> end = begin + (Key<T>{1} << shift_);
        const Key<T> infinity = key_of(std::numeric_limits<T>::infinity());
        return take_between(values, count, begin == 0 ? T{-1} : value_of<T>(begin - 1),
                            value_of<T>(std::min(end, infinity)), out);
    }

  private:
    static constexpr std::size_t kMostBins = 2048;
    // Taken in turn: where neighbours are of one size an addition would wait for the one before.
    static constexpr std::size_t kTables = 4;

    std::size_t bin_of(T value) const {
        return static_cast<std::size_t>((key_of(value) - first_) >> shift_);
    }

    Key<T> first_;
    Key<T> last_;
    unsigned shift_ = 0;
    std::vector<double> sums_;
};

// The same of so few that sorting them is faster than another round. `sum` is that of the values
// before all of them.
template <typename T, typename Before>
T value_among(T* begin, T* end, double sum, double goal, const Before& before) {
    std::sort(begin, end, before);
    T last = *begin;
    for (const T* value = begin; value != end; ++value) {
        last = *value;
        sum += static_cast<double>(last);
        if (sum >= goal) break;
    }
    return last;
}

}  // namespace

template <typename T>
T value_at_mass(const T* values, std::size_t count, MassFrom from, double share, T* scratch) {
    constexpr std::size_t kSorted = 64;
    const bool up = from == MassFrom::kSmallest;
    double sum = 0.0;  // of what comes before the values at hand
    double goal = -1.0;
    while (true) {
        const Extremes<T> ends = extremes(values, count, Team(1));
        if (ends.min == ends.max) return ends.min;
        const BinSums<T> sums(values, count, ends);
        if (goal < 0.0) {
            double whole = 0.0;
            for (std::size_t bin = 0; bin < sums.bins(); ++bin) whole += sums.sum_of(bin);
            goal = share * whole;
        }
        // Neither end is passed, though rounding keep the sum below the goal. A bin of zeros alone
        // adds nothing, like an empty one, and is only the answer where it comes first or last.
        std::size_t bin = up ? 0 : sums.bins() - 1;
        const std::size_t last = up ? sums.bins() - 1 : 0;
        while (bin != last && sum + sums.sum_of(bin) < goal) {
            sum += sums.sum_of(bin);
            up ? ++bin : --bin;
        }
        if (sums.bins_are_values()) return sums.begin_of(bin);
        count = sums.take(bin, values, count, scratch);
        values = scratch;
        if (count > kSorted) continue;
        return up ? value_among(scratch, scratch + count, sum, goal, std::less<T>())
                  : value_among(scratch, scratch + count, sum, goal, std::greater<T>());
    }
}

template float value_at_mass(const float*, std::size_t, MassFrom, double, float*);
template double value_at_mass(const double*, std::size_t, MassFrom, double, double*);

}  // namespace hotcold
