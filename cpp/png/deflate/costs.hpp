// What the symbols of a block cost before its codes are known, or once they are.
#pragma once

#include <cstddef>
#include <cstdint>

#include "png/deflate/codes.hpp"

namespace hotcold {

// All in sixteenths of a bit.
constexpr std::uint32_t kOneBit = 16;

// Fewer repeats are never cheaper than their literals.
constexpr std::size_t kShortestRun = 4;

struct SymbolCosts {
    std::uint16_t literal[256];
    std::uint16_t
        length[kMaxMatch + 1];  // from 3, extra bits included; below, more than any literal
    std::uint16_t distance[kDistanceSymbols];  // extra bits included
};

// From how often each byte occurs; lengths and distances as pictures usually have them.
SymbolCosts expected_costs(const std::uint32_t (&bytes)[256]);

// For each byte how long its shortest run is that costs less than its literals do, by the same
// costs; no less than kShortestRun.
void shortest_runs(const std::uint32_t (&bytes)[256], std::uint16_t (&least)[256]);

// From the code lengths of a block like this one; symbols without a code cost more than any other.
SymbolCosts costs_of(const CodeLengths& lengths);

}  // namespace hotcold
