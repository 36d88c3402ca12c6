#include <cmath>
#include <stdexcept>

#include "bindings/bind.hpp"
#include "bindings/numpy_view.hpp"
#include "bindings/without_gil.hpp"
#include "kernels/blur/gaussian_blur.hpp"

namespace py = pybind11;

namespace hotcold {
namespace {

void require_sigma(double sigma_y, double sigma_x) {
    if (!(std::isfinite(sigma_y) && sigma_y >= 0.0 && std::isfinite(sigma_x) && sigma_x >= 0.0)) {
        throw std::invalid_argument("`sigma` must be finite and >= 0 pixels, got (" +
                                    std::to_string(sigma_y) + ", " + std::to_string(sigma_x) + ")");
    }
}

template <typename T>
py::object run(const py::array& a, double sigma_y, double sigma_x, BlurAccuracy accuracy,
               const py::array& out, int n_threads) {
    const SourceView source = source_view(a, "a");
    const BatchView<T> target = batch_view<T>(out, "out", source.shape);
    return nonfinite_result(without_gil(
        [&] { return gaussian_blur(source, sigma_y, sigma_x, accuracy, target, n_threads); }));
}

py::object gaussian_blur_into(const py::array& a, double sigma_y, double sigma_x, bool fast,
                              const py::array& out, int n_threads) {
    require_sigma(sigma_y, sigma_x);
    refuse_overlap(a, "a", out, "out");
    const BlurAccuracy accuracy = fast ? BlurAccuracy::kFast : BlurAccuracy::kExact;
    const int threads = checked_threads(n_threads);
    return is_float64(a) ? run<double>(a, sigma_y, sigma_x, accuracy, out, threads)
                         : run<float>(a, sigma_y, sigma_x, accuracy, out, threads);
}

const char* gaussian_blur_method(std::size_t rows, std::size_t columns, double sigma_y,
                                 double sigma_x, bool fast, bool float64) {
    require_sigma(sigma_y, sigma_x);
    if (rows < 1 || columns < 1 || rows > kMaxElements / columns) {
        throw std::invalid_argument("`rows` and `columns` must be >= 1 and those of a plane, got " +
                                    std::to_string(rows) + " and " + std::to_string(columns));
    }
    const BlurAccuracy accuracy = fast ? BlurAccuracy::kFast : BlurAccuracy::kExact;
    return float64 ? method_name<double>(rows, columns, sigma_y, sigma_x, accuracy)
                   : method_name<float>(rows, columns, sigma_y, sigma_x, accuracy);
}

}  // namespace

void bind_gaussian_blur(py::module_& m) {
    m.def("gaussian_blur", &gaussian_blur_into, "See hotcold.gaussian_blur.",
          py::arg("a").noconvert(), py::arg("sigma_y"), py::arg("sigma_x"), py::arg("fast"),
          py::arg("out").noconvert(), py::arg("n_threads"));
    m.def("gaussian_blur_method", &gaussian_blur_method,
          "The way that gaussian_blur takes for such planes; for tests and benchmarks.",
          py::arg("rows"), py::arg("columns"), py::arg("sigma_y"), py::arg("sigma_x"),
          py::arg("fast"), py::arg("float64"));
}

}  // namespace hotcold
