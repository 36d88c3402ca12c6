// Regions are put together from runs: stretches of a row above the limit, some hundred in a map of
// 50,000 pixels. Each run joins those that it touches in the row above, by union-find with the
// earliest run as the root, so that roots come in reading order. No plane of labels is written.
#include "kernels/regions/boxes.hpp"

#include <algorithm>
#include <vector>

#include "kernels/load/batch.hpp"
#include "kernels/load/plane_reader.hpp"
#include "runtime/interrupt.hpp"

namespace hotcold {
namespace {

struct Run {
    std::size_t root;
    std::size_t begin;  // columns [begin, end)
    std::size_t end;
};

// The regions of one map after another; memory is kept between them.
template <typename T>
class Regions {
  public:
    // In reading order of their first pixels.
    const std::vector<Region>& find(const T* map, std::size_t rows, std::size_t columns, T limit,
                                    bool diagonal) {
        runs_.clear();
        row_of_.clear();
        const std::size_t reach = diagonal ? 1 : 0;
        std::size_t above = 0;  // the first run of the row above
        for (std::size_t row = 0; row < rows; ++row) {
            if (row % 64 == 63) check_interrupt();
            const std::size_t first = runs_.size();
            add_row(map + row * columns, row, columns, limit);
            join(above, first, row, reach);
            above = first;
        }
        collect(map, columns);
        return regions_;
    }

  private:
    void add_row(const T* values, std::size_t row, std::size_t columns, T limit) {
        std::size_t c = 0;
        while (c < columns) {
            while (c < columns && !(values[c] > limit)) ++c;
            if (c == columns) return;
            const std::size_t begin = c;
            while (c < columns && values[c] > limit) ++c;
            runs_.push_back({runs_.size(), begin, c});
            row_of_.push_back(row);
        }
    }

    // Joins the runs from `first` on with those from `above` on that lie in the row before.
    void join(std::size_t above, std::size_t first, std::size_t row, std::size_t reach) {
        if (row == 0) return;
        std::size_t upper = above;
        for (std::size_t lower = first; lower < runs_.size(); ++lower) {
            while (upper < first && runs_[upper].end + reach <= runs_[lower].begin) ++upper;
            for (std::size_t other = upper;
                 other < first && runs_[other].begin < runs_[lower].end + reach; ++other) {
                unite(other, lower);
            }
        }
    }

    std::size_t root(std::size_t run) {
        while (runs_[run].root != run) {
            runs_[run].root = runs_[runs_[run].root].root;
            run = runs_[run].root;
        }
        return run;
    }

    void unite(std::size_t a, std::size_t b) {
        a = root(a);
        b = root(b);
        runs_[std::max(a, b)].root = std::min(a, b);
    }

    void collect(const T* map, std::size_t columns) {
        regions_.clear();
        place_.assign(runs_.size(), 0);
        for (std::size_t i = 0; i < runs_.size(); ++i) {
            if (i % 4096 == 4095) check_interrupt();
            const std::size_t r = root(i);
            const auto row = static_cast<std::int64_t>(row_of_[i]);
            const auto begin = static_cast<std::int64_t>(runs_[i].begin);
            const auto end = static_cast<std::int64_t>(runs_[i].end);
            if (r == i) {
                place_[i] = regions_.size();
                regions_.push_back({row, begin, row + 1, end});
            }
            Region& region = regions_[place_[r]];
            region.left = std::min(region.left, begin);
            region.right = std::max(region.right, end);
            region.bottom = row + 1;
            const T* const values = map + row_of_[i] * columns;
            if (region.area == 0) region.peak = static_cast<double>(values[runs_[i].begin]);
            for (std::size_t c = runs_[i].begin; c < runs_[i].end; ++c) {
                const auto value = static_cast<double>(values[c]);
                region.mass += value;
                region.peak = std::max(region.peak, value);
            }
            region.area += end - begin;
        }
    }

    std::vector<Run> runs_;
    std::vector<std::size_t> row_of_;
    std::vector<std::size_t> place_;  // of a root's region
    std::vector<Region> regions_;
};

double strength(const Region& region, RegionBy by) {
    if (by == RegionBy::kMass) return region.mass;
    return by == RegionBy::kPeak ? region.peak : static_cast<double>(region.area);
}

void write(const std::vector<Region>& regions, std::size_t count, std::size_t item,
           const BoxTable& table) {
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = item * count + i;
        const Region region = i < regions.size() ? regions[i] : Region{-1, -1, -1, -1};
        const std::int64_t box[4] = {region.top, region.left, region.bottom, region.right};
        std::copy(box, box + 4, table.boxes + 4 * at);
        table.mass[at] = region.mass;
        table.peak[at] = region.peak;
        table.area[at] = region.area;
    }
}

}  // namespace

template <typename T>
std::vector<Region> strongest_regions(const T* map, std::size_t rows, std::size_t columns, T limit,
                                      const BoxOptions& options) {
    std::vector<Region> regions = Regions<T>().find(map, rows, columns, limit, options.diagonal);
    const auto too_small = [&](const Region& region) {
        return static_cast<std::size_t>(region.area) < options.min_area;
    };
    regions.erase(std::remove_if(regions.begin(), regions.end(), too_small), regions.end());
    // They are in reading order, which a stable sort keeps among equals.
    std::stable_sort(regions.begin(), regions.end(), [&](const Region& a, const Region& b) {
        return strength(a, options.by) > strength(b, options.by);
    });
    if (regions.size() > options.count) regions.resize(options.count);
    return regions;
}

template <typename T>
NonFinite find_boxes(const SourceView& maps, const BoxOptions& options, const BoxTable& table,
                     int n_threads) {
    const std::size_t plane = maps.shape.plane();
    NonFiniteLog bad;
    for_each_item(
        maps.shape.items, plane, 2 * Workspace::bytes_for<T>(plane), n_threads,
        [&](std::size_t item, Workspace& workspace, const Team& team) {
            T* const map = workspace.take<T>(plane);
            T* const scratch = workspace.take<T>(plane);
            bad.record(item, PlaneReader<T>::channel(maps, item, 0).read(map, team));
            const T limit =
                threshold_limit(map, plane, options.threshold_by, options.threshold, scratch);
            write(strongest_regions(map, maps.shape.rows, maps.shape.columns, limit, options),
                  options.count, item, table);
        });
    return bad.first();
}

template std::vector<Region> strongest_regions(const float*, std::size_t, std::size_t, float,
                                               const BoxOptions&);
template std::vector<Region> strongest_regions(const double*, std::size_t, std::size_t, double,
                                               const BoxOptions&);
template NonFinite find_boxes<float>(const SourceView&, const BoxOptions&, const BoxTable&, int);
template NonFinite find_boxes<double>(const SourceView&, const BoxOptions&, const BoxTable&, int);

}  // namespace hotcold
