// What each kernel makes of fixed inputs, a line a kernel: two machines whose lines are the same
// draw the same. HOTCOLD_ISA says at which level.
//
//   kernel_answers            one number of all bits, or of sums where bits may differ
//   kernel_answers KERNEL     the bytes themselves, to look for the first that differs
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "tests/kernel_cases.hpp"

namespace {

using namespace hotcold::test;

// FNV-1a, of 64 bits.
template <typename T>
void add(std::uint64_t& hash, const std::vector<T>& values) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(values.data());
    for (std::size_t i = 0; i < values.size() * sizeof(T); ++i) {
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    }
}

void print_bits(const Case& one, const Batch& batch) {
    std::uint64_t hash = 0xcbf29ce484222325u;
    add(hash, batch.results);
    add(hash, batch.pictures);
    add(hash, batch.file);
    add(hash, batch.table);
    std::printf("%-32s %016" PRIx64 "\n", one.name, hash);
}

// Rows of five digits, far fewer than rounding can change. Wrong lanes or edges change them.
void print_sums(const Case& one, const Batch& batch) {
    double sum = 0.0;
    double weighted = 0.0;
    double squares = 0.0;
    for (std::size_t i = 0; i < batch.results.size(); ++i) {
        const auto value = static_cast<double>(batch.results[i]);
        sum += value;
        weighted += value * static_cast<double>(i % 1009);
        squares += value * value;
    }
    std::printf("%-32s %.5g %.5g %.5g\n", one.name, sum, weighted, squares);
}

template <typename T>
void write(const std::vector<T>& values) {
    std::fwrite(values.data(), sizeof(T), values.size(), stdout);
}

}  // namespace

int main(int count, char** arguments) {
    for (const Case& one : kernel_cases()) {
        if (count == 2 && std::strcmp(one.name, arguments[1]) != 0) continue;
        Batch batch;
        one.run(batch, kMaxItems);
        if (count == 2) {
            write(batch.results);
            write(batch.pictures);
            write(batch.file);
            write(batch.table);
        } else if (one.exact) {
            print_bits(one, batch);
        } else {
            print_sums(one, batch);
        }
    }
    return 0;
}
