#include <limits>
#include <stdexcept>
#include <string>

#include "bindings/bind.hpp"
#include "bindings/numpy_view.hpp"
#include "bindings/without_gil.hpp"
#include "kernels/geometry/tile.hpp"
#include "runtime/integers.hpp"

namespace py = pybind11;

namespace hotcold {
namespace {

std::size_t positive(const char* name, py::ssize_t value, py::ssize_t least) {
    if (value < least) {
        throw std::invalid_argument("`" + std::string(name) + "` must be >= " +
                                    std::to_string(least) + ", got " + std::to_string(value));
    }
    return static_cast<std::size_t>(value);
}

// cells * extent + (cells - 1) * padding, refused when an array could not be that long.
py::ssize_t sheet_extent(std::size_t cells, std::size_t extent, std::size_t padding) {
    constexpr auto kMax = static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max());
    if (cells > kMax || extent > kMax || padding > kMax || cells * (extent + padding) > kMax) {
        throw std::invalid_argument("the sheet would be too large: " + std::to_string(cells) +
                                    " cells of " + std::to_string(extent) + " pixels with " +
                                    std::to_string(padding) + " between them");
    }
    return static_cast<py::ssize_t>(cells * extent + (cells - 1) * padding);
}

// A new (H', W', C) array of a's dtype. `fill` is a 0-d array of that dtype.
py::array tile_new(const py::array& a, py::ssize_t rows, py::ssize_t columns, py::ssize_t padding,
                   const py::array& fill) {
    const SourceView source = source_view(a, "a");
    const Grid grid{positive("rows", rows, 1), positive("cols", columns, 1),
                    positive("padding", padding, 0)};
    if (grid.rows < ceil_div(source.shape.items, grid.columns)) {
        throw std::invalid_argument("a grid of " + std::to_string(grid.rows) + " rows and " +
                                    std::to_string(grid.columns) + " columns has no room for " +
                                    std::to_string(source.shape.items) + " items");
    }
    if (fill.ndim() != 0 || !fill.dtype().equal(a.dtype())) {
        throw py::type_error("`fill` must be a 0-d array of the dtype of `a`");
    }
    py::array out(a.dtype(), {sheet_extent(grid.rows, source.shape.rows, grid.padding),
                              sheet_extent(grid.columns, source.shape.columns, grid.padding),
                              static_cast<py::ssize_t>(source.shape.channels)});
    const void* fill_data = fill.data();
    void* out_data = out.mutable_data();
    without_gil([&] { tile(source, grid, fill_data, out_data); });
    return out;
}

}  // namespace

void bind_tile(py::module_& m) {
    m.def("tile", &tile_new, "See hotcold.tile.", py::arg("a").noconvert(), py::arg("rows"),
          py::arg("cols"), py::arg("padding"), py::arg("fill").noconvert());
}

}  // namespace hotcold
