#include "kernels/load/missing.hpp"

#include <cmath>

namespace hotcold {
namespace {

bool is_missing(float value) { return !std::isfinite(value); }
bool is_missing(double value) { return !std::isfinite(value); }
// Bits of a binary16 number: the largest exponent is kept for what is no number.
bool is_missing(std::uint16_t half) { return (half & 0x7c00u) == 0x7c00u; }

template <typename Source>
void mark(const SourceView& source, std::size_t item, std::size_t channel, std::uint8_t* flags) {
    for (std::size_t row = 0; row < source.shape.rows; ++row) {
        const auto* from = static_cast<const Source*>(source.at(item, channel, row));
        for (std::size_t i = 0; i < source.shape.columns; ++i, ++flags) {
            if (is_missing(from[static_cast<std::ptrdiff_t>(i) * source.strides.column])) {
                *flags = 1;
            }
        }
    }
}

}  // namespace

void mark_missing(const SourceView& source, std::size_t item, std::size_t channel,
                  std::uint8_t* flags) {
    switch (source.type) {
        case ScalarType::kFloat16:
            return mark<std::uint16_t>(source, item, channel, flags);
        case ScalarType::kFloat32:
            return mark<float>(source, item, channel, flags);
        case ScalarType::kFloat64:
            return mark<double>(source, item, channel, flags);
        default:
            return;  // integers are all there
    }
}

template <typename T>
std::vector<T> present_values(const T* values, const std::uint8_t* flags, std::size_t count) {
    std::vector<T> present;
    present.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        if (flags[i] == 0) present.push_back(values[i]);
    }
    if (present.empty()) present.push_back(T{0});
    return present;
}

template std::vector<float> present_values(const float*, const std::uint8_t*, std::size_t);
template std::vector<double> present_values(const double*, const std::uint8_t*, std::size_t);

}  // namespace hotcold
