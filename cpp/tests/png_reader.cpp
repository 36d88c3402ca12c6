#include "tests/png_reader.hpp"

#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace hotcold::test {
namespace {

void require(bool rule, const char* text) {
    if (!rule) throw std::runtime_error(text);
}

// --- DEFLATE (RFC 1951)
// ---------------------------------------------------------------------------

class BitReader {
  public:
    BitReader(const std::uint8_t* data, std::size_t size) : data_(data), bits_(8 * size) {}

    unsigned bits(unsigned count) {
        unsigned value = 0;
        for (unsigned i = 0; i < count; ++i) value |= bit() << i;
        return value;
    }
    unsigned bit() {
        require(place_ < bits_, "the compressed data ends early");
        const unsigned value = (data_[place_ / 8] >> (place_ % 8)) & 1u;
        ++place_;
        return value;
    }
    void align() { place_ = (place_ + 7) / 8 * 8; }
    std::size_t bytes_read() const { return (place_ + 7) / 8; }

  private:
    const std::uint8_t* data_;
    std::size_t bits_;
    std::size_t place_ = 0;
};

// A canonical code, read bit by bit.
class Code {
  public:
    // may_be_single: one code of one bit is allowed, as for distances.
    Code(const std::uint8_t* lengths, std::size_t n, bool may_be_single) {
        std::uint32_t kraft = 0;
        for (unsigned length = 1; length <= 15; ++length) {
            for (std::size_t symbol = 0; symbol < n; ++symbol) {
                require(lengths[symbol] <= 15, "a code longer than 15 bits");
                if (lengths[symbol] != length) continue;
                symbols_.push_back(static_cast<unsigned>(symbol));
                ++count_[length];
                kraft += 32768u >> length;
            }
        }
        const bool single = may_be_single && symbols_.size() == 1 && kraft == 16384;
        require(kraft == 32768 || single, "an over-full or incomplete code");
    }

    // Codes of one length are consecutive numbers, given to the symbols in order.
    unsigned read(BitReader& reader) const {
        std::uint32_t code = 0;
        std::uint32_t first = 0;
        std::size_t before = 0;
        for (unsigned length = 1; length <= 15; ++length) {
            code = code << 1 | reader.bit();
            if (code - first < count_[length]) return symbols_[before + code - first];
            before += count_[length];
            first = (first + count_[length]) << 1;
        }
        throw std::runtime_error("a code that nothing has");
    }

