// Connected regions above a limit, and the boxes around the strongest of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/load/image_view.hpp"
#include "kernels/percentile/threshold.hpp"

namespace hotcold {

// What makes one region stronger than another.
enum class RegionBy { kMass, kPeak, kArea };

struct BoxOptions {
    std::size_t count = 1;  // regions an item, >= 1
    double threshold = 0.9;
    ThresholdBy threshold_by = ThresholdBy::kQuantile;
    bool diagonal = false;  // pixels that touch at a corner are neighbours too
    RegionBy by = RegionBy::kMass;
    std::size_t min_area = 1;  // pixels
};

struct Region {
    std::int64_t top, left, bottom, right;  // half open
    double mass = 0.0;                      // the sum of its values
    double peak = 0.0;                      // the largest of them
    std::int64_t area = 0;                  // pixels
};

// Of one map the regions above a limit, at most `options.count`, strongest first and among equals
// the one that starts first in reading order. The options' threshold is not looked at.
template <typename T>
std::vector<Region> strongest_regions(const T* map, std::size_t rows, std::size_t columns, T limit,
                                      const BoxOptions& options);

// Of each item `count` regions, strongest first and among equals the one that starts first in
// reading order. Without a region: -1 in `boxes`, 0 in the others. All contiguous.
struct BoxTable {
    std::int64_t* boxes = nullptr;  // (N, count, 4): y0, x0, y1, x1, half open
    double* mass = nullptr;         // (N, count): the sum of the region's values
    double* peak = nullptr;         // (N, count): the largest of them
    std::int64_t* area = nullptr;   // (N, count): pixels
};

// The regions are those of scipy.ndimage.label(map > limit), the boxes its find_objects. `maps` has
// one channel. When the result tells of a non-finite input, the table holds nothing of use.
template <typename T>
NonFinite find_boxes(const SourceView& maps, const BoxOptions& options, const BoxTable& table,
                     int n_threads);

}  // namespace hotcold
