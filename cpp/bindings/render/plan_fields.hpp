// A RenderPlan from what Python says, field by field.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "kernels/render/plan.hpp"

namespace hotcold {

// Every field of the table in plan_fields.cpp must be given, and no other. TypeError or
// std::invalid_argument names the field that is missing, unknown or wrong.
std::unique_ptr<RenderPlan> plan_from(const pybind11::kwargs& fields);

}  // namespace hotcold
