// How one source becomes one kernel per instruction set.
//
// A file named <kernel>.simd.cpp is compiled once per level with HOTCOLD_LEVEL defined to the
// level's name, and puts everything it defines into namespace hotcold::HOTCOLD_LEVEL. Its header
// <kernel>.ops.hpp declares a struct of function pointers (the kernel's table) and one instance
// per level; <kernel>.cpp picks the instance at run time with HOTCOLD_SELECT. What several
// .simd.cpp files share, or one is split into, is named <part>-inl.hpp; nothing else includes that.
//
// Rule for .simd.cpp and -inl.hpp files: no inline function that another file may also compile, so
// no standard containers, algorithms or <cmath> templates. The linker keeps one copy of such a
// function for the whole program, perhaps the AVX-512 one, and the program then dies on an older
// processor.
#pragma once

#include "runtime/cpu.hpp"

#if defined(HOTCOLD_X86_LEVELS)
#define HOTCOLD_FOR_EACH_LEVEL(declare) declare(baseline) declare(avx2) declare(avx512)
#define HOTCOLD_SELECT(table)                                                          \
    (::hotcold::isa_level() == ::hotcold::IsaLevel::kAvx512 ? ::hotcold::avx512::table \
     : ::hotcold::isa_level() == ::hotcold::IsaLevel::kAvx2 ? ::hotcold::avx2::table   \
                                                            : ::hotcold::baseline::table)
#else
#define HOTCOLD_FOR_EACH_LEVEL(declare) declare(baseline)
#define HOTCOLD_SELECT(table) (::hotcold::baseline::table)
#endif
