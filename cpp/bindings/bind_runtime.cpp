#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "bindings/bind.hpp"
#include "bindings/without_gil.hpp"
#include "runtime/buffers.hpp"
#include "runtime/cpu.hpp"
#include "runtime/cpus.hpp"
#include "simd/peak.hpp"

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

double measure_peak(double seconds) {
    if (!(seconds >= 0.0 && seconds <= 60.0)) {
        throw std::invalid_argument("`seconds` must be in [0, 60], got " + std::to_string(seconds));
    }
    return without_gil([&] { return measure_multiply_add_peak(seconds); });
}

struct Taken {
    void* buffer;
    std::size_t bytes;
};

py::array empty_array(const std::vector<py::ssize_t>& shape, const py::dtype& dtype) {
    if (std::string("biuf").find(dtype.kind()) == std::string::npos) {
        throw py::type_error("`dtype` must be a dtype of real numbers, got " +
                             py::str(dtype).cast<std::string>());
    }
    auto bytes = static_cast<std::size_t>(dtype.itemsize());
    for (const py::ssize_t extent : shape) {
        if (extent < 0) {
            throw std::invalid_argument("`shape` must hold numbers >= 0, got " +
                                        std::to_string(extent));
        }
        const auto count = static_cast<std::size_t>(extent);
        if (count > 0 && bytes > kMaxBufferBytes / count) throw std::bad_alloc();
        bytes *= count;
    }
    if (bytes == 0) return py::array(dtype, shape);
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
    m.def("cgroup_cpus", &cgroup_cpus,
          "CPUs that the control groups grant, 0 for no limit; files are read below `root`, '' for "
          "this system.",
          py::arg("root"));
    m.def("set_isa", &set_isa_level,
          "Force an instruction set level ('baseline', 'avx2', 'avx512') for tests and benchmarks.",
          py::arg("name"));
    m.attr("MOST_KEPT_BYTES") = kMaxKeptBytes;
    m.def("empty_array", &empty_array,
          "A C-contiguous array like numpy.empty's, whose memory is kept for the next one.",
          py::arg("shape"), py::arg("dtype"));
    m.def("set_call_check", &set_call_check,
          "Calls a function, or None for nothing, now and then in long calls of this thread; what "
          "it raises ends the call. For threads that are not the main one.",
          py::arg("check").none(true));
    m.def("measure_multiply_add_peak", &measure_peak,
          "Multiply-adds of float32 lanes a second on one core at the level in force; for "
          "benchmarks.",
          py::arg("seconds"));
    // Now, so that a wrong HOTCOLD_ISA is told at import and not in the middle of a job.
    static_cast<void>(isa_level());
}

}  // namespace hotcold
