// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cache/http/freshness.h"
#include "cache/http/representation.h"
#include "cache/request/kind.h"
#include "cache/scope/key.h"
#include "cache/store/scope_label.h"
#include "conf/base/result.h"

namespace larder {

/// A stored answer as an operator sees it: never its token, nor its body.
struct ListedObject {
  ScopeLabel scope;
  CacheKey key;
  /// path and query, and what else of the request is in its key
  std::string path, query, variants, early_access, forwarded;
  Representation representation = Representation::identity;
  Kind kind = Kind::entry;
  int status = 200;
  /// Nothing: no lookup uses it any more, for it was purged hard, or a lookup finds it damaged.
  std::optional<Freshness> freshness;
  bool purged = false;      ///< by its tags, since it was stored
  std::uint64_t epoch = 0;  ///< the number of the last purge when its fill began
  WallTime stored;
  WallTime fresh_until;
  /// As a lookup has it, purges considered; without `freshness` that of its storing.
  Lifetime lifetime;
  std::uint64_t body_bytes = 0;   ///< as it is sent
  std::vector<std::string> tags;  ///< TagNames::take()
  std::size_t unnamed_tags = 0;
  std::string fields;          ///< of its head, `Name: value\r\n` lines
  std::uint64_t sequence = 0;  ///< ObjectView::sequence
  std::uint32_t pieces = 1;    ///< in which Store::piece() gives its body
  std::uint32_t uses = 0;      ///< StoreReader::uses()
};

struct ObjectView;

/// What the row of an object says, but for its fields and tags. Pure.
ListedObject listed_object(const ScopeLabel& scope, const CacheKey& key, const ObjectView& head);

/// `found`: what a lookup of it gives at `now`.
void settle_state(ListedObject& object, const std::optional<ObjectView>& found, WallTime now);

/// What a listing tells of each object besides its state. Names of tags take reading bodies.
enum class ListDepth : std::uint8_t { tags, heads };

/// What is stored of one URL, or in some scopes.
struct UrlListing {
  /// Of one listing: objects, and octets of JSON text that are read for names.
  static constexpr std::size_t kMostObjects = 256;
  static constexpr std::uint64_t kMostText = 64u << 20;

  std::vector<ListedObject> objects;
  bool more = false;               ///< there are more than were to be listed
  std::vector<ScopeLabel> scopes;  ///< those in the store, when there is no object
  std::optional<Error> error;
};

}  // namespace larder
