// kOtsu is scikit-image's calculation step by step, in the types in which it does each: edges and
// centres of the bins in T, counts and their running sums in float.
#include "kernels/percentile/threshold.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/percentile/mass.hpp"
#include "kernels/percentile/percentile.hpp"

namespace hotcold {
namespace {

template <typename T>
T mass_limit(const T* values, std::size_t count, double t, T* scratch) {
    const T everything = std::numeric_limits<T>::max();
    const T infinity = std::numeric_limits<T>::infinity();
    const std::size_t positive = take_between(values, count, T{0}, infinity, scratch);
    if (positive == 0) return everything;  // nothing is kept
    if (t == 0.0) return T{0};
    if (t == 1.0) return everything;
    const T last = value_at_mass(scratch, positive, MassFrom::kLargest, 1.0 - t, scratch);
    // Kept are `last` and its equals: everything above its lower neighbour.
    return std::nextafter(last, -everything);
}

constexpr std::size_t kBins = 256;

// The bin of a value by its edges, which are rounded, starting from one near it.
template <typename T>
std::size_t bin_of(T v, T guess, const std::array<T, kBins + 1>& edges) {
    auto bin = static_cast<std::size_t>(guess);
    bin = std::min(bin, kBins - 1);
    if (bin > 0 && v < edges[bin]) --bin;
    if (bin < kBins - 1 && v >= edges[bin + 1]) ++bin;
    return bin;
}

// How many of the values times `scale` lie in each bin. A guess by a product is off by less than
// `near` of a bin, so that edges are looked at only for values as close to one; where that is not
// most of a bin, all are guessed by the division that scikit-image does. Four tables, as a map's
// next value is often in the same bin, whose count would have to be waited for.
template <typename T>
std::array<std::size_t, kBins> count_bins(const T* values, std::size_t count, T scale,
                                          const std::array<T, kBins + 1>& edges) {
    const T first = edges[0];
    const T width = edges[kBins] - first;
    const T gain = static_cast<T>(kBins) / width;
    const T largest = std::max(std::abs(first), std::abs(edges[kBins]));
    const T near = 8 * std::numeric_limits<T>::epsilon() * (static_cast<T>(kBins) + largest * gain);
    std::array<std::size_t, kBins> found{};
    if (!(near < T{0.25})) {
        for (std::size_t i = 0; i < count; ++i) {
            const T v = values[i] * scale;
            ++found[bin_of(v, (v - first) / width * static_cast<T>(kBins), edges)];
        }
        return found;
    }
    constexpr std::size_t kTables = 4;
    std::array<std::array<std::uint32_t, kBins>, kTables> tables;
    constexpr std::size_t kAtOnce = std::size_t{1} << 30;  // what a table's numbers hold
    for (std::size_t start = 0; start < count; start += kAtOnce) {
        tables = {};
        const std::size_t end = std::min(count, start + kAtOnce);
        for (std::size_t i = start; i < end; ++i) {
            const T v = values[i] * scale;
            const T place = (v - first) * gain;
            auto bin = static_cast<std::size_t>(static_cast<std::int32_t>(place));
            const T within = place - static_cast<T>(static_cast<std::int32_t>(bin));
            if (!(within > near && within < T{1} - near)) bin = bin_of(v, place, edges);
            ++tables[i % kTables][bin];
        }
        for (const auto& table : tables) {
            for (std::size_t bin = 0; bin < kBins; ++bin) found[bin] += table[bin];
        }
    }
    return found;
}

template <typename T>
T otsu_limit(const T* values, std::size_t count) {
    const auto [smallest, largest] = std::minmax_element(values, values + count);
    if (*smallest == *largest) return *smallest;
    // The range of the largest numbers of both signs is none of T's: that of their halves is.
    const T scale = std::isfinite(*largest - *smallest) ? T{1} : T{0.5};
    const T first = *smallest * scale;
    const T last = *largest * scale;
    const T width = last - first;
    const T step = width / static_cast<T>(kBins);
    std::array<T, kBins + 1> edges;
    for (std::size_t i = 0; i < kBins; ++i) edges[i] = static_cast<T>(i) * step + first;
    edges[kBins] = last;

    const auto found = count_bins(values, count, scale, edges);

    std::array<T, kBins> centers;
    std::array<float, kBins> weight_up;
    std::array<float, kBins> weight_down;
    std::array<T, kBins> moment_up;
    std::array<T, kBins> moment_down;
    float weight = 0.0f;
    T moment{0};
    for (std::size_t i = 0; i < kBins; ++i) {
        centers[i] = (edges[i] + edges[i + 1]) / T{2};
        const auto n = static_cast<float>(found[i]);
        weight_up[i] = weight += n;
        moment_up[i] = moment += static_cast<T>(n) * centers[i];
    }
    weight = 0.0f;
    moment = T{0};
    for (std::size_t i = kBins; i-- > 0;) {
        const auto n = static_cast<float>(found[i]);
        weight_down[i] = weight += n;
        moment_down[i] = moment += static_cast<T>(n) * centers[i];
    }
    std::size_t best = 0;
    T best_variance = T{-1};
    for (std::size_t i = 0; i + 1 < kBins; ++i) {
        const T apart = moment_up[i] / static_cast<T>(weight_up[i]) -
                        moment_down[i + 1] / static_cast<T>(weight_down[i + 1]);
        const T variance = static_cast<T>(weight_up[i] * weight_down[i + 1]) * (apart * apart);
        if (variance > best_variance) {
            best_variance = variance;
            best = i;
        }
    }
    return centers[best] / scale;
}

}  // namespace

template <typename T>
T threshold_limit(const T* values, std::size_t count, ThresholdBy by, double t, T* scratch) {
    switch (by) {
        case ThresholdBy::kQuantile:
            return interpolate(percentile_neighbours(values, count, t, scratch));
        case ThresholdBy::kMass:
            return mass_limit(values, count, t, scratch);
        case ThresholdBy::kMax: {
            const T largest = *std::max_element(values, values + count);
            return largest > T{0} ? static_cast<T>(t) * largest : largest;
        }
        case ThresholdBy::kOtsu:
            break;
    }
    return otsu_limit(values, count);
}

template float threshold_limit(const float*, std::size_t, ThresholdBy, double, float*);
template double threshold_limit(const double*, std::size_t, ThresholdBy, double, double*);

}  // namespace hotcold
