// hotcold._core: the kernels over numpy arrays. Axes are (item, channel, row, column) everywhere;
// the Python layer passes re-ordered views. Nothing here has defaults: those live in options.py.
#include "bindings/bind.hpp"

// The kernels keep no state between calls but each thread's scratch block, so no lock is needed.
PYBIND11_MODULE(_core, m, pybind11::mod_gil_not_used()) {
    m.doc() = "Compiled core of hotcold; see hotcold.ops and hotcold.visualizers.";
    hotcold::bind_runtime(m);
    hotcold::bind_gaussian_blur(m);
    hotcold::bind_normalize(m);
    hotcold::bind_percentile_mask(m);
    hotcold::bind_tile(m);
    hotcold::bind_render(m);
    hotcold::bind_render_png(m);
    hotcold::bind_png(m);
}
