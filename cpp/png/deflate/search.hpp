// The matches of the thorough way: a search for repeats and the cheapest way through them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "png/deflate/costs.hpp"
#include "png/deflate/deflate.ops.hpp"

namespace hotcold {

// What the search found at each position of one block, kept so that several sets of costs can be
// tried on it.
class MatchSearch {
  public:
    // For blocks of up to `count` bytes with any history.
    static std::size_t workspace_bytes(std::size_t count);

    // Searches data[0, count), in which the `history` bytes before data may be repeated: those of
    // the blocks before, of which up to kFarthestMatch count. scratch is 64-byte aligned; it and
    // data outlive this object.
    MatchSearch(const std::uint8_t* data, std::size_t count, std::size_t history,
                std::byte* scratch);

    // Writes the matches of the sequence of literals and matches that costs least, at most
    // count / kMinMatch of them, and returns their number.
    std::size_t cheapest(const SymbolCosts& costs, Match* matches);

  private:
    void find_runs();
    void search(std::uint32_t* heads, std::uint32_t* previous);
    void look(std::size_t at, const std::uint32_t* previous);
    void keep(std::size_t at, std::size_t length, std::size_t distance);
    std::size_t common_length(std::size_t at, std::size_t from) const;

    // Positions count from the start of the history.
    const std::uint8_t* data_;
    std::size_t first_;
    std::size_t count_;
    // By position: the longest match found (length 1, for a literal, where there is none), its
    // distance and that distance's symbol.
    std::uint16_t* lengths_;
    std::uint16_t* distances_;
    std::uint8_t* symbols_;
    // By position: whether the cheapest way takes the match, and its cost to the end.
    std::uint8_t* taken_;
    std::uint32_t* to_go_;
};

}  // namespace hotcold
