// One kernel on a few items and nothing else, for counting instructions: run under callgrind with
// two numbers of items, the difference is what the items cost. benchmarks/instructions.py does so.
//
//   count_kernels CASE ITEMS
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/kernel_cases.hpp"

int main(int count, char** arguments) {
    using namespace hotcold::test;
    const std::size_t items = count == 3 ? std::strtoul(arguments[2], nullptr, 10) : 0;
    if (items >= 1 && items <= kMaxItems) {
        for (const Case& one : kernel_cases()) {
            if (std::strcmp(one.name, arguments[1]) != 0) continue;
            Batch batch;
            one.run(batch, items);
            return 0;
        }
    }
    std::fprintf(stderr, "usage: count_kernels CASE 1..%zu, CASE one of:\n", kMaxItems);
    for (const Case& one : kernel_cases()) std::fprintf(stderr, "  %s\n", one.name);
    return 2;
}
