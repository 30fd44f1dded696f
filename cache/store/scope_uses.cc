// SPDX-License-Identifier: Apache-2.0
#include "cache/store/scope_uses.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace larder {
namespace {

constexpr std::uint32_t kHalvingS = 600;
constexpr std::size_t kPlacesPerScope = 8;
constexpr std::size_t kMostPlaces = 65'536;
constexpr std::size_t kMostNewcomers = 4'096;

std::uint64_t packed(const ScopeUse& use) {
  return std::uint64_t{use.last_s} << 32 | use.seconds;
}

ScopeUse unpacked(std::uint64_t word) {
  return {static_cast<std::uint32_t>(word >> 32), static_cast<std::uint32_t>(word)};
}

std::size_t hash_of(const ScopeMac& scope) {
  std::uint64_t hash = 0;
  std::memcpy(&hash, scope.bytes.data() + 16, sizeof hash);
  return hash;
}

}  // namespace

std::uint32_t ScopeUse::left(std::uint32_t now_s) const {
  if (now_s <= last_s) return seconds;
  const std::uint32_t halvings = now_s / kHalvingS - last_s / kHalvingS;
  return halvings < 32 ? seconds >> halvings : 0;
}

ScopeUse ScopeUse::used(std::uint32_t now_s) const {
  if (now_s <= last_s) return *this;
  return {now_s, left(now_s) + 1};
}

ScopeUses::ScopeUses(std::size_t max_scopes)
    : places_(std::bit_ceil(std::clamp<std::size_t>(max_scopes, 1, kMostPlaces / kPlacesPerScope) *
                            kPlacesPerScope)) {}

std::size_t ScopeUses::index_of(const ScopeMac& scope) const noexcept {
  return hash_of(scope) & (places_.size() - 1);
}

void ScopeUses::note(const ScopeMac& scope, std::uint32_t now_s) noexcept {
  Place& place = places_[index_of(scope)];
  const ScopeUse use = unpacked(place.load(std::memory_order_relaxed));
  // Once a second at most: hits of all threads read this word, and writing it costs each of them.
  if (now_s > use.last_s) place.store(packed(use.used(now_s)), std::memory_order_relaxed);
}

ScopeUse ScopeUses::of(const ScopeMac& scope) const noexcept {
  return unpacked(places_[index_of(scope)].load(std::memory_order_relaxed));
}

void ScopeUses::set(const ScopeMac& scope, const ScopeUse& use) noexcept {
  places_[index_of(scope)].store(packed(use), std::memory_order_relaxed);
}

ScopeNewcomers::ScopeNewcomers(std::size_t max_scopes)
    : places_(std::clamp<std::size_t>(max_scopes, 1, kMostNewcomers)) {}

ScopeUse ScopeNewcomers::of(const ScopeMac& scope) const {
  const Place& place = places_[hash_of(scope) % places_.size()];
  return place.scope == scope ? place.use : ScopeUse{};
}

ScopeUse ScopeNewcomers::note(const ScopeMac& scope, std::uint32_t now_s) {
  Place& place = places_[hash_of(scope) % places_.size()];
  if (place.scope != scope) place = {scope, {}};
  place.use = place.use.used(now_s);
  return place.use;
}

}  // namespace larder
