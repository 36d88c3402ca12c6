#include <string>

#include "bindings/bind.hpp"
#include "bindings/names.hpp"
#include "bindings/numpy_view.hpp"
#include "bindings/without_gil.hpp"
#include "kernels/normalize/normalize.hpp"

namespace py = pybind11;

namespace hotcold {
namespace {

template <typename T>
py::object run(const py::array& a, Normalization mode, const py::array& out, int n_threads) {
    const SourceView source = source_view(a, "a");
    const BatchView<T> target = batch_view<T>(out, "out", source.shape);
    return nonfinite_result(
        without_gil([&] { return normalize(source, mode, target, n_threads); }));
}

py::object normalize_into(const py::array& a, const std::string& normalization_type,
                          const py::array& out, int n_threads) {
    const Normalization mode = normalization_from_name(normalization_type);
    refuse_overlap(a, "a", out, "out");
    const int threads = checked_threads(n_threads);
    return is_float64(a) ? run<double>(a, mode, out, threads) : run<float>(a, mode, out, threads);
}

}  // namespace

void bind_normalize(py::module_& m) {
    m.def("normalize", &normalize_into, "See hotcold.normalize.", py::arg("a").noconvert(),
          py::arg("normalization_type"), py::arg("out").noconvert(), py::arg("n_threads"));
    m.attr("NORMALIZATION_TYPES") = normalization_names();
}

}  // namespace hotcold
