// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cache/store/epochs.h"
#include "cache/store/object.h"
#include "cache/store/scope_label.h"
#include "cache/store/store.h"

namespace larder {

/// Which stored objects a purge means, to count them while it holds already, or without it.
class PurgeSelection {
 public:
  /// By rows: of `order`, which does not raise epochs. `scopes`: those that it selects.
  PurgeSelection(const PurgeOrder& order, std::vector<ScopeLabel> scopes);
  /// By tags: `purge`, before it is carried out. Keeps what its rows of `epochs` are then, so that
  /// an object that was purged before does not count.
  PurgeSelection(Epochs::Purge purge, const Epochs& epochs, std::vector<ScopeLabel> scopes);

  /// `epochs`: as they are now.
  bool selects(const ObjectView& head, const Epochs& epochs) const;
  const std::vector<ScopeLabel>& scopes() const { return scopes_; }
  /// Index in scopes(); nothing = of none of them.
  std::optional<std::size_t> scope_of(const ScopeMac& mac) const;

 private:
  struct Tags {
    Epochs::Purge purge;
    std::uint64_t number = 0;  ///< of the purge
    std::uint64_t everything = 0;
    std::unordered_map<std::uint64_t, std::uint64_t> before;  ///< tag_in() -> number, 0 = none
  };
  bool selects_by_tags(const ObjectView& head, const Epochs& epochs) const;
  bool was_purged(const ObjectView& head, const Epochs& epochs) const;

  PurgeOrder order_;
  std::vector<ScopeLabel> scopes_;  ///< in the order of their MACs
  std::string url_;                 ///< of a URL: how canonical bytes begin
  std::optional<Tags> tags_;
};

}  // namespace larder
