// Pictures from the attributions to their files, one item at a time: rendered, encoded and written
// while it is in the caches.
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bindings/bind.hpp"
#include "bindings/names.hpp"
#include "bindings/numpy_view.hpp"
#include "bindings/png_files.hpp"
#include "bindings/render/item_text.hpp"
#include "bindings/render/render_inputs.hpp"
#include "bindings/without_gil.hpp"
#include "kernels/render/painter.hpp"
#include "png/entries.hpp"

namespace py = pybind11;

namespace hotcold {
namespace {

// The picture of an item, still without its pixels.
PngImage blank_picture(const RenderInputs& inputs, const std::optional<py::array>& palette) {
    constexpr std::size_t kMax = std::numeric_limits<std::int32_t>::max();
    if (inputs.map_shape.rows > kMax || inputs.map_shape.columns > kMax) {
        throw std::invalid_argument("a PNG picture has at most 2147483647 rows and columns");
    }
    PngImage image;
    image.height = inputs.map_shape.rows;
    image.width = inputs.map_shape.columns;
    image.channels = inputs.channels;
    image.row_stride = static_cast<std::ptrdiff_t>(image.width * image.channels);
    if (palette) set_palette(*palette, image);
    return image;
}

// The palette of pictures that are made of a table's entries, where their colours are expected.
std::optional<EntryPalette> entry_palette(const RenderPlan& plan, const PngImage& image) {
    const std::size_t n = plan.table.entries();
    if (!plan.has_table_colors_alone() || image.palette == nullptr || n > 256 ||
        image.channels != 3) {
        return std::nullopt;
    }
    const ColorPlanes table = plan.table.planes();
    std::array<std::uint8_t, 3 * 256> colors;
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t c = 0; c < 3; ++c) colors[3 * i + c] = table.bytes[c * table.stride + i];
    }
    return EntryPalette(colors.data(), n);
}

// What the files say of their items: all that is known before these are rendered, as JSON objects
// that lack their end. None where files say nothing.
struct ItemTexts {
    ItemTexts(std::vector<std::string> begun, ClipTold told, std::size_t n_items)
        : objects(std::move(begun)), clip(told) {
        if (objects.empty()) return;
        if (objects.size() != n_items) {
            throw std::invalid_argument("`objects` must be the texts of " +
                                        std::to_string(n_items) + " items, got " +
                                        std::to_string(objects.size()));
        }
        extents.resize(n_items);
        for (const std::string& object : objects) {
            check_text({kItemKeyword, object, true});
            longest = std::max(longest, object.size());
        }
    }

    std::string of(const RenderPlan& plan, std::size_t item, std::size_t planes) const {
        if (objects.empty()) return {};
        return objects[item] + "," + item_numbers(plan, extents[item], planes, clip) + "}";
    }

    // Room for the numbers: four of at most 24 characters, and their names.
    std::size_t most() const { return objects.empty() ? 0 : longest + 160; }
    // Where to put what is measured; null where nothing is told of it.
    ItemExtents* extents_if_told(const RenderPlan& plan, std::size_t planes) {
        const bool told = clip != ClipTold::kNone || plan.painter->has_value_colors(plan, planes);
        return objects.empty() || !told ? nullptr : extents.data();
    }

    std::vector<std::string> objects;
    ClipTold clip;
    std::vector<ItemExtents> extents;
    std::size_t longest = 0;
};

template <typename T>
py::tuple run(const RenderPlan& plan, const RenderInputs& inputs, PngImage image, PngFiles& files,
              ItemTexts& texts, bool stop_at_fault, int n_threads) {
    std::optional<EntryPalette> entries = entry_palette(plan, image);
    const std::size_t channels = entries ? 1 : image.channels;
    std::vector<RenderFault> faults;
    const auto render_all = [&] {
        const PooledMemory memory = take_pooled(image.height * image.width * channels);
        auto* pixels = static_cast<std::uint8_t*>(memory.get());
        image.data = pixels;
        files.open(image, texts.most());
        const auto done = [&](std::size_t item, const RenderFault& fault) {
            if (fault.found()) {
                faults.push_back(fault);
                return !stop_at_fault;
            }
            files.put(item, entries ? entries->indexed(image, pixels) : image,
                      texts.of(plan, item, inputs.map_shape.channels));
            return true;
        };
        render_each<T>(plan, inputs.map, inputs.image_if_any(), pixels, channels, done, n_threads,
                       texts.extents_if_told(plan, inputs.map_shape.channels));
    };
    try {
        // The caller's references keep the arrays alive.
        without_gil(render_all);
    } catch (const FileError& error) {
        raise(error);
    }
    py::list messages;
    for (const RenderFault& fault : faults) messages.append(fault_message(fault));
    return py::make_tuple(files.n_bytes(), files.encode_seconds(), files.write_seconds(), messages);
}

py::tuple render_png(const py::object& plan_object, const py::array& attributions,
                     const std::optional<py::array>& image, const std::optional<py::array>& palette,
                     const Texts& text, const std::string& compression, int n_threads,
                     const py::bytes& folder, const std::vector<FileNames>& names,
                     bool stop_at_fault, std::vector<std::string> objects,
                     const std::string& clip) {
    const RenderPlan& plan = checked_plan(plan_object);
    const RenderInputs inputs = render_inputs(plan, attributions, image);
    const PngImage picture = blank_picture(inputs, palette);
    PngFiles files(folder, names, inputs.map.shape.items, text, compression_from_name(compression),
                   n_threads);
    ItemTexts texts(std::move(objects), clip_told_from_name(clip), inputs.map.shape.items);
    return computes_in_double(attributions, image)
               ? run<double>(plan, inputs, picture, files, texts, stop_at_fault, n_threads)
               : run<float>(plan, inputs, picture, files, texts, stop_at_fault, n_threads);
}

}  // namespace

void bind_render_png(py::module_& m) {
    m.def(
        "render_png", &render_png,
        "Renders items and puts the picture of each into a folder, as `render` and `write_png` "
        "would. Returns (bytes, seconds of encoding, seconds of writing, faults), a fault "
        "for each item without a file. `objects`, if not empty, are a JSON object an item without "
        "its end: a text chunk of the file, with the item's limits added and as `clip` says "
        "('', 'ends' or 'magnitude') where its map was clipped.",
        py::arg("plan"), py::arg("attributions").noconvert(), py::arg("image").noconvert(),
        py::arg("palette").none(true), py::arg("text"), py::arg("compression"),
        py::arg("n_threads"), py::arg("folder"), py::arg("names"), py::arg("stop_at_fault"),
        py::arg("objects") = std::vector<std::string>(), py::arg("clip") = "");
}

}  // namespace hotcold
