// Random pictures through the encoder and back, at every level of this machine, with every buffer
// exactly as large as promised so that a sanitizer sees a byte too many. Usage: fuzz_png [pictures]
// [seed]. The first failure is printed with its seed and ends the program.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>

#include "png/checksum.hpp"
#include "png/deflate/deflate.ops.hpp"
#include "png/deflate/huffman.hpp"
#include "png/png.hpp"
#include "runtime/cpu.hpp"
#include "tests/png_reader.hpp"

namespace hotcold::test {
namespace {

void require(bool rule, const char* text) {
    if (!rule) throw std::runtime_error(text);
}

class Random {
  public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}

    // 0 to n - 1.
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(engine_() % n); }
    bool one_in(std::size_t n) { return below(n) == 0; }
    std::uint8_t byte() { return static_cast<std::uint8_t>(engine_() >> 32); }
    // Near small numbers, far from them now and then.
    std::size_t size(std::size_t most) {
        const std::size_t limit = std::min(most, std::size_t{1} << below(18));
        return 1 + below(limit);
    }

  private:
    std::mt19937_64 engine_;
};

// How a run of bytes goes on; mixed within one picture.
void fill_part(Random& random, std::uint8_t* bytes, std::size_t begin, std::size_t end) {
    const std::size_t kind = random.below(6);
    const std::uint8_t base = random.byte();
    const std::size_t spread = std::size_t{1} << random.below(9);
    const std::size_t back = begin == 0 ? 0 : 1 + random.below(std::min<std::size_t>(begin, 40000));
    for (std::size_t i = begin; i < end; ++i) {
        const std::uint8_t before = i == 0 ? std::uint8_t{0} : bytes[i - 1];
        const auto noise = static_cast<std::uint8_t>(random.below(spread));
        switch (kind) {
            case 0:  // flat
                bytes[i] = base;
                break;
            case 1:  // noise of some amplitude
                bytes[i] = static_cast<std::uint8_t>(base + noise);
                break;
            case 2:  // a walk
                bytes[i] = static_cast<std::uint8_t>(before + noise);
                break;
            case 3:  // a repeat of what was there, with faults
                bytes[i] = back == 0 || random.one_in(50) ? noise : bytes[i - back];
                break;
            case 4:  // rare spots
                bytes[i] = random.one_in(30) ? noise : base;
                break;
            default:  // steps that are half as common from one to the next: deep codes
                bytes[i] = before;
                while (random.one_in(2)) ++bytes[i];
        }
    }
}

struct Picture {
    Bytes bytes;
    Bytes palette;
    PngImage image;
};

// The picture's bytes are the last of their buffer, the palette's too.
void make_picture(Random& random, Picture& picture) {
    constexpr std::size_t kChannels[] = {1, 3, 4};
    PngImage& image = picture.image;
    image.channels = kChannels[random.below(3)];
    image.width = random.size(60000);
    image.height = random.size(std::max<std::size_t>(1, 150000 / image.width));
    const std::size_t row = image.width * image.channels;
    const std::size_t gap = random.one_in(3) ? random.below(50) : 0;
    picture.bytes.resize(row * image.height + gap * (image.height - 1));
    for (std::size_t begin = 0; begin < picture.bytes.size();) {
        const std::size_t end = begin + random.size(picture.bytes.size() - begin);
        fill_part(random, picture.bytes.data(), begin, end);
        begin = end;
    }
    const bool reversed = random.one_in(4);
    const auto stride = static_cast<std::ptrdiff_t>(row + gap);
    image.row_stride = reversed ? -stride : stride;
    image.data = picture.bytes.data() +
                 (reversed ? stride * static_cast<std::ptrdiff_t>(image.height - 1) : 0);
    if (image.channels == 4 || random.one_in(2)) return;
    image.palette_entries = image.channels == 1 ? 256 : 1 + random.below(300);
    picture.palette.resize(3 * image.palette_entries);
    fill_part(random, picture.palette.data(), 0, picture.palette.size());
    image.palette = picture.palette.data();
    if (image.channels == 3 && random.one_in(2)) {
        // Only expected colours; rows may be cut by gaps, so pixel by pixel.
        for (std::size_t y = 0; y < image.height; ++y) {
            auto* pixels = const_cast<std::uint8_t*>(image.data) +
                           static_cast<std::ptrdiff_t>(y) * image.row_stride;
            for (std::size_t x = 0; x < image.width; ++x) {
                const std::size_t entry = random.below(image.palette_entries);
                std::memcpy(pixels + 3 * x, image.palette + 3 * entry, 3);
            }
        }
    }
}

