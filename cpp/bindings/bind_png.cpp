#include <pybind11/stl.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "bindings/bind.hpp"
#include "bindings/names.hpp"
#include "bindings/numpy_view.hpp"
#include "bindings/png_files.hpp"
#include "bindings/without_gil.hpp"
#include "png/strip.hpp"
#include "runtime/buffers.hpp"

namespace py = pybind11;

namespace hotcold {
namespace {

py::bytes encode(const py::array& picture, const std::optional<py::array>& palette,
                 const Texts& text, const std::string& compression, int n_threads) {
    const Compression level = compression_from_name(compression);
    PngImage image = image_view(picture);
    if (palette) set_palette(*palette, image);
    const std::vector<PngText> texts = checked_texts(text);
    checked_threads(n_threads);
    PooledMemory file;
    const std::size_t size = without_gil([&] {
        // Into memory that is used again: bytes as large as a file can be are fresh pages each
        // time, and faults for each (a tenth of the time, measured 2026-11).
        file = take_pooled(png_bound(image, texts));
        return encode_png(image, texts, level, static_cast<std::uint8_t*>(file.get()), n_threads);
    });
    return py::bytes(static_cast<const char*>(file.get()), size);
}

py::bytes encode_pixels(const py::array& picture, const std::string& compression, int n_threads) {
    const Compression level = compression_from_name(compression);
    const PngImage image = image_view(picture);
    checked_threads(n_threads);
    PooledMemory strip;
    const std::size_t size = without_gil([&] {
        strip = take_pooled(strip_bound(image));
        return encode_strip(image, level, static_cast<std::uint8_t*>(strip.get()), n_threads);
    });
    return py::bytes(static_cast<const char*>(strip.get()), size);
}

// The pictures of a batch (N, H, W, 3 or 4), all as its first is but for where they lie.
std::vector<PngImage> image_views(const py::array& pictures,
                                  const std::optional<py::array>& palette, std::size_t n_names) {
    if (pictures.ndim() != 4 || pictures.shape(0) == 0 || pictures.shape(3) == 1) {
        throw std::invalid_argument(
            "`pictures` must have shape (N, H, W, C) with C of 3 or 4, not empty, got " +
            py::str(pictures.attr("shape")).cast<std::string>());
    }
    PngImage image = image_view(pictures[py::int_(0)]);
    if (palette) set_palette(*palette, image);
    if (n_names != static_cast<std::size_t>(pictures.shape(0))) {
        throw std::invalid_argument("`names` must hold the names of " +
                                    std::to_string(pictures.shape(0)) + " pictures, got " +
                                    std::to_string(n_names));
    }
    std::vector<PngImage> images(static_cast<std::size_t>(pictures.shape(0)), image);
    for (std::size_t i = 0; i < images.size(); ++i) {
        images[i].data += static_cast<std::ptrdiff_t>(i) * pictures.strides(0);
    }
    return images;
}

py::tuple write(const py::array& pictures, const std::optional<py::array>& palette,
                const Texts& text, const std::string& compression, int n_threads,
                const py::bytes& folder, const std::vector<FileNames>& names) {
    const std::vector<PngImage> images = image_views(pictures, palette, names.size());
    PngFiles files(folder, names, images.size(), text, compression_from_name(compression),
                   n_threads);
    try {
        // The caller's references keep pictures and palette alive.
        without_gil([&] {
            files.open(images.front());
            for (std::size_t i = 0; i < images.size(); ++i) files.put(i, images[i]);
        });
    } catch (const FileError& error) {
        raise(error);
    }
    return py::make_tuple(files.n_bytes(), files.encode_seconds(), files.write_seconds());
}

}  // namespace

void bind_png(py::module_& m) {
    m.def(
        "encode_png", &encode,
        "The bytes of a PNG file. A palette gives meaning to (H, W) indices, or lists the colours "
        "to expect in an (H, W, 3) picture.",
        py::arg("picture").noconvert(), py::arg("palette").none(true), py::arg("text"),
        py::arg("compression"), py::arg("n_threads"));
    m.def("encode_strip", &encode_pixels,
          "The one strip of a TIFF file: a zlib stream of differences along rows.",
          py::arg("picture").noconvert(), py::arg("compression"), py::arg("n_threads"));
    m.def(
        "write_png", &write,
        "Encodes pictures and puts each into a folder, whole or not at all. `names` are (temporary "
        "name, name) as bytes. Returns (bytes, seconds of encoding, seconds of writing).",
        py::arg("pictures").noconvert(), py::arg("palette").none(true), py::arg("text"),
        py::arg("compression"), py::arg("n_threads"), py::arg("folder"), py::arg("names"));
}

}  // namespace hotcold
