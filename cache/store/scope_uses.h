// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cache/scope/scope_mac.h"

namespace larder {

/// How busy a scope is: the number of seconds in which it was used. Half of that is forgotten every
/// ten minutes. Times are seconds of the wall clock; one that runs back changes nothing.
struct ScopeUse {
  std::uint32_t last_s = 0;   ///< last use; 0 = never
  std::uint32_t seconds = 0;  ///< as of `last_s`

  /// The same after a use at `now_s`.
  ScopeUse used(std::uint32_t now_s) const;
  /// What is left of `seconds` at `now_s`.
  std::uint32_t left(std::uint32_t now_s) const;
};

/// The use of the scopes in the store. Any thread notes uses, without a lock: of two at the same
/// moment one may be lost. A place is found by the MAC, which nobody can aim. Scopes that share a
/// place look as busy as both together.
class ScopeUses {
 public:
  /// Memory: 64 bytes for each scope, at most 512 KiB.
  explicit ScopeUses(std::size_t max_scopes);

  void note(const ScopeMac& scope, std::uint32_t now_s) noexcept;
  ScopeUse of(const ScopeMac& scope) const noexcept;
  void set(const ScopeMac& scope, const ScopeUse& use) noexcept;

 private:
  using Place = std::atomic<std::uint64_t>;  ///< last_s above, seconds below
  std::size_t index_of(const ScopeMac& scope) const noexcept;

  std::vector<Place> places_;
};

/// The use of scopes that are not in the store, by what they would have stored. Each MAC has one
/// place, from which the next one of that place displaces it. One thread's.
class ScopeNewcomers {
 public:
  explicit ScopeNewcomers(std::size_t max_scopes);

  /// Its use, this one included.
  ScopeUse note(const ScopeMac& scope, std::uint32_t now_s);
  ScopeUse of(const ScopeMac& scope) const;

 private:
  struct Place {
    ScopeMac scope;
    ScopeUse use;
  };
  std::vector<Place> places_;
};

}  // namespace larder
