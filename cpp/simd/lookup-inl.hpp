// 256 bytes held in four registers, for .simd.cpp files of the AVX-512 VBMI level. Bit 7 of an
// index chooses between two permutes of 128.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace hotcold::HOTCOLD_LEVEL {
namespace {

struct Lookup {
    __m512i quarter[4];

    explicit Lookup(const std::uint8_t* table) {
        for (int i = 0; i < 4; ++i) quarter[i] = _mm512_loadu_si512(table + 64 * i);
    }
    __m512i operator()(__m512i index) const {
        const __m512i low = _mm512_permutex2var_epi8(quarter[0], index, quarter[1]);
        const __m512i high = _mm512_permutex2var_epi8(quarter[2], index, quarter[3]);
        return _mm512_mask_mov_epi8(low, _mm512_movepi8_mask(index), high);
    }
};

}  // namespace
}  // namespace hotcold::HOTCOLD_LEVEL
