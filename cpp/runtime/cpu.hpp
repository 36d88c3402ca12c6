// Which instruction set level the kernels run at.
#pragma once

#include <string>
#include <vector>

namespace hotcold {

// Ordered: a machine that runs one level runs all below it. On aarch64 the baseline is NEON.
enum class IsaLevel { kBaseline = 0, kAvx2 = 1, kAvx512 = 2 };

const char* isa_name(IsaLevel level);

// Levels compiled in that this processor (and its operating system) can run, lowest first.
std::vector<IsaLevel> available_isa_levels();

// The level in force: the highest available, unless HOTCOLD_ISA named another when it was first
// asked for, or set_isa_level() has been called since.
IsaLevel isa_level();

// Forces a level for tests and benchmarks; std::invalid_argument when this machine cannot run it.
void set_isa_level(const std::string& name);

}  // namespace hotcold
