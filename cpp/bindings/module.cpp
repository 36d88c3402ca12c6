// hotcold._core: the kernels over numpy arrays. Axes are (item, channel, row, column) everywhere;
// the Python layer passes re-ordered views. Nothing here has defaults: those live in options.py.
#include "bindings/bind.hpp"

namespace {

// numpy, on which all of this stands, loads once a process; and on CPython 3.10 and 3.11 pybind11
// would wait here for a lock that this thread holds.
bool is_subinterpreter() { return PyInterpreterState_Get() != PyInterpreterState_Main(); }

constexpr const char* kNoSubinterpreters =
    "hotcold does not support subinterpreters, as numpy does not: import it in the main "
    "interpreter, and use threads or processes instead";

}  // namespace

// The kernels keep no state between calls but each thread's scratch block, so no lock is needed.
PYBIND11_MODULE(_core_of_main_interpreter, m, pybind11::mod_gil_not_used()) {
    // CPython 3.13 calls PyInit__core on the main interpreter whatever imports, and this where it
    // is.
    if (is_subinterpreter()) throw pybind11::import_error(kNoSubinterpreters);
    m.doc() = "Compiled core of hotcold; see hotcold.ops and hotcold.visualizers.";
    hotcold::bind_runtime(m);
    hotcold::bind_gaussian_blur(m);
    hotcold::bind_normalize(m);
    hotcold::bind_percentile_mask(m);
    hotcold::bind_tile(m);
    hotcold::bind_compare(m);
    hotcold::bind_regions(m);
    hotcold::bind_cam_overlay(m);
    hotcold::bind_render(m);
    hotcold::bind_render_png(m);
    hotcold::bind_png(m);
}

// What the interpreter calls. The macro's own function comes second: it is too late for a refusal.
extern "C" PYBIND11_EXPORT PyObject* PyInit__core();
extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
    if (is_subinterpreter()) {
        PyErr_SetString(PyExc_ImportError, kNoSubinterpreters);
        return nullptr;
    }
    return PyInit__core_of_main_interpreter();
}
