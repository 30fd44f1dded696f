// SPDX-License-Identifier: Apache-2.0
#include "cache/scope/scope_memo.h"

#include <algorithm>
#include <string>

#include "cache/scope/derived_secret.h"

namespace larder {

ScopeMemo::ScopeMemo(const InstallSecret& secret, std::size_t max_scopes)
    : hash_secret_(derive_hash_secret(secret, "larder scope memo 1")),
      max_scopes_(std::max<std::size_t>(max_scopes, 1)) {
  by_hash_.reserve(max_scopes_);
}

std::shared_ptr<const Scope> ScopeMemo::find(std::string_view tuple) {
  // Most often the same as last time, which needs no hash.
  if (!recent_.empty() && recent_.front().tuple.reveal() == tuple) return recent_.front().scope;
  const auto found = by_hash_.find(secret_hash(tuple, hash_secret_));
  if (found == by_hash_.end() || found->second->tuple.reveal() != tuple) return nullptr;
  recent_.splice(recent_.begin(), recent_, found->second);
  return found->second->scope;
}

void ScopeMemo::remember(std::string_view tuple, std::shared_ptr<const Scope> scope) {
  const std::uint64_t hash = secret_hash(tuple, hash_secret_);
  if (const auto same = by_hash_.find(hash); same != by_hash_.end()) {
    recent_.erase(same->second);
    by_hash_.erase(same);
  }
  if (recent_.size() >= max_scopes_) {
    by_hash_.erase(recent_.back().hash);
    recent_.pop_back();
  }
  recent_.push_front(Entry{hash, Secret(std::string(tuple)), std::move(scope)});
  by_hash_.emplace(hash, recent_.begin());
}

}  // namespace larder
