#include <stdexcept>
#include <string>

#include "bindings/bind.hpp"
#include "bindings/numpy_view.hpp"
#include "bindings/without_gil.hpp"
#include "kernels/percentile/percentile.hpp"

namespace py = pybind11;

namespace hotcold {
namespace {

void require_fraction(const char* name, double value) {
    if (!(value >= 0.0 && value <= 1.0)) {
        throw std::invalid_argument("`" + std::string(name) + "` must be in [0, 1], got " +
                                    std::to_string(value));
    }
}

template <typename T>
py::object run(const py::array& a, double threshold, double masked_opacity, const py::array& out,
               int n_threads) {
    const SourceView source = source_view(a, "a");
    const BatchView<T> target = batch_view<T>(out, "out", source.shape);
    return nonfinite_result(without_gil(
        [&] { return percentile_mask(source, threshold, masked_opacity, target, n_threads); }));
}

py::object percentile_mask_into(const py::array& a, double threshold, double masked_opacity,
                                const py::array& out, int n_threads) {
    require_fraction("threshold", threshold);
    require_fraction("masked_opacity", masked_opacity);
    refuse_overlap(a, "a", out, "out");
    const int threads = checked_threads(n_threads);
    return is_float64(a) ? run<double>(a, threshold, masked_opacity, out, threads)
                         : run<float>(a, threshold, masked_opacity, out, threads);
}

}  // namespace

void bind_percentile_mask(py::module_& m) {
    m.def("percentile_mask", &percentile_mask_into, "See hotcold.percentile_mask.",
          py::arg("a").noconvert(), py::arg("threshold"), py::arg("masked_opacity"),
          py::arg("out").noconvert(), py::arg("n_threads"));
}

}  // namespace hotcold
