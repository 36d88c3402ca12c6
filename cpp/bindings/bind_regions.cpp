#include <algorithm>
#include <stdexcept>
#include <string>

#include "bindings/bind.hpp"
#include "bindings/names.hpp"
#include "bindings/numpy_view.hpp"
#include "bindings/without_gil.hpp"
#include "kernels/load/batch.hpp"
#include "kernels/load/plane_reader.hpp"
#include "kernels/regions/boxes.hpp"
#include "kernels/regions/outline.hpp"

namespace py = pybind11;

namespace hotcold {
namespace {

constexpr Names<RegionBy, 3> kRegionNames = {
    {{"mass", RegionBy::kMass}, {"peak", RegionBy::kPeak}, {"area", RegionBy::kArea}}};

double checked_threshold(double value) {
    if (!(value >= 0.0 && value <= 1.0)) {
        throw std::invalid_argument("`threshold` must be in [0, 1], got " + std::to_string(value));
    }
    return value;
}

std::size_t at_least_one(const char* name, py::ssize_t value) {
    if (value < 1) {
        throw std::invalid_argument("`" + std::string(name) + "` must be >= 1, got " +
                                    std::to_string(value));
    }
    return static_cast<std::size_t>(value);
}

SourceView one_channel(const py::array& maps) {
    const SourceView source = source_view(maps, "maps");
    if (source.shape.channels != 1) {
        throw std::invalid_argument("`maps` must have one channel, got " +
                                    std::to_string(source.shape.channels));
    }
    return source;
}

py::tuple boxes(const py::array& maps, py::ssize_t count, double threshold,
                const std::string& threshold_by, bool diagonal, const std::string& by,
                py::ssize_t min_area, int n_threads) {
    const SourceView source = one_channel(maps);
    BoxOptions options;
    options.count = at_least_one("count", count);
    options.threshold = checked_threshold(threshold);
    options.threshold_by = threshold_by_from_name(threshold_by);
    options.diagonal = diagonal;
    options.by = from_name(kRegionNames, "by", by);
    options.min_area = at_least_one("min_area", min_area);
    const int threads = checked_threads(n_threads);
    // More regions than every second pixel there cannot be.
    if (options.count > source.shape.plane()) {
        throw std::invalid_argument("`count` must be at most the " +
                                    std::to_string(source.shape.plane()) +
                                    " pixels of a map, got " + std::to_string(options.count));
    }
    const py::ssize_t n = maps.shape(0);
    py::array_t<std::int64_t> box({n, count, py::ssize_t{4}});
    py::array_t<double> mass({n, count});
    py::array_t<double> peak({n, count});
    py::array_t<std::int64_t> area({n, count});
    const BoxTable table{box.mutable_data(), mass.mutable_data(), peak.mutable_data(),
                         area.mutable_data()};
    const bool in_double = is_float64(maps);
    const NonFinite bad = without_gil([&] {
        return in_double ? find_boxes<double>(source, options, table, threads)
                         : find_boxes<float>(source, options, table, threads);
    });
    return py::make_tuple(box, mass, peak, area, nonfinite_result(bad));
}

template <typename T>
NonFinite limits_of(const SourceView& maps, ThresholdBy by, double threshold, double* limits,
                    int n_threads) {
    const std::size_t plane = maps.shape.plane();
    NonFiniteLog bad;
    for_each_item(maps.shape.items, plane, 2 * Workspace::bytes_for<T>(plane), n_threads,
                  [&](std::size_t item, Workspace& workspace, const Team& team) {
                      T* const map = workspace.take<T>(plane);
                      T* const scratch = workspace.take<T>(plane);
                      bad.record(item, PlaneReader<T>::channel(maps, item, 0).read(map, team));
                      limits[item] =
                          static_cast<double>(threshold_limit(map, plane, by, threshold, scratch));
                  });
    return bad.first();
}

// The limit of each map, above which `threshold` keeps its values.
py::tuple threshold_limits(const py::array& maps, double threshold, const std::string& threshold_by,
                           int n_threads) {
    const SourceView source = one_channel(maps);
    const double t = checked_threshold(threshold);
    const ThresholdBy by = threshold_by_from_name(threshold_by);
    const int threads = checked_threads(n_threads);
    py::array_t<double> limits(maps.shape(0));
    double* const data = limits.mutable_data();
    const bool in_double = is_float64(maps);
    const NonFinite bad = without_gil([&] {
        return in_double ? limits_of<double>(source, by, t, data, threads)
                         : limits_of<float>(source, by, t, data, threads);
    });
    return py::make_tuple(limits, nonfinite_result(bad));
}

template <typename T>
NonFinite outlines_of(const SourceView& maps, ThresholdBy by, double threshold, unsigned width,
                      std::uint8_t* lines, int n_threads) {
    const Shape& shape = maps.shape;
    const std::size_t plane = shape.plane();
    NonFiniteLog bad;
    for_each_item(shape.items, plane, 2 * Workspace::bytes_for<T>(plane), n_threads,
                  [&](std::size_t item, Workspace& workspace, const Team& team) {
                      T* const map = workspace.take<T>(plane);
                      T* const scratch = workspace.take<T>(plane);
                      bad.record(item, PlaneReader<T>::channel(maps, item, 0).read(map, team));
                      outline(map, shape.rows, shape.columns,
                              threshold_limit(map, plane, by, threshold, scratch), width,
                              lines + item * plane);
                  });
    return bad.first();
}

// Where the outlines of what a threshold keeps are, as 0 and 1.
py::tuple outlines(const py::array& maps, double threshold, const std::string& threshold_by,
                   py::ssize_t width, int n_threads) {
    const SourceView source = one_channel(maps);
    const double t = checked_threshold(threshold);
    const ThresholdBy by = threshold_by_from_name(threshold_by);
    const auto steps =
        static_cast<unsigned>(std::min<std::size_t>(at_least_one("width", width), 1u << 16));
    const int threads = checked_threads(n_threads);
    py::array_t<std::uint8_t> lines({maps.shape(0), maps.shape(2), maps.shape(3)});
    std::uint8_t* const data = lines.mutable_data();
    const bool in_double = is_float64(maps);
    const NonFinite bad = without_gil([&] {
        return in_double ? outlines_of<double>(source, by, t, steps, data, threads)
                         : outlines_of<float>(source, by, t, steps, data, threads);
    });
    return py::make_tuple(lines, nonfinite_result(bad));
}

}  // namespace

void bind_regions(py::module_& m) {
    m.def("boxes", &boxes, "See hotcold.boxes.", py::arg("maps").noconvert(), py::arg("count"),
          py::arg("threshold"), py::arg("threshold_by"), py::arg("diagonal"), py::arg("by"),
          py::arg("min_area"), py::arg("n_threads"));
    m.def("threshold_limits", &threshold_limits, "The values above which maps are kept.",
          py::arg("maps").noconvert(), py::arg("threshold"), py::arg("threshold_by"),
          py::arg("n_threads"));
    m.def("outlines", &outlines, "The outlines of what a threshold keeps.",
          py::arg("maps").noconvert(), py::arg("threshold"), py::arg("threshold_by"),
          py::arg("width"), py::arg("n_threads"));
}

}  // namespace hotcold
