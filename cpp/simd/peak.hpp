// The limit that the blur is measured against.
#pragma once

namespace hotcold {

// Multiply-adds of float lanes a second that the calling thread's core reaches at the level in
// force, with operands in registers: the best of many short loops over about `seconds` (> 0).
double measure_multiply_add_peak(double seconds);

}  // namespace hotcold
