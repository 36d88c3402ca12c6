// Code lengths by two queues, as in Moffat and Katajainen, "In-Place Calculation of
// Minimum-Redundancy Codes" (1995): linear after sorting, no tree. Which queue comes next is
// anybody's guess, so it is computed and not branched on. Depths above the limit are cut to it and
// the code made complete again by lengthening shorter codes; package-merge would be optimal there
// but costs ten times as much for a case that pictures do not meet (a depth above 14 needs counts
// that grow like Fibonacci's numbers), and what it would save is below a byte in a thousand.
#include "png/deflate/huffman.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace hotcold {
namespace {

constexpr unsigned kMaxLength = 15;

// Each byte with its bits the other way round.
struct ReversedBytes {
    std::uint8_t byte[256] = {};

    constexpr ReversedBytes() {
        for (unsigned i = 0; i < 256; ++i) {
            unsigned reversed = 0;
            for (unsigned bit = 0; bit < 8; ++bit) reversed |= (i >> bit & 1) << (7 - bit);
            byte[i] = static_cast<std::uint8_t>(reversed);
        }
    }
};

constexpr ReversedBytes kReversed{};

struct Leaf {
    std::uint32_t count;
    std::uint32_t symbol;
};

// Stable sort by ascending count: least significant byte first, as many passes as the counts need.
// Returns whichever of the two buffers holds the result.
Leaf* sort_by_digits(Leaf* leaves, Leaf* spare, std::size_t n, std::uint32_t largest) {
    for (unsigned shift = 0; shift < 32 && (largest >> shift) != 0; shift += 8) {
        std::uint32_t place[256] = {};
        const std::size_t digits = (largest >> shift) < 256 ? (largest >> shift) + 1 : 256;
        for (std::size_t i = 0; i < n; ++i) ++place[(leaves[i].count >> shift) & 255];
        std::uint32_t total = 0;
        for (std::size_t i = 0; i < digits; ++i) total += std::exchange(place[i], total);
        for (std::size_t i = 0; i < n; ++i) {
            spare[place[(leaves[i].count >> shift) & 255]++] = leaves[i];
        }
        std::swap(leaves, spare);
    }
    return leaves;
}

// So few leaves go where as many others are less as there are.
constexpr std::size_t kFewLeaves = 64;
// Counts below this and symbols share 32 bits with a sign.
constexpr unsigned kSymbolBits = 9;
constexpr std::uint32_t kLargestPacked = 1u << (31 - kSymbolBits);
static_assert(kMaxHuffmanSymbols <= 1u << kSymbolBits);

// The same for kFewLeaves at most, in their symbols' order, with counts below kLargestPacked.
void sort_few(const Leaf* leaves, std::size_t n, Leaf* sorted) {
    std::int32_t keys[kFewLeaves];
    for (std::size_t i = 0; i < n; ++i) {
        keys[i] = static_cast<std::int32_t>(leaves[i].count << kSymbolBits | leaves[i].symbol);
    }
    for (std::size_t i = 0; i < n; ++i) {
        const std::int32_t key = keys[i];
        std::int32_t less = 0;
        for (std::size_t k = 0; k < n; ++k) less += keys[k] < key ? 1 : 0;
        sorted[less] = leaves[i];
    }
}

// Counts from this on are few and far between, and sorted apart.
constexpr std::uint32_t kLargeCount = 256;

// Stable sort by ascending count of leaves in their symbols' order. Returns whichever of the two
// buffers holds the result. Most counts of a block are small, and then digits above the first are
// the same for almost all: a pass over them is a chain of increments of one place.
Leaf* sort_by_count(Leaf* leaves, Leaf* spare, std::size_t n, std::uint32_t largest) {
    if (largest >= kLargestPacked) return sort_by_digits(leaves, spare, n, largest);
    if (n <= kFewLeaves) {
        sort_few(leaves, n, spare);
        return spare;
    }
    std::uint32_t place[kLargeCount + 1] = {};
    const auto digit = [](const Leaf& leaf) {
        return leaf.count < kLargeCount ? leaf.count : kLargeCount;
    };
    for (std::size_t i = 0; i < n; ++i) ++place[digit(leaves[i])];
    const std::size_t n_large = place[kLargeCount];
    if (n_large > kFewLeaves) return sort_by_digits(leaves, spare, n, largest);
    std::uint32_t total = 0;
    for (std::uint32_t& first : place) total += std::exchange(first, total);
    for (std::size_t i = 0; i < n; ++i) spare[place[digit(leaves[i])]++] = leaves[i];
    sort_few(spare + n - n_large, n_large, leaves);
    std::copy(leaves, leaves + n_large, spare + n - n_large);
    return spare;
}

// Deeper than any code can be: its rarest symbol would have a count beyond 32 bits.
constexpr std::size_t kMaxDepth = 48;

// How many leaves lie at each depth of the tree of n >= 2 leaves in ascending order.
void count_depths(const Leaf* leaves, std::size_t n, std::uint32_t (&depths)[kMaxDepth + 1]) {
    constexpr std::uint32_t kNone = ~std::uint32_t{0};
    std::uint32_t leaf_count[kMaxHuffmanSymbols + 2];
    std::uint32_t inner_count[kMaxHuffmanSymbols + 1];
    for (std::size_t i = 0; i < n; ++i) {
        leaf_count[i] = leaves[i].count;
        inner_count[i] = kNone;
    }
    leaf_count[n] = leaf_count[n + 1] = kNone;
    inner_count[n] = kNone;
    // The two least of both queues become an inner node, the last of its own queue. A leaf goes
    // first where both are equal. Of the two, one at least is inner if the first inner node is less
    // than the second leaf, and both are if the second is less than the first leaf.
    std::uint32_t parent[kMaxHuffmanSymbols + 1];
    std::size_t leaf = 0;
    std::size_t inner = 0;
    for (std::size_t next = 0; next + 1 < n; ++next) {
        const std::uint32_t leaves_2[2] = {leaf_count[leaf], leaf_count[leaf + 1]};
        const std::uint32_t inners_2[2] = {inner_count[inner], inner_count[inner + 1]};
        const bool one = inners_2[0] < leaves_2[1];
        const bool two = inners_2[1] < leaves_2[0];
        // Written again for those that are not taken yet.
        parent[inner] = parent[inner + 1] = static_cast<std::uint32_t>(next);
        inner_count[next] = (one ? inners_2[0] : leaves_2[1]) + (two ? inners_2[1] : leaves_2[0]);
        const std::size_t taken = (one ? 1u : 0u) + (two ? 1u : 0u);
        inner += taken;
        leaf += 2 - taken;
    }
    // Inner nodes of one depth follow each other, and so do their children: those whose parent is
    // not before the first of them.
    std::uint32_t inner_depths[kMaxDepth + 1] = {};
    std::size_t end = n - 1;
    std::size_t first = n - 2;
    for (std::size_t depth = 0; first < end; ++depth) {
        inner_depths[depth] = static_cast<std::uint32_t>(end - first);
        end = first;
        const std::size_t parents = first;
        while (first > 0 && parent[first - 1] >= parents) --first;
    }
    depths[0] = 0;
    for (std::size_t i = 1; i <= kMaxDepth; ++i) {
        depths[i] = 2 * inner_depths[i - 1] - inner_depths[i];
    }
}

// Counts of codes per length, made to fit: sum of 2^-length is 1 and no length is above the limit.
void limit_lengths(std::uint32_t* per_length, unsigned limit) {
    std::uint32_t total = 0;
    for (unsigned length = 1; length <= limit; ++length) {
        total += per_length[length] << (limit - length);
    }
    while (total > (std::uint32_t{1} << limit)) {
        // One code of the longest length moves beside a shorter one, which grows by a bit.
        --per_length[limit];
        unsigned length = limit - 1;
        while (per_length[length] == 0) --length;
        --per_length[length];
        per_length[length + 1] += 2;
        --total;
    }
}

}  // namespace

