// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "cache/body/chunk.h"
#include "cache/store/object.h"
#include "cache/store/scope_label.h"

namespace larder {

struct StoreShared;

/// One object on its way into the store, from Store::begin(): append() the body as it arrives, then
/// commit(). Destroyed without a commit it leaves nothing: no row, and its share of
/// `cache.max_pending` is given back. The pieces stay in memory until the commit. Belongs to one
/// thread at a time; ends before the Store.
class StoreWrite {
 public:
  /// Told on the writer's thread once the object is visible to every later snapshot (true) or was
  /// dropped (false).
  using Done = std::function<void(bool committed)>;

  ~StoreWrite() { give_back(); }
  StoreWrite(StoreWrite&& other) noexcept;
  StoreWrite& operator=(StoreWrite&& other) noexcept;
  StoreWrite(const StoreWrite&) = delete;
  StoreWrite& operator=(const StoreWrite&) = delete;

  /// False = too large, or no room within `cache.max_pending`: give up, nothing can be committed.
  bool append(Chunk piece);
  /// Bytes appended.
  std::uint64_t length() const { return length_; }

  /// Hands the object over, with all that was appended as its body, of `head.meta.body_length`
  /// bytes. Commits and purges keep the order in which they were handed over. False = refused (the
  /// queue is full, or the head too large): `done` is not called.
  bool commit(ObjectHead head, ScopeLabel scope, Done done) &&;

 private:
  friend class Store;
  /// `held` of the bound is its share already.
  StoreWrite(StoreShared& shared, std::uint64_t max_length, std::uint64_t held)
      : shared_(&shared), max_length_(max_length), held_(held) {}
  bool hold(std::uint64_t bytes);
  void give_back() noexcept;

  StoreShared* shared_;
  std::uint64_t max_length_;
  std::uint64_t held_;
  std::uint64_t length_ = 0;
  bool failed_ = false;
  std::vector<Chunk> body_;
};

}  // namespace larder
