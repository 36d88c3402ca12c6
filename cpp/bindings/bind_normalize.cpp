#include <string>

#include "bindings/bind.hpp"
#include "bindings/names.hpp"
#include "bindings/numpy_view.hpp"
#include "bindings/without_gil.hpp"
#include "kernels/normalize/extent.hpp"
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

py::dict normalization_traits(const std::string& normalization_type) {
    const NormalizationTraits& traits = traits_of(normalization_from_name(normalization_type));
    py::dict result;
    result["is_signed"] = traits.is_signed;
    result["per_channel"] = traits.per_channel();
    result["shares_limits"] = traits.scope == LimitScope::kBatch;
    result["fixed_limits"] = py::none();
    if (!traits.limits_depend_on_values()) {
        const Extent limits = limits_between(traits.limits, Extent{});
        result["fixed_limits"] = py::make_tuple(limits.low, limits.high);
    }
    return result;
}

}  // namespace

void bind_normalize(py::module_& m) {
    m.def("normalize", &normalize_into, "See hotcold.normalize.", py::arg("a").noconvert(),
          py::arg("normalization_type"), py::arg("out").noconvert(), py::arg("n_threads"));
    m.def(
        "normalization_traits", &normalization_traits,
        "What a normalization is: whether zero parts values of opposite meaning, whether each "
        "channel has a scale of its own, whether a batch shares its colour limits, and what those "
        "are where they depend on no value.",
        py::arg("normalization_type"));
    m.attr("NORMALIZATION_TYPES") = normalization_names();
}

}  // namespace hotcold