  private:
    std::vector<unsigned> symbols_;  // by length, then by number
    std::uint32_t count_[16] = {};
};

constexpr unsigned kLengthBase[29] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                      15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                      67, 83, 99, 115, 131, 163, 195, 227, 258};
constexpr unsigned kLengthExtra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                       2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
constexpr unsigned kDistanceBase[30] = {
    1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
    193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
constexpr unsigned kDistanceExtra[30] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                         6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

void read_symbols(BitReader& reader, const Code& literals, const Code& distances, Bytes& out) {
    while (true) {
        const unsigned symbol = literals.read(reader);
        if (symbol < 256) {
            out.push_back(static_cast<std::uint8_t>(symbol));
            continue;
        }
        if (symbol == 256) return;
        require(symbol < 286, "a length symbol that is not used");
        unsigned length = kLengthBase[symbol - 257];
        length += reader.bits(kLengthExtra[symbol - 257]);
        const unsigned far = distances.read(reader);
        require(far < 30, "a distance symbol that is not used");
        const std::size_t distance = kDistanceBase[far] + reader.bits(kDistanceExtra[far]);
        require(distance <= out.size(), "a match that begins before the data");
        for (unsigned i = 0; i < length; ++i) out.push_back(out[out.size() - distance]);
    }
}

void read_stored(BitReader& reader, Bytes& out) {
    reader.align();
    const unsigned length = reader.bits(16);
    require(reader.bits(16) == (length ^ 0xffffu), "a stored block whose lengths disagree");
    for (unsigned i = 0; i < length; ++i) out.push_back(static_cast<std::uint8_t>(reader.bits(8)));
}

void read_fixed(BitReader& reader, Bytes& out) {
    std::uint8_t lengths[288];
    for (int i = 0; i < 288; ++i) {
        lengths[i] = static_cast<std::uint8_t>(i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8);
    }
    std::uint8_t distances[32];
    std::memset(distances, 5, sizeof(distances));
    read_symbols(reader, Code(lengths, 288, false), Code(distances, 32, false), out);
}

void read_dynamic(BitReader& reader, Bytes& out) {
    constexpr int kOrder[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    const std::size_t literals = reader.bits(5) + 257u;
    const std::size_t distances = reader.bits(5) + 1u;
    const unsigned sent = reader.bits(4) + 4;
    require(literals <= 286 && distances <= 30, "too many codes");
    std::uint8_t first[19] = {};
    for (unsigned i = 0; i < sent; ++i)
        first[kOrder[i]] = static_cast<std::uint8_t>(reader.bits(3));
    const Code code(first, 19, false);
    Bytes lengths;
    while (lengths.size() < literals + distances) {
        const unsigned symbol = code.read(reader);
        require(symbol != 16 || !lengths.empty(), "a repeated length with none before it");
        const std::uint8_t value = symbol < 16    ? static_cast<std::uint8_t>(symbol)
                                   : symbol == 16 ? lengths.back()
                                                  : std::uint8_t{0};
        const unsigned times = symbol < 16    ? 1
                               : symbol == 16 ? 3 + reader.bits(2)
                               : symbol == 17 ? 3 + reader.bits(3)
                                              : 11 + reader.bits(7);
        lengths.insert(lengths.end(), times, value);
    }
    require(lengths.size() == literals + distances, "code lengths that run over");
    require(lengths[256] != 0, "a block without an end");
    read_symbols(reader, Code(lengths.data(), literals, false),
                 Code(lengths.data() + literals, distances, true), out);
}

Bytes inflate_zlib(const Bytes& stream) {
    require(stream.size() >= 6, "a zlib stream of fewer than 6 bytes");
    require(stream[0] == 0x78 && (stream[0] * 256 + stream[1]) % 31 == 0 && (stream[1] & 32) == 0,
            "a wrong zlib header");
    BitReader reader(stream.data() + 2, stream.size() - 6);
    Bytes out;
    for (bool last = false; !last;) {
        last = reader.bit() == 1;
        switch (reader.bits(2)) {
            case 0:
                read_stored(reader, out);
                break;
            case 1:
                read_fixed(reader, out);
                break;
            case 2:
                read_dynamic(reader, out);
                break;
            default:
                throw std::runtime_error("a block of a type that is not");
        }
    }
    require(reader.bytes_read() == stream.size() - 6, "bytes after the last block");
    std::uint32_t sum = 0;
    for (std::size_t i = stream.size() - 4; i < stream.size(); ++i) sum = sum << 8 | stream[i];
    require(sum == slow_adler32(out.data(), out.size()), "a wrong Adler-32");
    return out;
}

// --- PNG
// ------------------------------------------------------------------------------------------

int paeth(int a, int b, int c) {
    const int p = a + b - c;
    const int pa = std::abs(p - a);
    const int pb = std::abs(p - b);
    const int pc = std::abs(p - c);
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

int predictor(unsigned type, int a, int b, int c) {
    switch (type) {
        case 0:
            return 0;
        case 1:
            return a;
        case 2:
            return b;
        case 3:
            return (a + b) / 2;
        case 4:
            return paeth(a, b, c);
        default:
            throw std::runtime_error("a filter that is not");
    }
}

Bytes unfilter(const Bytes& stream, std::size_t height, std::size_t row_bytes, std::size_t pixel) {
    require(stream.size() == height * (row_bytes + 1), "too many or too few rows");
    Bytes out(height * row_bytes);
    for (std::size_t y = 0; y < height; ++y) {
        const std::uint8_t* in = stream.data() + y * (row_bytes + 1);
        for (std::size_t i = 0; i < row_bytes; ++i) {
            std::uint8_t* here = out.data() + y * row_bytes + i;
            const int a = i >= pixel ? *(here - pixel) : 0;
            const int b = y > 0 ? *(here - row_bytes) : 0;
            const int c = i >= pixel && y > 0 ? *(here - row_bytes - pixel) : 0;
            *here = static_cast<std::uint8_t>(in[i + 1] + predictor(in[0], a, b, c));
        }
    }
    return out;
}

std::uint32_t big_endian(const std::uint8_t* data) {
    return std::uint32_t{data[0]} << 24 | std::uint32_t{data[1]} << 16 |
           std::uint32_t{data[2]} << 8 | data[3];
}

void read_header(const std::uint8_t* body, std::size_t length, ReadPicture& picture) {
    require(length == 13, "a header of the wrong length");
    picture.width = big_endian(body);
    picture.height = big_endian(body + 4);
    require(body[8] == 8 && body[10] == 0 && body[11] == 0 && body[12] == 0, "an unusual header");
    const int type = body[9];
    require(type == 0 || type == 2 || type == 3 || type == 6, "an unusual colour type");
    picture.channels = type == 6 ? 4 : type == 2 ? 3 : 1;
}

void read_text(const std::string& type, const std::uint8_t* body, std::size_t length,
               ReadPicture& picture) {
    const std::string all(reinterpret_cast<const char*>(body), length);
    const std::size_t end = all.find('\0');
    require(end != std::string::npos && end > 0 && end < 80, "a text without a keyword");
    const std::size_t skip = type == "iTXt" ? 5 : 1;
    picture.texts.emplace_back(all.substr(0, end), all.substr(end + skip));
}

}  // namespace

std::uint32_t slow_crc32(const std::uint8_t* data, std::size_t size) {
    std::uint32_t crc = ~std::uint32_t{0};
    for (std::size_t i = 0; i < size; ++i) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0u);
    }
    return ~crc;
}