Bytes encode(const PngImage& image, const std::vector<PngText>& texts, Compression compression,
             int n_threads) {
    // Not a vector: its capacity could hide a write beyond the bound.
    const std::size_t bound = png_bound(image, texts);
    const std::unique_ptr<std::uint8_t[]> out(new std::uint8_t[bound]);
    const std::size_t size = encode_png(image, texts, compression, out.get(), n_threads);
    require(size <= bound, "a file larger than its bound");
    return Bytes(out.get(), out.get() + size);
}

void check_pixels(const PngImage& image, const ReadPicture& read) {
    require(read.width == image.width && read.height == image.height, "another size");
    const bool became_palette = image.channels == 3 && read.channels == 1;
    require(read.channels == image.channels || became_palette, "another channel count");
    for (std::size_t y = 0; y < image.height; ++y) {
        const std::uint8_t* row = image.data + static_cast<std::ptrdiff_t>(y) * image.row_stride;
        const std::uint8_t* got = read.pixels.data() + y * image.width * read.channels;
        if (!became_palette) {
            require(std::memcmp(row, got, image.width * image.channels) == 0, "other pixels");
            continue;
        }
        for (std::size_t x = 0; x < image.width; ++x) {
            const std::size_t entry = std::size_t{3} * got[x];
            require(entry < read.palette.size(), "an index beyond the palette");
            require(std::memcmp(row + 3 * x, &read.palette[entry], 3) == 0, "other colours");
        }
    }
    if (image.channels == 1 && image.palette != nullptr) {
        const Bytes palette(image.palette, image.palette + 3 * image.palette_entries);
        require(read.palette == palette, "another palette");
    }
}

void check_picture(std::uint64_t seed) {
    Random random(seed);
    Picture picture;
    make_picture(random, picture);
    std::vector<PngText> texts;
    for (std::size_t i = random.below(3); i > 0; --i) {
        texts.push_back({"Key " + std::to_string(i), std::string(random.below(500), 'x')});
        if (random.one_in(2)) texts.back().text += "\xc3\xa9";
    }
    constexpr Compression kAll[] = {Compression::kFast, Compression::kDefault, Compression::kSmall};
    const Compression compression = kAll[random.below(3)];
    Bytes first;
    for (const IsaLevel level : available_isa_levels()) {
        set_isa_level(isa_name(level));
        const Bytes file = encode(picture.image, texts, compression, 1);
        if (first.empty()) first = file;
        require(file == first, "another file at another level");
    }
    require(encode(picture.image, texts, compression, 3) == first,
            "another file with three threads");
    const ReadPicture read = read_png(first.data(), first.size());
    check_pixels(picture.image, read);
    require(read.texts.size() == texts.size(), "texts lost");
    for (std::size_t i = 0; i < texts.size(); ++i) {
        require(read.texts[i].first == texts[i].keyword && read.texts[i].second == texts[i].text,
                "another text");
    }
}

void check_checksums(std::uint64_t seed) {
    Random random(seed);
    Bytes bytes(random.size(20000));
    fill_part(random, bytes.data(), 0, bytes.size());
    if (random.one_in(3)) std::fill(bytes.begin(), bytes.end(), std::uint8_t{255});
    const std::size_t cut = random.below(bytes.size());
    const std::uint32_t crc = slow_crc32(bytes.data(), bytes.size());
    const std::uint32_t adler = slow_adler32(bytes.data(), bytes.size());
    for (const IsaLevel level : available_isa_levels()) {
        set_isa_level(isa_name(level));
        const std::uint8_t* rest = bytes.data() + cut;
        const std::size_t rest_size = bytes.size() - cut;
        require(crc32(crc32(0, bytes.data(), cut), rest, rest_size) == crc, "a wrong CRC-32");
        require(adler32(bytes.data(), bytes.size()) == adler, "a wrong Adler-32");
        require(adler32_combine(adler32(bytes.data(), cut), adler32(rest, rest_size), rest_size) ==
                    adler,
                "wrong combined Adler-32s");
    }
}