void huffman_lengths(const std::uint32_t* counts, std::size_t n, unsigned limit,
                     std::uint8_t* lengths) {
    assert(n <= kMaxHuffmanSymbols && limit <= kMaxLength);
    Leaf buffers[2][kMaxHuffmanSymbols];
    std::size_t used = 0;
    std::uint32_t largest = 0;
    for (std::size_t symbol = 0; symbol < n; ++symbol) {
        lengths[symbol] = 0;
        buffers[0][used] = {counts[symbol], static_cast<std::uint32_t>(symbol)};
        used += counts[symbol] > 0 ? 1 : 0;
        largest = counts[symbol] > largest ? counts[symbol] : largest;
    }
    if (used < 2) {
        if (used == 1) lengths[buffers[0][0].symbol] = 1;
        return;
    }
    const Leaf* sorted = sort_by_count(buffers[0], buffers[1], used, largest);
    std::uint32_t depths[kMaxDepth + 1];
    count_depths(sorted, used, depths);
    std::uint32_t per_length[kMaxLength + 1] = {};
    for (std::size_t depth = 1; depth <= kMaxDepth; ++depth) {
        per_length[depth < limit ? depth : limit] += depths[depth];
    }
    limit_lengths(per_length, limit);
    // The rarest symbols take the longest codes.
    std::size_t next = 0;
    for (unsigned length = limit; length > 0; --length) {
        for (std::uint32_t i = 0; i < per_length[length]; ++i) {
            lengths[sorted[next++].symbol] = static_cast<std::uint8_t>(length);
        }
    }
}

void huffman_codes(const std::uint8_t* lengths, std::size_t n, std::uint16_t* codes) {
    std::uint32_t per_length[kMaxLength + 1] = {};
    for (std::size_t symbol = 0; symbol < n; ++symbol) ++per_length[lengths[symbol]];
    std::uint32_t next[kMaxLength + 2] = {};
    for (unsigned length = 1; length <= kMaxLength; ++length) {
        next[length + 1] = (next[length] + per_length[length]) << 1;
    }
    for (std::size_t symbol = 0; symbol < n; ++symbol) {
        const unsigned length = lengths[symbol];
        std::uint32_t code = length == 0 ? 0 : next[length]++;
        code = std::uint32_t{kReversed.byte[code & 255]} << 8 | kReversed.byte[code >> 8];
        codes[symbol] = static_cast<std::uint16_t>(code >> (16 - length));
    }
}

}  // namespace hotcold
