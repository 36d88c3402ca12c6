#include <cstdint>
#include <stdexcept>
#include <string>

#include "bindings/bind.hpp"
#include "bindings/numpy_view.hpp"
#include "bindings/without_gil.hpp"
#include "kernels/paint/cam_overlay.hpp"

namespace py = pybind11;

namespace hotcold {
namespace {

template <typename T>
void require_packed(const py::array& array, const char* name, const char* dtype) {
    if (!py::dtype::of<T>().equal(array.dtype())) {
        throw py::type_error("`" + std::string(name) + "` must be " + dtype);
    }
    const bool packed = (array.flags() & py::array::c_style) != 0;
    if (!packed || reinterpret_cast<std::uintptr_t>(array.data()) % alignof(T) != 0) {
        throw std::invalid_argument("`" + std::string(name) + "` must be C-contiguous");
    }
}

void require_shape(bool fits, const char* name, const char* shape) {
    if (!fits) {
        throw std::invalid_argument("`" + std::string(name) + "` must have shape " + shape);
    }
}

bool cam_overlay_into(const py::array& image, const py::array& map, const py::array& table,
                      double weight, double slack, const py::array& out) {
    require_packed<float>(image, "image", "float32");
    require_packed<float>(map, "map", "float32");
    require_packed<float>(table, "table", "float32");
    require_packed<std::uint8_t>(out, "out", "uint8");
    require_shape(map.ndim() == 2 && map.size() > 0, "map", "(H, W), not empty");
    const auto is_picture = [&](const py::array& a) {
        return a.ndim() == 3 && a.shape(0) == map.shape(0) && a.shape(1) == map.shape(1) &&
               a.shape(2) == 3;
    };
    require_shape(is_picture(image), "image", "(H, W, 3) of the map's H and W");
    require_shape(is_picture(out), "out", "(H, W, 3) of the map's H and W");
    require_shape(
        table.ndim() == 2 && table.shape(0) == py::ssize_t{kCamEntries} && table.shape(1) == 4,
        "table", "(256, 4)");
    if (!out.writeable()) throw std::invalid_argument("`out` must be writeable");
    refuse_overlap(image, "image", out, "out");
    refuse_overlap(map, "map", out, "out");
    refuse_overlap(table, "table", out, "out");
    const CamOverlay in{static_cast<const float*>(image.data()),
                        static_cast<const float*>(map.data()),
                        static_cast<std::size_t>(map.size()),
                        static_cast<const float*>(table.data()),
                        static_cast<float>(weight),
                        static_cast<float>(slack)};
    auto* const bytes = static_cast<std::uint8_t*>(const_cast<void*>(out.data()));
    return without_gil([&] { return cam_overlay(in, bytes); });
}

}  // namespace

void bind_cam_overlay(py::module_& m) {
    m.def("cam_overlay", &cam_overlay_into, "See hotcold.compat.show_cam_on_image.",
          py::arg("image").noconvert(), py::arg("map").noconvert(), py::arg("table").noconvert(),
          py::arg("weight"), py::arg("slack"), py::arg("out").noconvert());
}

}  // namespace hotcold
