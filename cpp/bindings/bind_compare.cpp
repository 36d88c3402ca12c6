#include <pybind11/stl.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "bindings/bind.hpp"
#include "bindings/names.hpp"
#include "bindings/numpy_view.hpp"
#include "bindings/without_gil.hpp"
#include "kernels/compare/compare.hpp"
#include "kernels/compare/ssim.hpp"

namespace py = pybind11;

namespace hotcold {
namespace {

constexpr Names<Metric, 7> kMetricNames = {{{"rank", Metric::kRank},
                                            {"iou", Metric::kIou},
                                            {"ssim", Metric::kSsim},
                                            {"overlap", Metric::kOverlap},
                                            {"pearson", Metric::kPearson},
                                            {"centroid", Metric::kCentroid},
                                            {"max_abs", Metric::kMaxAbs}}};

CompareOptions options_from(const std::vector<std::string>& metrics, double top,
                            const Shape& shape) {
    CompareOptions options;
    for (const std::string& name : metrics) {
        options.metrics.push_back(from_name(kMetricNames, "metrics", name));
        const bool too_small = shape.rows < kSsimWindow || shape.columns < kSsimWindow;
        if (options.metrics.back() == Metric::kSsim && too_small) {
            throw std::invalid_argument("`a` must have at least 7 rows and columns for ssim");
        }
    }
    if (!(top > 0.0 && top < 1.0)) {
        throw std::invalid_argument("`top` must be between 0 and 1, got " + std::to_string(top));
    }
    options.top = top;
    return options;
}

// A row of metrics for each pair of items, and what is not finite in either.
py::tuple compare_maps(const py::array& a, const py::array& b,
                       const std::vector<std::string>& metrics, double top, int n_threads) {
    const SourceView of_a = source_view(a, "a");
    const SourceView of_b = source_view(b, "b");
    const Shape& shape = of_a.shape;
    const Shape& other = of_b.shape;
    if (shape.channels != 1 || other.channels != 1 || shape.items != other.items ||
        shape.rows != other.rows || shape.columns != other.columns) {
        throw std::invalid_argument("`a` and `b` must have one channel and the same shape");
    }
    if (shape.plane() >= std::size_t{1} << 32) {
        throw std::invalid_argument("`a` must have fewer than 2**32 pixels an item");
    }
    const CompareOptions options = options_from(metrics, top, shape);
    const int threads = checked_threads(n_threads);
    py::array_t<double> table({a.shape(0), static_cast<py::ssize_t>(metrics.size())});
    double* const to = table.mutable_data();
    const bool in_double = is_float64(a) || is_float64(b);
    const CompareFault fault = without_gil([&] {
        return in_double ? compare<double>(of_a, of_b, options, to, threads)
                         : compare<float>(of_a, of_b, options, to, threads);
    });
    return py::make_tuple(table, nonfinite_result(fault.a), nonfinite_result(fault.b));
}

}  // namespace

void bind_compare(py::module_& m) {
    m.def("compare", &compare_maps, "See hotcold.compare.", py::arg("a").noconvert(),
          py::arg("b").noconvert(), py::arg("metrics"), py::arg("top"), py::arg("n_threads"));
}

}  // namespace hotcold
