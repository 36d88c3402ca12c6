#include "kernels/percentile/mass.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

namespace hotcold {
namespace {

// Numbers >= +0 sort like their bits: a bin is a number's upper ones, exponent and a few more.
constexpr std::size_t kBins = 1 << 12;

std::size_t bin_of(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits >> (32 - 1 - 12);
}

std::size_t bin_of(double value) {
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return static_cast<std::size_t>(bits >> (64 - 1 - 12));
}

// The same of values that may be reordered: parted around their middle, and only the part that
// holds the answer is looked at again, so each is summed about twice. `sum` is that of the values
// before all of them.
template <typename T, typename Before>
T value_at(T* begin, T* end, double sum, double goal, const Before& before) {
    // Sorting so few is faster than parting them.
    constexpr std::ptrdiff_t kSorted = 64;
    while (end - begin > kSorted) {
        T* const middle = begin + (end - begin) / 2;
        std::nth_element(begin, middle, end, before);
        double part = 0.0;
        for (const T* value = begin; value != middle; ++value) part += static_cast<double>(*value);
        if (sum + part >= goal) {
            end = middle;
        } else {
            sum += part;
            begin = middle;
        }
    }
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
    // Two sums a bin, taken in turn: where neighbours are of one size, as zeros are, an addition
    // would wait for the one before.
    std::vector<double> sums(2 * kBins, 0.0);
    T smallest = values[0];
    T largest = values[0];
    for (std::size_t i = 0; i < count; ++i) {
        sums[2 * bin_of(values[i]) + i % 2] += static_cast<double>(values[i]);
        smallest = std::min(smallest, values[i]);
        largest = std::max(largest, values[i]);
    }
    const auto sum_of = [&](std::size_t bin) { return sums[2 * bin] + sums[2 * bin + 1]; };
    double whole = 0.0;
    for (const double part : sums) whole += part;
    const double goal = share * whole;
    // Neither end is passed, though rounding keep the sum below the goal. A bin of zeros alone adds
    // nothing, like an empty one, and is only the answer where it comes first or last.
    const bool up = from == MassFrom::kSmallest;
    std::size_t bin = bin_of(up ? smallest : largest);
    const std::size_t last = bin_of(up ? largest : smallest);
    double sum = 0.0;
    while (bin != last && sum + sum_of(bin) < goal) {
        sum += sum_of(bin);
        up ? ++bin : --bin;
    }
    T* const end = std::copy_if(values, values + count, scratch,
                                [bin](T value) { return bin_of(value) == bin; });
    return up ? value_at(scratch, end, sum, goal, std::less<T>())
              : value_at(scratch, end, sum, goal, std::greater<T>());
}

template float value_at_mass(const float*, std::size_t, MassFrom, double, float*);
template double value_at_mass(const double*, std::size_t, MassFrom, double, double*);

}  // namespace hotcold
