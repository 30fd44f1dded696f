// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "cache/scope/scope_table.h"
#include "conf/base/secret.h"

namespace larder {

/// Scopes already proven, by the tuple that the client sent; the least recently used leaves first.
/// Found by a secret hash, then compared byte by byte. Finding allocates nothing.
class ScopeMemo {
 public:
  ScopeMemo(const InstallSecret& secret, std::size_t max_scopes);
  /// nullptr = not known.
  std::shared_ptr<const Scope> find(std::string_view tuple);
  void remember(std::string_view tuple, std::shared_ptr<const Scope> scope);

 private:
  struct Entry {
    std::uint64_t hash;
    Secret tuple;
    std::shared_ptr<const Scope> scope;
  };
  std::array<std::uint8_t, 192> hash_secret_;
  std::size_t max_scopes_;
  std::list<Entry> recent_;  ///< most recent first
  std::unordered_map<std::uint64_t, std::list<Entry>::iterator> by_hash_;
};

}  // namespace larder
