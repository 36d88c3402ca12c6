// Code lengths by Moffat and Katajainen, "In-Place Calculation of Minimum-Redundancy Codes" (1995):
// linear after sorting, no tree. Depths above the limit are cut to it and the code made complete
// again by lengthening shorter codes; package-merge would be optimal there but costs ten times as
// much for a case that pictures do not meet (a depth above 14 needs counts that grow like
// Fibonacci's numbers), and what it would save is below a byte in a thousand.
#include "kernels/png/huffman.hpp"

#include <cassert>
#include <utility>

namespace hotcold {
namespace {

constexpr unsigned kMaxLength = 15;

struct Leaf {
    std::uint32_t count;
    std::uint32_t symbol;
};

// Stable sort by ascending count: least significant byte first, as many passes as the counts need.
// Returns whichever of the two buffers holds the result.
Leaf* sort_by_count(Leaf* leaves, Leaf* spare, std::size_t n, std::uint32_t largest) {
    for (unsigned shift = 0; shift < 32 && (largest >> shift) != 0; shift += 8) {
        std::uint32_t place[256] = {};
        for (std::size_t i = 0; i < n; ++i) ++place[(leaves[i].count >> shift) & 255];
        std::uint32_t total = 0;
        for (std::uint32_t& entry : place) total += std::exchange(entry, total);
        for (std::size_t i = 0; i < n; ++i) {
            spare[place[(leaves[i].count >> shift) & 255]++] = leaves[i];
        }
        std::swap(leaves, spare);
    }
    return leaves;
}

// Moffat and Katajainen's three phases. a: n >= 2 counts in ascending order; on return the depths.
void counts_to_depths(std::uint32_t* a, std::size_t n) {
    // Phase 1: merge, leaving in each used place the index of its parent.
    a[0] += a[1];
    std::size_t root = 0;
    std::size_t leaf = 2;
    for (std::size_t next = 1; next + 1 < n; ++next) {
        if (leaf >= n || a[root] < a[leaf]) {
            a[next] = a[root];
            a[root++] = static_cast<std::uint32_t>(next);
        } else {
            a[next] = a[leaf++];
        }
        if (leaf >= n || (root < next && a[root] < a[leaf])) {
            a[next] += a[root];
            a[root++] = static_cast<std::uint32_t>(next);
        } else {
            a[next] += a[leaf++];
        }
    }
    // Phase 2: depths of the inner nodes, from the root down.
    a[n - 2] = 0;
    for (std::size_t next = n - 2; next-- > 0;) a[next] = a[a[next]] + 1;
    // Phase 3: depths of the leaves, level by level.
    std::size_t available = 1;
    std::size_t inner = n - 1;  // inner nodes not yet passed
    std::size_t place = n;
    for (std::uint32_t depth = 0; available > 0; ++depth) {
        std::size_t used = 0;
        while (inner > 0 && a[inner - 1] == depth) {
            ++used;
            --inner;
        }
        while (available > used) {
            a[--place] = depth;
            --available;
        }
        available = 2 * used;
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
        if (counts[symbol] == 0) continue;
        buffers[0][used++] = {counts[symbol], static_cast<std::uint32_t>(symbol)};
        largest = counts[symbol] > largest ? counts[symbol] : largest;
    }
    if (used < 2) {
        if (used == 1) lengths[buffers[0][0].symbol] = 1;
        return;
    }
    const Leaf* sorted = sort_by_count(buffers[0], buffers[1], used, largest);
    std::uint32_t depths[kMaxHuffmanSymbols];
    for (std::size_t i = 0; i < used; ++i) depths[i] = sorted[i].count;
    counts_to_depths(depths, used);

    std::uint32_t per_length[kMaxLength + 1] = {};
    for (std::size_t i = 0; i < used; ++i) ++per_length[depths[i] < limit ? depths[i] : limit];
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
        code = ((code & 0x5555u) << 1) | ((code >> 1) & 0x5555u);
        code = ((code & 0x3333u) << 2) | ((code >> 2) & 0x3333u);
        code = ((code & 0x0f0fu) << 4) | ((code >> 4) & 0x0f0fu);
        code = ((code & 0x00ffu) << 8) | ((code >> 8) & 0x00ffu);
        codes[symbol] = static_cast<std::uint16_t>(code >> (16 - length));
    }
}

}  // namespace hotcold
