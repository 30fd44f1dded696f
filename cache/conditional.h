// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "cache/scope.h"

/// Validators and conditional requests (RFC 9110 sections 8.8 and 13). Pure.
namespace larder {

/// A strong entity tag: 128 bits over (scope MAC, representation, body), so that a tag learnt in
/// one scope never matches in another.
struct EntityTag {
  std::array<std::uint8_t, 16> bytes{};
  friend bool operator==(const EntityTag&, const EntityTag&) = default;
};

/// Feeds the body in pieces; create one per body.
class EntityTagBuilder {
 public:
  EntityTagBuilder(const ScopeMac& scope, std::uint8_t representation);
  ~EntityTagBuilder();
  EntityTagBuilder(const EntityTagBuilder&) = delete;
  EntityTagBuilder& operator=(const EntityTagBuilder&) = delete;
  void add(std::string_view piece);
  EntityTag finish() const;

 private:
  struct State;
  State* state_;
};

/// `"` + 32 hex digits + `"`.
std::string format_entity_tag(const EntityTag& tag);

/// If-None-Match by weak comparison: `*`, or a list with this tag in it. Malformed lists do not match.
bool none_match_hits(std::string_view if_none_match, std::string_view quoted_tag);

}  // namespace larder
