// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "cache/http/representation.h"

/// Validators that larder makes (RFC 9110 section 8.8.3). Pure.
namespace larder {

/// A strong entity tag: XXH3-128 over the content coding and the bytes of the body, and of nothing
/// else. So two nodes, or one that has lost its cache, give the same tag to the same answer.
struct EntityTag {
  std::array<std::uint8_t, 16> bytes{};
  friend bool operator==(const EntityTag&, const EntityTag&) = default;
};

/// Feeds the body in pieces; create one per body.
class EntityTagBuilder {
 public:
  explicit EntityTagBuilder(Representation coding);
  ~EntityTagBuilder();
  EntityTagBuilder(EntityTagBuilder&&) noexcept;
  EntityTagBuilder& operator=(EntityTagBuilder&&) noexcept;
  void add(std::string_view piece);
  EntityTag finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// `"` + 32 hex digits + `"`.
std::string format_entity_tag(const EntityTag& tag);

}  // namespace larder
