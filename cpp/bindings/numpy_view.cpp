#include "bindings/numpy_view.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include "runtime/integers.hpp"

namespace py = pybind11;

namespace hotcold {
namespace {

[[noreturn]] void refuse(const char* name, const std::string& rule) {
    throw std::invalid_argument("`" + std::string(name) + "` " + rule);
}

std::string shape_text(const py::array& array) {
    std::string text = "(";
    for (py::ssize_t axis = 0; axis < array.ndim(); ++axis) {
        text += (axis == 0 ? "" : ", ") + std::to_string(array.shape(axis));
    }
    return text + ")";
}

std::string dtype_text(const py::array& array) {
    return py::str(array.dtype()).cast<std::string>();
}

// By kind and size rather than by type number: C's long types share sizes under several numbers.
ScalarType scalar_type(const py::array& array, const char* name) {
    const py::dtype dtype = array.dtype();
    const char order = dtype.byteorder();
    // A native order may also be spelled out; zarr's arrays do that.
    if (order == '=' || order == '|' || dtype.attr("isnative").cast<bool>()) {
        const py::ssize_t size = dtype.itemsize();
        switch (dtype.kind()) {
            case 'b':
                return ScalarType::kBool;
            case 'i':
                if (size == 1) return ScalarType::kInt8;
                if (size == 2) return ScalarType::kInt16;
                if (size == 4) return ScalarType::kInt32;
                if (size == 8) return ScalarType::kInt64;
                break;
            case 'u':
                if (size == 1) return ScalarType::kUint8;
                if (size == 2) return ScalarType::kUint16;
                if (size == 4) return ScalarType::kUint32;
                if (size == 8) return ScalarType::kUint64;
                break;
            case 'f':
                if (size == 2) return ScalarType::kFloat16;
                if (size == 4) return ScalarType::kFloat32;
                if (size == 8) return ScalarType::kFloat64;
                break;
            default:
                break;
        }
    }
    throw py::type_error("`" + std::string(name) +
                         "` must hold real numbers in native byte order, got dtype " +
                         dtype_text(array));
}

std::size_t extent(const py::array& array, py::ssize_t axis) {
    return static_cast<std::size_t>(array.shape(axis));
}

void require_ndim(const py::array& array, const char* name, py::ssize_t ndim) {
    if (array.ndim() != ndim) {
        refuse(name,
               "must have " + std::to_string(ndim) + " dimensions, got shape " + shape_text(array));
    }
    for (py::ssize_t axis = 0; axis < ndim; ++axis) {
        if (array.shape(axis) == 0)
            refuse(name, "must not be empty, got shape " + shape_text(array));
    }
}

// First and last byte + 1 that the array's elements touch.
struct Range {
    std::uintptr_t begin;
    std::uintptr_t end;
};

// Refuses an array that steps further than memory reaches, as only strides made by hand do.
Range memory_range(const py::array& array, const char* name) {
    const auto address = reinterpret_cast<std::uintptr_t>(array.data());
    std::ptrdiff_t low = 0;
    std::ptrdiff_t high = array.itemsize();
    constexpr std::ptrdiff_t kMax = std::numeric_limits<std::ptrdiff_t>::max() / 8;
    for (py::ssize_t axis = 0; axis < array.ndim(); ++axis) {
        const std::ptrdiff_t steps = array.shape(axis) - 1;
        if (steps <= 0) continue;  // the stride is never taken
        const std::ptrdiff_t stride = array.strides(axis);
        if (stride > kMax / steps || stride < -kMax / steps) {
            refuse(name, "has strides that no memory holds");
        }
        (stride < 0 ? low : high) += stride * steps;
        if (high > kMax || low < -kMax) refuse(name, "has strides that no memory holds");
    }
    return {address + static_cast<std::uintptr_t>(low),
            address + static_cast<std::uintptr_t>(high)};
}

// Sufficient for every array made by allocating, slicing, reversing and reordering axes: each axis
// must step over everything that the axes with smaller strides span.
void require_distinct_elements(const py::array& array, const char* name) {
    std::vector<std::pair<std::ptrdiff_t, std::ptrdiff_t>> axes;  // |stride|, extent
    for (py::ssize_t axis = 0; axis < array.ndim(); ++axis) {
        const std::ptrdiff_t stride = array.strides(axis);
        if (array.shape(axis) > 1) {
            axes.emplace_back(stride < 0 ? -stride : stride, array.shape(axis));
        }
    }
    std::sort(axes.begin(), axes.end());
    std::ptrdiff_t span = array.itemsize();
    for (const auto& [stride, count] : axes) {
        if (stride < span) refuse(name, "must not hold two elements at one address");
        span += stride * (count - 1);
    }
}

void require_writeable(const py::array& array, const char* name, const py::dtype& dtype) {
    if (!array.dtype().is(dtype) && !array.dtype().equal(dtype)) {
        throw py::type_error("`" + std::string(name) + "` must have dtype " +
                             py::str(dtype).cast<std::string>() + ", got " + dtype_text(array));
    }
    if (!array.writeable()) refuse(name, "must be writeable, got a read-only array");
    require_aligned(array, name);
    memory_range(array, name);
    require_distinct_elements(array, name);
}

}  // namespace

SourceView source_view(const py::array& array, const char* name) {
    require_ndim(array, name, 4);
    SourceView view;
    view.type = scalar_type(array, name);
    require_aligned(array, name);
    view.data = array.data();
    view.item_size = static_cast<std::size_t>(array.itemsize());
    view.shape = {extent(array, 0), extent(array, 1), extent(array, 2), extent(array, 3)};
    memory_range(array, name);
    std::size_t elements = 1;  // of an item, then of all
    for (py::ssize_t axis = 3; axis >= 0; --axis) {
        const std::size_t most = axis > 0 ? kMaxElements : kMaxElements << 12;
        if (extent(array, axis) > most / elements) {
            refuse(name, "is too large, got shape " + shape_text(array));
        }
        elements *= extent(array, axis);
    }
    const py::ssize_t size = array.itemsize();
    view.strides = {array.strides(0) / size, array.strides(1) / size, array.strides(2) / size,
                    array.strides(3) / size};
    return view;
}

void require_real(const py::array& array, const char* name) { scalar_type(array, name); }

template <typename T>
BatchView<T> batch_view(const py::array& array, const char* name, const Shape& shape) {
    require_ndim(array, name, 4);
    const Shape own{extent(array, 0), extent(array, 1), extent(array, 2), extent(array, 3)};
    if (!(own == shape)) {
        refuse(name, "must have shape (" + std::to_string(shape.items) + ", " +
                         std::to_string(shape.channels) + ", " + std::to_string(shape.rows) + ", " +
                         std::to_string(shape.columns) + "), got " + shape_text(array));
    }
    require_writeable(array, name, py::dtype::of<T>());
    constexpr auto size = static_cast<py::ssize_t>(sizeof(T));
    BatchView<T> view;
    // writeable() was checked; mutable_data() would check it again.
    view.data = static_cast<T*>(const_cast<void*>(array.data()));
    view.shape = own;
    view.strides = {array.strides(0) / size, array.strides(1) / size, array.strides(2) / size,
                    array.strides(3) / size};
    return view;
}

template BatchView<float> batch_view(const py::array&, const char*, const Shape&);
template BatchView<double> batch_view(const py::array&, const char*, const Shape&);

PictureView picture_view(const py::array& array, const char* name, const Shape& shape,
                         std::size_t channels) {
    const bool grid = array.ndim() == 5;
    if (!grid) require_ndim(array, name, 4);
    const py::ssize_t row = array.ndim() - 3;  // the axis; columns and channels follow
    const std::size_t columns = grid ? extent(array, 1) : 1;
    const bool holds_items = grid
                                 ? columns > 0 && ceil_div(shape.items, columns) <= extent(array, 0)
                                 : extent(array, 0) == shape.items;
    if (!holds_items || extent(array, row) != shape.rows ||
        extent(array, row + 1) != shape.columns || extent(array, row + 2) != channels) {
        refuse(name, "must hold " + std::to_string(shape.items) + " pictures of " +
                         std::to_string(shape.rows) + " x " + std::to_string(shape.columns) +
                         " pixels and " + std::to_string(channels) + " channels, got shape " +
                         shape_text(array));
    }
    require_writeable(array, name, py::dtype::of<std::uint8_t>());
    const auto pixel = static_cast<py::ssize_t>(channels);
    if (array.strides(row + 2) != 1 ||
        (array.shape(row + 1) > 1 && array.strides(row + 1) != pixel)) {
        refuse(name, "must have the pixels of a row next to each other in memory");
    }
    PictureView view;
    view.data = static_cast<std::uint8_t*>(const_cast<void*>(array.data()));
    view.channels = channels;
    view.row_stride = array.strides(row);
    view.grid_row_stride = array.strides(0);
    if (grid) {
        view.grid_columns = columns;
        view.grid_column_stride = array.strides(1);
    }
    return view;
}

void refuse_overlap(const py::array& input, const char* input_name, const py::array& output,
                    const char* output_name) {
    const Range in = memory_range(input, input_name);
    const Range out = memory_range(output, output_name);
    if (in.begin < out.end && out.begin < in.end) {
        refuse(output_name, "must not share memory with `" + std::string(input_name) + "`");
    }
}

// The stride of an axis of length 1 is never taken, and numpy leaves anything in it.
void require_aligned(const py::array& array, const char* name) {
    const auto address = reinterpret_cast<std::uintptr_t>(array.data());
    const auto size = static_cast<std::uintptr_t>(array.itemsize());
    bool aligned = address % size == 0;
    for (py::ssize_t axis = 0; axis < array.ndim(); ++axis) {
        aligned =
            aligned && (array.shape(axis) == 1 || array.strides(axis) % array.itemsize() == 0);
    }
    if (!aligned) refuse(name, "must be aligned, with strides that are multiples of its item size");
}

bool is_float64(const py::array& array) {
    return array.dtype().kind() == 'f' && array.itemsize() == 8;
}

int checked_threads(int n_threads) {
    if (n_threads < 1) refuse("n_threads", "must be >= 1, got " + std::to_string(n_threads));
    return n_threads;
}

py::object nonfinite_result(const NonFinite& found) {
    if (!found.found()) return py::none();
    return py::make_tuple(found.item, found.count);
}

}  // namespace hotcold