std::uint32_t slow_adler32(const std::uint8_t* data, std::size_t size) {
    std::uint32_t s1 = 1;
    std::uint32_t s2 = 0;
    for (std::size_t i = 0; i < size; ++i) {
        s1 = (s1 + data[i]) % 65521;
        s2 = (s2 + s1) % 65521;
    }
    return s2 << 16 | s1;
}

ReadPicture read_png(const std::uint8_t* data, std::size_t size) {
    require(size >= 8 && std::memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0, "a wrong signature");
    ReadPicture picture;
    Bytes stream;
    std::string type;
    for (std::size_t place = 8; type != "IEND";) {
        require(place + 12 <= size, "a chunk that ends early");
        const std::size_t length = big_endian(data + place);
        require(length <= size - place - 12, "a chunk that ends early");
        const std::uint8_t* body = data + place + 8;
        type.assign(reinterpret_cast<const char*>(data + place + 4), 4);
        require(slow_crc32(data + place + 4, length + 4) == big_endian(body + length),
                "a wrong CRC-32");
        require((place == 8) == (type == "IHDR"), "a header out of place");
        if (type == "IHDR") read_header(body, length, picture);
        if (type == "PLTE") picture.palette.assign(body, body + length);
        if (type == "tEXt" || type == "iTXt") read_text(type, body, length, picture);
        if (type == "IDAT") stream.insert(stream.end(), body, body + length);
        place += length + 12;
        require(type != "IEND" || place == size, "bytes after the end");
    }
    picture.pixels = unfilter(inflate_zlib(stream), picture.height,
                              picture.width * picture.channels, picture.channels);
    return picture;
}

}  // namespace hotcold::test
