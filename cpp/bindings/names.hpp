// The names by which Python calls the kernels' enumerators.
#pragma once

#include <pybind11/pybind11.h>

#include <array>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

#include "kernels/normalize/modes.hpp"
#include "kernels/percentile/threshold.hpp"
#include "png/png.hpp"

namespace hotcold {

template <typename Enum, std::size_t n>
using Names = std::array<std::pair<const char*, Enum>, n>;

// The enumerator called `name`; std::invalid_argument lists the names otherwise.
template <typename Enum, std::size_t n>
Enum from_name(const Names<Enum, n>& names, const char* argument, const std::string& name) {
    std::string listed;
    for (const auto& [text, value] : names) {
        if (name == text) return value;
        listed += (listed.empty() ? "'" : ", '") + std::string(text) + "'";
    }
    throw std::invalid_argument("`" + std::string(argument) + "` must be one of " + listed +
                                ", got '" + name + "'");
}

constexpr auto normalization_rows() {
    Names<Normalization, std::size(kNormalizations)> names{};
    for (std::size_t i = 0; i < names.size(); ++i) {
        // Assigned member by member: a pair's operator= is not constexpr in C++17.
        names[i].first = kNormalizations[i].name;
        names[i].second = kNormalizations[i].mode;
    }
    return names;
}
inline constexpr auto kNormalizationNames = normalization_rows();

inline constexpr Names<Compression, 3> kCompressionNames = {{
    {"fast", Compression::kFast},
    {"default", Compression::kDefault},
    {"small", Compression::kSmall},
}};

inline constexpr Names<ThresholdBy, 4> kThresholdNames = {{{"quantile", ThresholdBy::kQuantile},
                                                           {"mass", ThresholdBy::kMass},
                                                           {"max", ThresholdBy::kMax},
                                                           {"otsu", ThresholdBy::kOtsu}}};

inline ThresholdBy threshold_by_from_name(const std::string& name) {
    return from_name(kThresholdNames, "threshold_by", name);
}

inline Compression compression_from_name(const std::string& name) {
    return from_name(kCompressionNames, "compression", name);
}

inline Normalization normalization_from_name(const std::string& name) {
    return from_name(kNormalizationNames, "normalization_type", name);
}

inline pybind11::tuple normalization_names() {
    pybind11::tuple names(kNormalizationNames.size());
    for (std::size_t i = 0; i < kNormalizationNames.size(); ++i) {
        names[i] = kNormalizationNames[i].first;
    }
    return names;
}

}  // namespace hotcold
