#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>
#include <vector>

#include "bindings/bind.hpp"
#include "kernels/peak.hpp"
#include "runtime/buffers.hpp"
#include "runtime/cpu.hpp"
#include "runtime/parallel.hpp"

namespace py = pybind11;

namespace hotcold {
namespace {

py::dict build_info() {
    py::list levels;
    for (const IsaLevel level : available_isa_levels()) levels.append(isa_name(level));
    py::dict info;
    info["version"] = HOTCOLD_VERSION;
    info["compiler"] = HOTCOLD_COMPILER;
    info["build_type"] = HOTCOLD_BUILD_TYPE;
    info["flags"] = HOTCOLD_FLAGS;
    info["isa"] = isa_name(isa_level());
    info["isa_available"] = py::tuple(levels);
    info["n_threads"] = default_threads();
#if defined(NDEBUG)
    info["asserts"] = false;
#else
    info["asserts"] = true;
#endif
    return info;
}

struct Taken {
    void* buffer;
    std::size_t bytes;
};

py::array empty_array(const std::vector<py::ssize_t>& shape, const py::dtype& dtype) {
    auto bytes = static_cast<std::size_t>(dtype.itemsize());
    for (const py::ssize_t extent : shape) bytes *= static_cast<std::size_t>(extent);
    auto taken = std::make_unique<Taken>(Taken{take_buffer(bytes), bytes});
    void* const buffer = taken->buffer;
    const py::capsule owner(taken.release(), [](void* pointer) {
        const std::unique_ptr<Taken> mine(static_cast<Taken*>(pointer));
        return_buffer(mine->buffer, mine->bytes);
    });
    return py::array(dtype, shape, buffer, owner);
}

}  // namespace

void bind_runtime(py::module_& m) {
    m.attr("__version__") = HOTCOLD_VERSION;
    m.def("build_info", &build_info, "See hotcold.build_info.");
    m.def("default_threads", &default_threads, "Threads that n_threads=None stands for.");
    m.def("set_isa", &set_isa_level,
          "Force an instruction set level ('baseline', 'avx2', 'avx512') for tests and benchmarks.",
          py::arg("name"));
    m.attr("MOST_KEPT_BYTES") = kMostKeptBytes;
    m.def("empty_array", &empty_array,
          "A C-contiguous array like numpy.empty's, whose memory is kept for the next one.",
          py::arg("shape"), py::arg("dtype"));
    m.def("measure_multiply_add_peak", &measure_multiply_add_peak,
          "Multiply-adds of float32 lanes a second on one core at the level in force; for "
          "benchmarks.",
          py::arg("seconds"), py::call_guard<py::gil_scoped_release>());
    // Now, so that a wrong HOTCOLD_ISA is told at import and not in the middle of a job.
    static_cast<void>(isa_level());
}

}  // namespace hotcold
