// The value at which a cumulative sum of sorted values reaches its goal, without sorting them all.
#pragma once

#include <algorithm>
#include <cstddef>

namespace hotcold {

// The first value, in the order of `before`, at which the sum of all up to it, in double, is at
// least `goal`; the last value where rounding keeps the sum below. The values in question are
// parted around their middle and only the part that holds the answer is looked at again, so each is
// summed about twice. begin < end; reorders them.
template <typename T, typename Before>
T value_at_mass(T* begin, T* end, double goal, const Before& before) {
    // Sorting so few is faster than parting them.
    constexpr std::ptrdiff_t kSorted = 64;
    double sum = 0.0;  // of what comes before everything in [begin, end)
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

}  // namespace hotcold