void check_counts(std::uint64_t seed) {
    Random random(seed);
    Bytes bytes(random.size(60000));
    // Most are near 0, as residuals are.
    for (std::uint8_t& byte : bytes) {
        const std::size_t far = random.one_in(8) ? 256 : 24;
        byte = static_cast<std::uint8_t>(random.below(far) - far / 2);
    }
    std::uint32_t all[256] = {};
    std::uint32_t estimate[256] = {};
    const auto scale = static_cast<std::uint32_t>(kSampleOf / kSample);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::uint8_t byte = bytes[i];
        ++all[byte];
        const bool near = byte < kNear || byte >= 256 - kNear;
        const bool whole = i / kSampleOf * kSampleOf + kSample <= bytes.size();
        if (!near) ++estimate[byte];
        if (near && whole && i % kSampleOf < kSample) estimate[byte] += scale;
    }
    for (const IsaLevel level : available_isa_levels()) {
        set_isa_level(isa_name(level));
        std::uint32_t counts[256];
        HOTCOLD_SELECT(deflate).count_bytes(bytes.data(), bytes.size(), counts);
        require(std::equal(all, all + 256, counts), "bytes counted wrong");
        HOTCOLD_SELECT(deflate).estimate_bytes(bytes.data(), bytes.size(), counts);
        require(std::equal(estimate, estimate + 256, counts), "bytes estimated wrong");
    }
}

void check_code_lengths(std::uint64_t seed) {
    Random random(seed);
    const std::size_t n = 2 + random.below(kMaxHuffmanSymbols - 1);
    const unsigned limit = n <= 19 ? 7 : 9 + static_cast<unsigned>(random.below(7));
    std::uint32_t counts[kMaxHuffmanSymbols] = {};
    std::size_t used = 0;
    for (std::size_t i = 0; i < n; ++i) {
        counts[i] = random.one_in(3) ? 0 : static_cast<std::uint32_t>(random.size(60000));
        // Doubling counts make a code as deep as it has symbols.
        if (seed % 3 == 0 && i < 24) counts[i] = 1u << i;
        used += counts[i] > 0 ? 1 : 0;
    }
    std::uint8_t lengths[kMaxHuffmanSymbols];
    huffman_lengths(counts, n, limit, lengths);
    std::uint64_t kraft = 0;
    for (std::size_t i = 0; i < n; ++i) {
        require((lengths[i] > 0) == (counts[i] > 0), "a code too many or too few");
        require(lengths[i] <= limit, "a code beyond the limit");
        kraft += lengths[i] > 0 ? std::uint64_t{1} << (limit - lengths[i]) : 0;
        for (std::size_t k = 0; k < i; ++k) {
            require(counts[k] <= counts[i] || lengths[i] == 0 || lengths[k] <= lengths[i],
                    "a longer code for a commoner symbol");
        }
    }
    require(used < 2 || kraft == std::uint64_t{1} << limit, "an incomplete code");
}

}  // namespace
}  // namespace hotcold::test

int main(int argc, char** argv) {
    using namespace hotcold::test;
    const std::uint64_t pictures = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 400;
    const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
    for (std::uint64_t seed = first; seed < first + pictures; ++seed) {
        try {
            check_checksums(seed);
            check_counts(seed);
            check_code_lengths(seed);
            check_picture(seed);
        } catch (const std::exception& error) {
            std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), error.what());
            return 1;
        }
    }
    std::printf("%llu pictures read back\n", static_cast<unsigned long long>(pictures));
    return 0;
}
