// Places with the same six bytes are chained, newest first, and the nearest few are compared; the
// longest match wins. Then one pass from the end of the block to its start finds the cheapest
// sequence by the given costs: what a symbol costs does not depend on what came before, so the cost
// from a position to the end is the lesser of literal and match, each with the cost to the end of
// what follows it. With the costs of the codes that come out a second pass does better still (as in
// Zopfli: Alakuijala and Vandevenne, "Data compression using Zopfli", 2013).
//
// Tried and left out (measured 2026-11, on 30 overlays and masks): chains of four or five bytes
// find more but worse candidates, 0.3 % larger and a third slower at equal depth; every length of a
// match instead of the whole saves less than 0.05 %, a run beside a longer match 0.1 %.
#include "png/deflate/search.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "runtime/workspace.hpp"

namespace hotcold {
namespace {

constexpr std::size_t kHashed = 6;
constexpr unsigned kHashBits = 14;
constexpr std::size_t kSlots = std::size_t{1} << kHashBits;
// Twice as many save 0.3 % of a masked photograph and cost an eighth more time.
constexpr int kMostCompared = 8;
// A match this long is not improved, and the positions inside it are not searched anew.
constexpr std::size_t kLongEnough = 48;

std::uint64_t load_64(const std::uint8_t* data) {
    std::uint64_t value;
    std::memcpy(&value, data, sizeof(value));
    return value;
}

// Of the first kHashed of eight bytes.
std::size_t hash(std::uint64_t eight) {
    return static_cast<std::size_t>((eight << (64 - 8 * kHashed)) * 0x9e3779b97f4a7c15u >>
                                    (64 - kHashBits));
}

template <typename T>
T* take(std::byte*& scratch, std::size_t count) {
    auto* piece = reinterpret_cast<T*>(scratch);
    scratch += Workspace::bytes_for<T>(count);
    return piece;
}

}  // namespace

std::size_t MatchSearch::workspace_bytes(std::size_t count) {
    const std::size_t all = kFarthestMatch + count;
    return 2 * Workspace::bytes_for<std::uint16_t>(all) +
           2 * Workspace::bytes_for<std::uint8_t>(all) +
           2 * Workspace::bytes_for<std::uint32_t>(all + 1) +
           Workspace::bytes_for<std::uint32_t>(kSlots);
}

MatchSearch::MatchSearch(const std::uint8_t* data, std::size_t count, std::size_t history,
                         std::byte* scratch)
    : data_(data - std::min(history, kFarthestMatch)),
      first_(std::min(history, kFarthestMatch)),
      count_(first_ + count),
      lengths_(take<std::uint16_t>(scratch, count_)),
      distances_(take<std::uint16_t>(scratch, count_)),
      symbols_(take<std::uint8_t>(scratch, count_)),
      taken_(take<std::uint8_t>(scratch, count_)),
      to_go_(take<std::uint32_t>(scratch, count_ + 1)) {
    find_runs();
    auto* previous = take<std::uint32_t>(scratch, count_);
    search(take<std::uint32_t>(scratch, kSlots), previous);
}

void MatchSearch::keep(std::size_t at, std::size_t length, std::size_t distance) {
    lengths_[at] = static_cast<std::uint16_t>(length);
    distances_[at] = static_cast<std::uint16_t>(distance);
}

// How often the byte before each position is repeated from there on.
void MatchSearch::find_runs() {
    std::size_t run = 0;
    for (std::size_t at = count_; at-- > first_;) {
        run = at > 0 && data_[at] == data_[at - 1] ? std::min(run + 1, kMaxMatch) : 0;
        keep(at, run >= kMinMatch ? run : 1, 1);
    }
}

void MatchSearch::search(std::uint32_t* heads, std::uint32_t* previous) {
    // Places are kept one higher; 0 ends a chain.
    std::memset(heads, 0, kSlots * sizeof(*heads));
    for (std::size_t at = 0; at + 8 <= count_; ++at) {
        std::uint32_t& head = heads[hash(load_64(data_ + at))];
        previous[at] = head;
        head = static_cast<std::uint32_t>(at + 1);
        if (at < first_ || lengths_[at] >= kLongEnough) continue;
        if (at > first_ && lengths_[at - 1] > kLongEnough) {
            keep(at, lengths_[at - 1] - std::size_t{1}, distances_[at - 1]);
        } else {
            look(at, previous);
        }
    }
    for (std::size_t at = first_; at < count_; ++at) {
        symbols_[at] = static_cast<std::uint8_t>(distance_symbol(distances_[at]));
    }
}

void MatchSearch::look(std::size_t at, const std::uint32_t* previous) {
    std::size_t longest = lengths_[at];
    std::size_t candidate = previous[at];
    for (int i = 0; i < kMostCompared && candidate != 0; ++i) {
        const std::size_t from = candidate - 1;
        if (at - from > kFarthestMatch || at + longest >= count_) return;
        candidate = previous[from];
        // Only a match that reaches further is of use: its last byte is looked at first.
        if (data_[from + longest] != data_[at + longest]) continue;
        const std::size_t length = common_length(at, from);
        if (length <= longest || length < kMinMatch) continue;
        longest = length;
        keep(at, length, at - from);
        if (length >= kLongEnough) return;
    }
}

std::size_t MatchSearch::common_length(std::size_t at, std::size_t from) const {
    const std::size_t most = std::min(count_ - at, kMaxMatch);
    std::size_t length = 0;
    while (length + 8 <= most && load_64(data_ + at + length) == load_64(data_ + from + length)) {
        length += 8;
    }
    while (length < most && data_[at + length] == data_[from + length]) ++length;
    return length;
}

std::size_t MatchSearch::cheapest(const SymbolCosts& costs, Match* matches) {
    to_go_[count_] = 0;
    for (std::size_t at = count_; at-- > first_;) {
        const std::uint32_t literal = costs.literal[data_[at]] + to_go_[at + 1];
        // Costs more than any literal where there is no match.
        const std::uint32_t match = std::uint32_t{costs.length[lengths_[at]]} +
                                    costs.distance[symbols_[at]] + to_go_[at + lengths_[at]];
        taken_[at] = match < literal ? 1 : 0;
        to_go_[at] = match < literal ? match : literal;
    }
    std::size_t n = 0;
    for (std::size_t at = first_; at < count_;) {
        if (taken_[at] == 0) {
            ++at;
            continue;
        }
        matches[n++] = {static_cast<std::uint32_t>(at - first_), lengths_[at], distances_[at]};
        at += lengths_[at];
    }
    return n;
}

}  // namespace hotcold
