#include "bindings/png_files.hpp"

#include <chrono>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "bindings/numpy_view.hpp"
#include "bindings/without_gil.hpp"

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

// Largest index in the picture; a file may not refer to a palette entry that it lacks.
std::size_t largest_index(const PngImage& image) {
    std::uint8_t largest = 0;
    for (std::size_t y = 0; y < image.height; ++y) {
        if (y % 256 == 255) check_interrupt();
        const std::uint8_t* row = image.data + static_cast<std::ptrdiff_t>(y) * image.row_stride;
        for (std::size_t x = 0; x < image.width; ++x) largest = row[x] > largest ? row[x] : largest;
    }
    return largest;
}

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

}  // namespace

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

std::vector<PngText> checked_texts(const Texts& text) {
    std::vector<PngText> texts;
    texts.reserve(text.size());
    for (const auto& [keyword, value] : text) {
        texts.push_back({keyword, value, keyword == kItemKeyword});
        check_text(texts.back());
    }
    return texts;
}

PngImage image_view(const py::array& picture) {
    require_uint8(picture, "picture");
    const py::ssize_t ndim = picture.ndim();
    const py::ssize_t channels = ndim == 3 ? picture.shape(2) : 1;
    const bool shaped =
        (ndim == 2 || ndim == 3) && (channels == 1 || channels == 3 || channels == 4);
    constexpr py::ssize_t kMax = std::numeric_limits<std::int32_t>::max();
    // By axes: the size of a broadcast array may overflow.
    const auto fits = [](py::ssize_t extent) { return extent >= 1 && extent <= kMax; };
    if (!shaped || !fits(picture.shape(0)) || !fits(picture.shape(1)) ||
        picture.shape(0) * picture.shape(1) > static_cast<py::ssize_t>(kMaxElements)) {
        refuse(
            "`picture` must have shape (H, W) or (H, W, C) with C of 1, 3 or 4, no larger "
            "than memory and not empty, got " +
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
        const std::size_t largest = without_gil([&] { return largest_index(image); });
        if (largest >= image.palette_entries) {
            refuse("`picture` must hold indices below the palette's " +
                   std::to_string(image.palette_entries) + " entries, got " +
                   std::to_string(largest));
        }
    }
}

void raise(const FileError& error) {
    const py::object raised =
        py::handle(PyExc_OSError)(error.code, std::strerror(error.code), os_path(error.path),
                                  py::none(), os_path(error.target));
    PyErr_SetObject(py::type::handle_of(raised).ptr(), raised.ptr());
    throw py::error_already_set();
}

PngFiles::PngFiles(const py::bytes& folder, const std::vector<FileNames>& names,
                   std::size_t n_pictures, const Texts& text, Compression compression,
                   int n_threads)
    : path_(checked_name(folder)),
      texts_(checked_texts(text)),
      compression_(compression),
      n_threads_(checked_threads(n_threads)) {
    if (names.size() != n_pictures) {
        refuse("`names` must hold the names of " + std::to_string(n_pictures) + " pictures, got " +
               std::to_string(names.size()));
    }
    names_.reserve(names.size());
    for (const auto& [temporary, name] : names) {
        names_.emplace_back(checked_name(temporary), checked_name(name));
    }
}

void PngFiles::open(const PngImage& like, std::size_t most_own_text) {
    folder_.emplace(path_);
    if (most_own_text != 0) {
        texts_.push_back({kItemKeyword, std::string(most_own_text, ' '), true});
    }
    file_ = take_pooled(png_bound(like, texts_));
}

void PngFiles::put(std::size_t i, const PngImage& image, std::string own_text) {
    if (!own_text.empty()) texts_.back().text = std::move(own_text);
    auto* file = static_cast<std::uint8_t*>(file_.get());
    Lap lap;
    const std::size_t size = encode_png(image, texts_, compression_, file, n_threads_);
    encode_seconds_ += lap.seconds();
    folder_->put(names_[i].first, names_[i].second, file, size);
    write_seconds_ += lap.seconds();
    n_bytes_ += size;
}

}  // namespace hotcold
