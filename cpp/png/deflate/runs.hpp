// The matches of the fast way: runs of one byte.
#pragma once

#include <cstddef>
#include <cstdint>

#include "png/deflate/costs.hpp"
#include "png/deflate/deflate.ops.hpp"

namespace hotcold {

// Words of 64 positions, and one of zeros after them.
constexpr std::size_t run_words(std::size_t count) { return count / 64 + 2; }

// Places of runs, and two that are written and not kept.
constexpr std::size_t run_places(std::size_t count) { return count / kShortestRun + 3; }

// Writes the runs that cost less than their literals, in order, at most count / kShortestRun of
// them, and returns their number. bytes: how often each occurs; equal: run_words(count) words of
// scratch, starts: run_places(count).
std::size_t find_runs(const std::uint8_t* data, std::size_t count,
                      const std::uint32_t (&bytes)[256], std::uint64_t* equal,
                      std::uint32_t* starts, Match* matches);

}  // namespace hotcold
