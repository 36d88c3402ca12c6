// What the functions that make PNG files have in common: checks of their arguments, and a folder
// that takes one picture after the other.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "png/png.hpp"
#include "runtime/buffers.hpp"
#include "runtime/folder.hpp"

namespace hotcold {

using Texts = std::vector<std::pair<std::string, std::string>>;
// A file's temporary name and its own, as the system has them.
using FileNames = std::pair<pybind11::bytes, pybind11::bytes>;

// The chunk with what a file says of its item, for programs to read.
constexpr const char* kItemKeyword = "hotcold";

// std::invalid_argument for what a text chunk cannot hold.
std::vector<PngText> checked_texts(const Texts& text);
void check_text(const PngText& text);

// The view of a picture (H, W) or (H, W, C), and the colours or the palette added to one.
PngImage image_view(const pybind11::array& picture);
void set_palette(const pybind11::array& palette, PngImage& image);

// What Python's own functions raise: OSError, of the class that belongs to the errno.
[[noreturn]] void raise(const FileError& error);

// The files of one call.
class PngFiles {
  public:
    // With the GIL: checks everything.
    PngFiles(const pybind11::bytes& folder, const std::vector<FileNames>& names,
             std::size_t n_pictures, const Texts& text, Compression compression, int n_threads);

    // Without it. Opens the folder and makes room for pictures of this size, and for as much text
    // of their own; once, before put().
    void open(const PngImage& like, std::size_t most_own_text = 0);
    // Encodes picture i and writes its file, with the text of its own if there is room for some.
    // These throw FileError.
    void put(std::size_t i, const PngImage& image, std::string own_text = {});

    std::size_t n_bytes() const { return n_bytes_; }
    double encode_seconds() const { return encode_seconds_; }
    double write_seconds() const { return write_seconds_; }

  private:
    std::string path_;
    std::vector<std::pair<std::string, std::string>> names_;
    std::vector<PngText> texts_;
    Compression compression_;
    int n_threads_;
    std::optional<Folder> folder_;
    PooledMemory file_;
    std::size_t n_bytes_ = 0;
    double encode_seconds_ = 0.0;
    double write_seconds_ = 0.0;
};

}  // namespace hotcold
