// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/store/store.h"

/// What an entry of the bus's stream says. Pure. An entry holds names of content, never a token.
namespace larder {

/// Of an entry: `ms-sequence`, as Redis gives it; later ones are greater.
struct BusId {
  std::uint64_t ms = 0;
  std::uint64_t sequence = 0;
  friend auto operator<=>(const BusId&, const BusId&) = default;
};

std::string to_text(const BusId& id);
/// Nothing = the text is no such id.
std::optional<BusId> parse_bus_id(std::string_view text);

/// Names and values by turns.
using BusFields = std::vector<std::string>;

/// For the purge that `node` has made. What is too large for an entry, or has names that fit into
/// none, becomes a purge of the scopes that it is about.
BusFields purge_entry(const std::string& node, const PurgeOrder& order);
/// `node` cannot tell what it has not sent: whoever reads this purges all scopes.
BusFields gap_entry(const std::string& node);
/// Means nothing. A position needs an entry of its own to be found again.
BusFields mark_entry(const std::string& node);

/// What whoever reads an entry does about it.
struct BusReading {
  enum class What : std::uint8_t {
    nothing,    ///< it is this node's own, or a mark
    purge,      ///< `order`
    unreadable  ///< all scopes are to be purged: it may mean any of them
  };
  What what = What::nothing;
  PurgeOrder order = {};
};

/// Of an entry of a stream that others write to as well: any bytes. `node`: this one.
BusReading read_bus_entry(const BusFields& fields, std::string_view node);

/// Everything that is stored may be outdated, nobody knows since when: PurgeOrder::missed.
PurgeOrder purge_of_all_scopes();

/// Bounds of one entry. A longer one is unreadable.
inline constexpr std::size_t kMaxBusFields = 2 * 512;
inline constexpr std::size_t kMaxBusValueBytes = 16 * 1'024;
inline constexpr std::size_t kMaxBusEntryBytes = 64 * 1'024;

}  // namespace larder
