#include <pybind11/stl.h>

#include <chrono>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bindings/bind.hpp"
#include "bindings/numpy_view.hpp"
#include "kernels/png/png.hpp"
#include "runtime/folder.hpp"

namespace py = pybind11;

namespace hotcold {
namespace {

[[noreturn]] void refuse(const std::string& message) { throw std::invalid_argument(message); }

void require_uint8(const py::array& array, const char* name) {
    if (array.dtype().kind() != 'u' || array.itemsize() != 1) {
        throw py::type_error("`" + std::string(name) + "` must have dtype uint8, got " +
                             py::str(array.dtype()).cast<std::string>());
    }
}

PngImage image_view(const py::array& picture) {
    require_uint8(picture, "picture");
    const py::ssize_t ndim = picture.ndim();
    const py::ssize_t channels = ndim == 3 ? picture.shape(2) : 1;
    const bool shaped = (ndim == 2 || ndim == 3) && picture.size() > 0 &&
                        (channels == 1 || channels == 3 || channels == 4);
    constexpr py::ssize_t kMost = std::numeric_limits<std::int32_t>::max();
    if (!shaped || picture.shape(0) > kMost || picture.shape(1) > kMost) {
        refuse(
            "`picture` must have shape (H, W) or (H, W, C) with C of 1, 3 or 4, not empty, got " +
            py::str(picture.attr("shape")).cast<std::string>());
    }
    if ((channels > 1 && picture.strides(2) != 1) ||
        (picture.shape(1) > 1 && picture.strides(1) != channels)) {
        refuse(
            "`picture` must have the pixels of a row next to each other in memory; pass "
            "numpy.ascontiguousarray(picture)");
    }
    PngImage image;
    image.data = static_cast<const std::uint8_t*>(picture.data());
    image.row_stride = picture.strides(0);
    image.height = static_cast<std::size_t>(picture.shape(0));
    image.width = static_cast<std::size_t>(picture.shape(1));
    image.channels = static_cast<std::size_t>(channels);
    return image;
}

// Largest index in the picture; a file may not refer to a palette entry that it lacks.
std::size_t largest_index(const PngImage& image) {
    std::uint8_t largest = 0;
    for (std::size_t y = 0; y < image.height; ++y) {
        const std::uint8_t* row = image.data + static_cast<std::ptrdiff_t>(y) * image.row_stride;
        for (std::size_t x = 0; x < image.width; ++x) largest = row[x] > largest ? row[x] : largest;
    }
    return largest;
}

void set_palette(const py::array& palette, PngImage& image) {
    require_uint8(palette, "palette");
    const std::size_t most = image.channels == 1 ? 256 : kMaxExpectedColors;
    if (image.channels == 4) refuse("`palette` must be None for a picture with four channels");
    if (palette.ndim() != 2 || palette.shape(1) != 3 || palette.shape(0) < 1 ||
        static_cast<std::size_t>(palette.shape(0)) > most) {
        refuse("`palette` must have shape (n, 3) with n from 1 to " + std::to_string(most) +
               ", got " + py::str(palette.attr("shape")).cast<std::string>());
    }
    if (palette.strides(1) != 1 || (palette.shape(0) > 1 && palette.strides(0) != 3)) {
        refuse("`palette` must be C-contiguous; pass numpy.ascontiguousarray(palette)");
    }
    image.palette = static_cast<const std::uint8_t*>(palette.data());
    image.palette_entries = static_cast<std::size_t>(palette.shape(0));
    if (image.channels == 1 && image.palette_entries < 256) {
        const std::size_t largest = largest_index(image);
        if (largest >= image.palette_entries) {
            refuse("`picture` must hold indices below the palette's " +
                   std::to_string(image.palette_entries) + " entries, got " +
                   std::to_string(largest));
        }
    }
}

void check_text(const PngText& text) {
    const std::string& key = text.keyword;
    bool good = !key.empty() && key.size() < 80 && key.front() != ' ' && key.back() != ' ' &&
                key.find("  ") == std::string::npos;
    for (const char c : key) good = good && c >= ' ' && c <= '~';
    if (!good) {
        refuse(
            "`text` must have keywords of 1 to 79 printable ASCII characters without leading, "
            "trailing or doubled spaces, got '" +
            key + "'");
    }
    if (text.text.find('\0') != std::string::npos || text.text.size() > (std::size_t{1} << 30)) {
        refuse("`text` must hold no NUL character and at most 1 GiB, got so under '" + key + "'");
    }
}

using Texts = std::vector<std::pair<std::string, std::string>>;

std::vector<PngText> checked_texts(const Texts& text) {
    std::vector<PngText> texts;
    texts.reserve(text.size());
    for (const auto& [keyword, value] : text) {
        texts.push_back({keyword, value});
        check_text(texts.back());
    }
    return texts;
}

py::bytes encode(const py::array& picture, const std::optional<py::array>& palette,
                 const Texts& text, bool thorough, int n_threads) {
    PngImage image = image_view(picture);
    if (palette) set_palette(*palette, image);
    const std::vector<PngText> texts = checked_texts(text);
    checked_threads(n_threads);
    PyObject* file =
        PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(png_bound(image, texts)));
    if (file == nullptr) throw py::error_already_set();
    auto owned = py::reinterpret_steal<py::object>(file);
    auto* out = reinterpret_cast<std::uint8_t*>(PyBytes_AS_STRING(file));
    std::size_t size = 0;
    {
        // Nobody else knows the new object yet, and no Python object is touched until the file is
        // complete.
        const py::gil_scoped_release release;
        size =
            encode_png(image, texts, thorough ? Effort::kThorough : Effort::kFast, out, n_threads);
    }
    file = owned.release().ptr();
    if (_PyBytes_Resize(&file, static_cast<Py_ssize_t>(size)) != 0) throw py::error_already_set();
    return py::reinterpret_steal<py::bytes>(file);
}

// A file's temporary name and its own, as the system has them.
using FileNames = std::pair<py::bytes, py::bytes>;

std::string checked_name(const py::bytes& name) {
    std::string text = name;
    if (text.find('\0') != std::string::npos) refuse("embedded null byte");
    return text;
}

py::object os_path(const std::string& path) {
    if (path.empty()) return py::none();
    PyObject* text =
        PyUnicode_DecodeFSDefaultAndSize(path.data(), static_cast<Py_ssize_t>(path.size()));
    if (text == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(text);
}

// What Python's own functions raise: OSError, of the class that belongs to the errno.
[[noreturn]] void raise(const FileError& error) {
    const py::object raised =
        py::handle(PyExc_OSError)(error.code, std::strerror(error.code), os_path(error.path),
                                  py::none(), os_path(error.target));
    PyErr_SetObject(py::type::handle_of(raised).ptr(), raised.ptr());
    throw py::error_already_set();
}

class Lap {
  public:
    double seconds() {
        const auto now = std::chrono::steady_clock::now();
        const std::chrono::duration<double> passed = now - mark_;
        mark_ = now;
        return passed.count();
    }

  private:
    std::chrono::steady_clock::time_point mark_ = std::chrono::steady_clock::now();
};

// The pictures of a batch (N, H, W, 3 or 4), all as its first is but for where they lie.
std::vector<PngImage> image_views(const py::array& pictures,
                                  const std::optional<py::array>& palette) {
    if (pictures.ndim() != 4 || pictures.shape(0) == 0 || pictures.shape(3) == 1) {
        refuse("`pictures` must have shape (N, H, W, C) with C of 3 or 4, not empty, got " +
               py::str(pictures.attr("shape")).cast<std::string>());
    }
    PngImage image = image_view(pictures[py::int_(0)]);
    if (palette) set_palette(*palette, image);
    std::vector<PngImage> images(static_cast<std::size_t>(pictures.shape(0)), image);
    for (std::size_t i = 0; i < images.size(); ++i) {
        images[i].data += static_cast<std::ptrdiff_t>(i) * pictures.strides(0);
    }
    return images;
}

py::tuple write(const py::array& pictures, const std::optional<py::array>& palette,
                const Texts& text, bool thorough, int n_threads, const py::bytes& folder,
                const std::vector<FileNames>& names) {
    const std::vector<PngImage> images = image_views(pictures, palette);
    const std::vector<PngText> texts = checked_texts(text);
    checked_threads(n_threads);
    if (names.size() != images.size()) {
        refuse("`names` must hold the names of " + std::to_string(images.size()) +
               " pictures, got " + std::to_string(names.size()));
    }
    const std::string path = checked_name(folder);
    std::vector<std::pair<std::string, std::string>> files;
    for (const auto& [temporary, name] : names) {
        files.emplace_back(checked_name(temporary), checked_name(name));
    }
    const std::size_t room = png_bound(images.front(), texts);
    const Effort effort = thorough ? Effort::kThorough : Effort::kFast;
    std::size_t n_bytes = 0;
    double encode_seconds = 0.0;
    double write_seconds = 0.0;
    try {
        // The caller's references keep pictures and palette alive; no Python object is touched.
        const py::gil_scoped_release release;
        Lap lap;
        const Folder target(path);
        const std::unique_ptr<std::uint8_t[]> file(new std::uint8_t[room]);
        for (std::size_t i = 0; i < images.size(); ++i) {
            const std::size_t size = encode_png(images[i], texts, effort, file.get(), n_threads);
            encode_seconds += lap.seconds();
            target.put(files[i].first, files[i].second, file.get(), size);
            write_seconds += lap.seconds();
            n_bytes += size;
        }
    } catch (const FileError& error) {
        raise(error);
    }
    return py::make_tuple(n_bytes, encode_seconds, write_seconds);
}

}  // namespace

void bind_png(py::module_& m) {
    m.def(
        "encode_png", &encode,
        "The bytes of a PNG file. A palette gives meaning to (H, W) indices, or lists the colours "
        "to expect in an (H, W, 3) picture.",
        py::arg("picture").noconvert(), py::arg("palette").none(true), py::arg("text"),
        py::arg("thorough"), py::arg("n_threads"));
    m.def(
        "write_png", &write,
        "Encodes pictures and puts each into a folder, whole or not at all. `names` are (temporary "
        "name, name) as bytes. Returns (bytes, seconds of encoding, seconds of writing).",
        py::arg("pictures").noconvert(), py::arg("palette").none(true), py::arg("text"),
        py::arg("thorough"), py::arg("n_threads"), py::arg("folder"), py::arg("names"));
}

}  // namespace hotcold
