// A coarser grid on an axis, through which an untruncated Gaussian blur of it can be had.
//
// A blur by sigma leaves next to nothing above some frequency, so its result is fixed by values at
// nodes about half a sigma apart: pixels to nodes by a short window, a small blur among the nodes,
// and back to pixels by the same window - some 2 `width` multiply-adds a pixel for any sigma, where
// taps would cost 8 sigma. This is the gridding of non-uniform FFTs (Fourmont 2003, Kaiser-Bessel
// window) with a Gaussian in the place of the FFT.
//
// The nodes divide the axis evenly, so `reflect` maps nodes onto nodes and borders cost nothing.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/blur/coarse/nodes.ops.hpp"
#include "kernels/blur/panels.hpp"

namespace hotcold {

// How fine and how good a grid is.
struct NodeDesign {
    double spacing;     // between nodes, in sigmas; rounded down so that it divides the axis
    std::size_t width;  // nodes that a pixel is tied to
    double shape;       // of the Kaiser-Bessel window: I0(shape sqrt(1 - (2 u / width)^2))
    double tolerance;   // taps of the blur among nodes are cut when they sum to less, relative
};

template <typename T>
const NodeOps<T>& node_ops();

class BesselSeries;

template <typename T>
class NodeGrid {
  public:
    // sigma >= 2 pixels or so. The Gaussian's weights sum to `total`.
    NodeGrid(std::size_t pixels, double sigma, const NodeDesign& design, double total);

    std::size_t nodes() const { return nodes_; }
    // Nodes numbered beyond either end: -overhang() is the first one of pixel 0.
    std::size_t overhang() const { return overhang_; }
    // The first of the pixel's nodes, counted from -overhang().
    std::size_t first(std::size_t pixel) const { return first_[pixel]; }

    NodeWeights<T> weights() const {
        return {weights_.data(), cell_begin_.data(), cell_begin_.size() - 1, width_, longest_cell_};
    }
    // The blur among the nodes; it reaches at most nodes().
    const OrderedTaps<T>& blur() const { return blur_; }

  private:
    NodeGrid(std::size_t pixels, double sigma, const NodeDesign& design, double total,
             const BesselSeries& window);
    void weigh(const BesselSeries& window);
    void find_cells();

    std::size_t pixels_;
    std::size_t nodes_;
    std::size_t width_;
    std::size_t overhang_ = 0;
    std::vector<std::size_t> first_;
    std::vector<T> weights_;
    std::vector<std::size_t> cell_begin_;
    std::size_t longest_cell_ = 0;
    OrderedTaps<T> blur_;
};

}  // namespace hotcold
