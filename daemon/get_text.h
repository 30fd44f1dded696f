// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "conf/base/result.h"

/// The daemon's answer to `GET /get`, JSON, and what larderctl makes of it. Pure.
namespace larder {

/// One of the stored objects.
struct PickedObject {
  std::string json;  ///< of it, with "path" and "query"
  std::uint64_t number = 0;
  std::uint64_t pieces = 0;
  std::uint64_t bytes = 0;  ///< of the body as it is stored
  bool gzip = false;
  bool usable = false;  ///< a lookup would find it
};

/// The one with `number`. Without that: of those that lookups find, if there are any, the one that
/// was stored last, which is to be of one scope and variant, whatever its coding and token. Errors:
/// invalid, where there are several (their numbers are told) or none, or this is no such JSON.
Result<PickedObject> pick_object(std::string_view json, std::optional<std::uint64_t> number);

/// All but the body, as lines for a person. Control characters do not go through.
std::string get_text(const PickedObject& object);

/// With "body"; one that is no UTF-8 is told by "body_error" instead. `body` null = without.
std::string get_json_of(const PickedObject& object, const std::string* body);

/// A body without what a terminal would obey.
std::string for_terminal(std::string body);

}  // namespace larder
