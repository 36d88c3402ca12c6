// Kernels on fixed inputs, for programs that count what they do and that compare what comes of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hotcold::test {

constexpr std::size_t kMaxItems = 3;
constexpr std::size_t kSize = 224;
constexpr std::size_t kChannels = 3;

// Maps and photographs of a kind, the same in every run, and room for whatever a case makes of
// them.
struct Batch {
    std::vector<float> maps = std::vector<float>(kMaxItems * kChannels * kSize * kSize);
    std::vector<std::uint8_t> images = std::vector<std::uint8_t>(maps.size());
    std::vector<std::uint8_t> pictures = std::vector<std::uint8_t>(maps.size());
    std::vector<float> results = std::vector<float>(maps.size());
    std::vector<std::uint8_t> file;  // the last item's
    std::vector<double> table;

    Batch();
};

struct Case {
    const char* name;
    void (*run)(Batch& batch, std::size_t items);
    // Whether its bits are the same on every processor. The blur's sums may be rounded once or
    // twice a product; what is drawn of them is.
    bool exact = true;
};

const std::vector<Case>& kernel_cases();

}  // namespace hotcold::test
