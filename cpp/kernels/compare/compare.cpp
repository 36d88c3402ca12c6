// Everything but ranks and quantiles is computed in double, of maps divided by their largest
// magnitudes, so that no square overflows or vanishes.
#include "kernels/compare/compare.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <utility>

#include "kernels/compare/spearman.hpp"
#include "kernels/compare/ssim.hpp"
#include "kernels/load/batch.hpp"
#include "kernels/load/plane_reader.hpp"
#include "kernels/normalize/normalize.hpp"
#include "kernels/percentile/percentile.hpp"
#include "runtime/interrupt.hpp"

namespace hotcold {
namespace {

// One of the two maps, and what several metrics ask of it.
template <typename T>
struct Map {
    const T* values;
    double* scaled;  // over the largest magnitude; all 0 where that is 0
    std::size_t rows;
    std::size_t columns;
    Extremes<T> ends{};
    double largest = 0.0;

    std::size_t count() const { return rows * columns; }
    bool constant() const { return ends.min == ends.max; }
    bool none_negative() const { return ends.min >= T{0}; }
    bool none_positive() const { return ends.max <= T{0}; }

    void measure(const Team& team) {
        ends = extremes(values, count(), team);
        largest = static_cast<double>(ends.magnitude());
        for (std::size_t i = 0; i < count(); ++i) {
            scaled[i] = largest > 0.0 ? static_cast<double>(values[i]) / largest : 0.0;
        }
    }
};

// Sums by rows, so that rounding does not add up.
template <typename F>
double sum_of(std::size_t rows, std::size_t columns, const F& term) {
    double all = 0.0;
    for (std::size_t y = 0; y < rows; ++y) {
        if (y % 256 == 255) check_interrupt();
        double in_row = 0.0;
        for (std::size_t i = y * columns; i < (y + 1) * columns; ++i) in_row += term(i);
        all += in_row;
    }
    return all;
}

template <typename T>
double mass(const Map<T>& map) {
    return sum_of(map.rows, map.columns, [&](std::size_t i) { return std::abs(map.scaled[i]); });
}

template <typename T>
double overlap(const Map<T>& a, const Map<T>& b) {
    const double of_a = mass(a);
    const double of_b = mass(b);
    return sum_of(a.rows, a.columns, [&](std::size_t i) {
        return std::min(std::abs(a.scaled[i]) / of_a, std::abs(b.scaled[i]) / of_b);
    });
}

template <typename T>
double pearson(const Map<T>& a, const Map<T>& b) {
    const auto mean = [&](const Map<T>& map) {
        const double sum =
            sum_of(map.rows, map.columns, [&](std::size_t i) { return map.scaled[i]; });
        return sum / static_cast<double>(map.count());
    };
    const double ma = mean(a);
    const double mb = mean(b);
    const auto product = [&](const Map<T>& one, double m, const Map<T>& other, double n) {
        return sum_of(one.rows, one.columns,
                      [&](std::size_t i) { return (one.scaled[i] - m) * (other.scaled[i] - n); });
    };
    const double ab = product(a, ma, b, mb);
    const double aa = product(a, ma, a, ma);
    const double bb = product(b, mb, b, mb);
    // Of values that differ by less than their mean is rounded, nothing can be told.
    if (!(aa > 0.0 && bb > 0.0)) return 0.0;
    return std::clamp(ab / std::sqrt(aa * bb), -1.0, 1.0);
}

struct Point {
    double y;
    double x;
};

template <typename T>
Point centroid(const Map<T>& map) {
    const double all = mass(map);
    if (!(all > 0.0)) {
        return {0.5 * static_cast<double>(map.rows - 1),
                0.5 * static_cast<double>(map.columns - 1)};
    }
    double y_sum = 0.0;
    double x_sum = 0.0;
    for (std::size_t y = 0; y < map.rows; ++y) {
        if (y % 256 == 255) check_interrupt();
        const double* const row = map.scaled + y * map.columns;
        double in_row = 0.0;
        double moment = 0.0;
        for (std::size_t x = 0; x < map.columns; ++x) {
            const double magnitude = std::abs(row[x]);
            in_row += magnitude;
            moment += magnitude * static_cast<double>(x);
        }
        y_sum += in_row * static_cast<double>(y);
        x_sum += moment;
    }
    return {y_sum / all, x_sum / all};
}

template <typename T>
double iou_of_top(const Map<T>& a, const Map<T>& b, double top, T* scratch) {
    const auto limit = [&](const Map<T>& map) {
        return interpolate(percentile_neighbours(map.values, map.count(), 1.0 - top, scratch));
    };
    const T of_a = limit(a);
    const T of_b = limit(b);
    const auto pixels_of = [&](const auto& in_a, const auto& in_b) {
        std::size_t both = 0;
        std::size_t any = 0;
        for (std::size_t i = 0; i < a.count(); ++i) {
            const bool of_one = in_a(a.values[i]);
            const bool of_other = in_b(b.values[i]);
            both += of_one && of_other ? 1 : 0;
            any += of_one || of_other ? 1 : 0;
        }
        return std::pair{both, any};
    };
    auto [both, any] =
        pixels_of([&](T value) { return value > of_a; }, [&](T value) { return value > of_b; });
    if (any == 0) {
        // Both limits are the largest values, which more pixels than `top` have (binary and clipped
        // maps): those are the highest, and no two such maps may pass for alike.
        std::tie(both, any) = pixels_of([&](T value) { return value >= a.ends.max; },
                                        [&](T value) { return value >= b.ends.max; });
    }
    return static_cast<double>(both) / static_cast<double>(any);
}

template <typename T>
double largest_difference(const Map<T>& a, const Map<T>& b) {
    double largest = 0.0;
    for (std::size_t i = 0; i < a.count(); ++i) {
        const double apart = static_cast<double>(a.values[i]) - static_cast<double>(b.values[i]);
        largest = std::max(largest, std::abs(apart));
    }
    return largest;
}

// Of equal maps, without the rounding of sums.
double value_of_equal(Metric metric) {
    return metric == Metric::kCentroid || metric == Metric::kMaxAbs ? 0.0 : 1.0;
}

// What metrics need of a thread's memory.
template <typename T>
struct Room {
    T* values;              // as many as a map has
    std::int64_t* ranks;    // twice as many
    std::uint64_t* places;  // twice as many
};

template <typename T>
double value_of(Metric metric, const Map<T>& a, const Map<T>& b, const CompareOptions& options,
                const Room<T>& room) {
    if (metric == Metric::kMaxAbs) return largest_difference(a, b);
    if (metric == Metric::kCentroid) {
        const Point of_a = centroid(a);
        const Point of_b = centroid(b);
        return std::hypot(of_a.y - of_b.y, of_a.x - of_b.x);
    }
    if (a.constant() || b.constant()) return a.constant() && b.constant() ? 1.0 : 0.0;
    switch (metric) {
        case Metric::kRank: {
            rank(a.values, a.count(), room.ranks, room.places);
            rank(b.values, b.count(), room.ranks + a.count(), room.places);
            return correlation(room.ranks, room.ranks + a.count(), a.count());
        }
        case Metric::kIou:
            return iou_of_top(a, b, options.top, room.values);
        case Metric::kSsim: {
            const bool one_sign = (a.none_negative() && b.none_negative()) ||
                                  (a.none_positive() && b.none_positive());
            return Ssim().mean(a.scaled, b.scaled, a.rows, a.columns, one_sign ? 1.0 : 2.0);
        }
        case Metric::kOverlap:
            return overlap(a, b);
        default:
            return pearson(a, b);
    }
}

}  // namespace

template <typename T>
CompareFault compare(const SourceView& a, const SourceView& b, const CompareOptions& options,
                     double* table, int n_threads) {
    const Shape& shape = a.shape;
    const std::size_t plane = shape.plane();
    const std::size_t bytes = 3 * Workspace::bytes_for<T>(plane) +
                              2 * Workspace::bytes_for<double>(plane) +
                              Workspace::bytes_for<std::int64_t>(2 * plane) +
                              Workspace::bytes_for<std::uint64_t>(2 * plane);
    NonFiniteLog bad_a;
    NonFiniteLog bad_b;
    for_each_item(shape.items, plane, bytes, n_threads,
                  [&](std::size_t item, Workspace& workspace, const Team& team) {
                      T* const of_a = workspace.take<T>(plane);
                      T* const of_b = workspace.take<T>(plane);
                      const Room<T> room{workspace.take<T>(plane),
                                         workspace.take<std::int64_t>(2 * plane),
                                         workspace.take<std::uint64_t>(2 * plane)};
                      double* const scaled_a = workspace.take<double>(plane);
                      double* const scaled_b = workspace.take<double>(plane);
                      bad_a.record(item, PlaneReader<T>::channel(a, item, 0).read(of_a, team));
                      bad_b.record(item, PlaneReader<T>::channel(b, item, 0).read(of_b, team));
                      Map<T> map_a{of_a, scaled_a, shape.rows, shape.columns};
                      Map<T> map_b{of_b, scaled_b, shape.rows, shape.columns};
                      map_a.measure(team);
                      map_b.measure(team);
                      double* row = table + item * options.metrics.size();
                      const bool same = std::equal(of_a, of_a + plane, of_b);
                      for (const Metric metric : options.metrics) {
                          *row++ = same ? value_of_equal(metric)
                                        : value_of(metric, map_a, map_b, options, room);
                      }
                  });
    return {bad_a.first(), bad_b.first()};
}

template CompareFault compare<float>(const SourceView&, const SourceView&, const CompareOptions&,
                                     double*, int);
template CompareFault compare<double>(const SourceView&, const SourceView&, const CompareOptions&,
                                      double*, int);

}  // namespace hotcold
