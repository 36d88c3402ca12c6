#include "png/palette.ops.hpp"

#if defined(__AVX512VBMI__)
#if defined(__GNUC__) && !defined(__clang__)
// GCC's own "undefined" registers inside the intrinsics (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include "simd/lookup-inl.hpp"
#endif

namespace hotcold::HOTCOLD_LEVEL {
namespace {

void renumber(const std::uint8_t* number, std::uint8_t* indices, std::size_t count) {
    std::size_t i = 0;
#if defined(__AVX512VBMI__)
    const Lookup lookup(number);
    for (; i + 64 <= count; i += 64) {
        _mm512_storeu_si512(indices + i, lookup(_mm512_loadu_si512(indices + i)));
    }
#endif
    for (; i < count; ++i) indices[i] = number[indices[i]];
}

}  // namespace

const PaletteOps png_palette = {renumber};

}  // namespace hotcold::HOTCOLD_LEVEL
