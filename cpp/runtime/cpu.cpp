#include "runtime/cpu.hpp"

#include <atomic>
#include <cstdlib>
#include <stdexcept>

namespace hotcold {
namespace {

constexpr IsaLevel kAllLevels[] = {IsaLevel::kBaseline, IsaLevel::kAvx2, IsaLevel::kAvx512};

bool runs_here(IsaLevel level) {
    if (level == IsaLevel::kBaseline) return true;
#if defined(HOTCOLD_X86_LEVELS)
    // These builtins also ask the operating system whether it saves the wide registers.
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                      __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("pclmul");
    if (level == IsaLevel::kAvx2) return avx2;
#if defined(HOTCOLD_EMULATE_AVX512)
    return avx2;
#else
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512vbmi") &&
           __builtin_cpu_supports("avx512vbmi2");
#endif
#else
    return false;
#endif
}

IsaLevel parse(const std::string& name) {
    std::string names;
    for (const IsaLevel level : kAllLevels) {
        if (!runs_here(level)) continue;
        if (name == isa_name(level)) return level;
        names += names.empty() ? "" : ", ";
        names += isa_name(level);
    }
    throw std::invalid_argument("the instruction set level must be one that this machine runs (" +
                                names + "), got '" + name + "'");
}

IsaLevel initial_level() {
    const char* forced = std::getenv("HOTCOLD_ISA");
    if (forced != nullptr && forced[0] != '\0') return parse(forced);
    return available_isa_levels().back();
}

std::atomic<int>& current() {
    static std::atomic<int> level{static_cast<int>(initial_level())};
    return level;
}

}  // namespace

const char* isa_name(IsaLevel level) {
    switch (level) {
        case IsaLevel::kAvx512:
            return "avx512";
        case IsaLevel::kAvx2:
            return "avx2";
        case IsaLevel::kBaseline:
            break;
    }
    return "baseline";
}

std::vector<IsaLevel> available_isa_levels() {
    std::vector<IsaLevel> levels;
    for (const IsaLevel level : kAllLevels) {
        if (runs_here(level)) levels.push_back(level);
    }
    return levels;
}

IsaLevel isa_level() { return static_cast<IsaLevel>(current().load(std::memory_order_relaxed)); }

void set_isa_level(const std::string& name) {
    current().store(static_cast<int>(parse(name)), std::memory_order_relaxed);
}

}  // namespace hotcold
