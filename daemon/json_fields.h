// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "daemon/printable.h"

/// What larderctl takes out of the daemon's answers, which may be those of another version: a field
/// that is missing or of another type is like one that is empty. `Json` is one of nlohmann's.
namespace larder {

/// Fit for a terminal.
template <class Json>
std::string text_of(const Json& in, const char* name) {
  const auto found = in.find(name);
  return found != in.end() && found->is_string() ? printable(found->template get<std::string>())
                                                 : std::string();
}

template <class Json>
std::uint64_t number_of(const Json& in, const char* name) {
  const auto found = in.find(name);
  return found != in.end() && found->is_number_unsigned() ? found->template get<std::uint64_t>()
                                                          : 0;
}

/// That may be negative.
template <class Json>
std::int64_t signed_of(const Json& in, const char* name) {
  const auto found = in.find(name);
  return found != in.end() && found->is_number_integer() ? found->template get<std::int64_t>() : 0;
}

template <class Json>
bool is_set(const Json& in, const char* name) {
  const auto found = in.find(name);
  return found != in.end() && found->is_boolean() && found->template get<bool>();
}

template <class Json>
const Json& part_of(const Json& in, const char* name) {
  static const Json none = Json::object();
  const auto found = in.find(name);
  return found != in.end() && found->is_object() ? *found : none;
}

template <class Json>
const Json& list_of(const Json& in, const char* name) {
  static const Json none = Json::array();
  const auto found = in.find(name);
  return found != in.end() && found->is_array() ? *found : none;
}

/// Of the numbers in a list or an object.
template <class Json>
std::uint64_t sum_of(const Json& numbers) {
  std::uint64_t sum = 0;
  for (const Json& one : numbers) {
    sum += one.is_number_unsigned() ? one.template get<std::uint64_t>() : 0;
  }
  return sum;
}

}  // namespace larder
