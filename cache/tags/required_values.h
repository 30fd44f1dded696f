// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/tags/field_value.h"

namespace larder {

/// What every entry of a filtered list has: one of these values in this field, or in one element of
/// it where the field is a list.
struct RequiredValues {
  static constexpr std::size_t kMostValues = 32;

  std::string field;
  std::vector<FieldValue> values;

  /// The narrowest of what a filter, the parameter `query` decoded, asks for by equality:
  /// `{"url":"/a"}`, `{"url":{"$in":["/a","/b"]}}`. Nothing = it asks for nothing so, or only for
  /// values that are not comparable, in groups, or that the CMS itself sets.
  static std::optional<RequiredValues> of_filter(std::string_view filter);
};

}  // namespace larder
