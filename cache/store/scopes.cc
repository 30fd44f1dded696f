// SPDX-License-Identifier: Apache-2.0
#include "cache/store/scopes.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "cache/request/canonical.h"

namespace larder {
namespace {

// A row of `scopes`: u64 XXH3-64 of the rest seeded with that of the MAC; i64 ms of the last store
// (at most kRewriteMs behind); then delivery host, api key, environment and branch, each as
// u32 length and bytes.

// The row "scopes" of `meta`: how many rows `scopes` has, and all their MACs by exclusive or. A
// scope that is lost from the table would be missed by purges.
constexpr std::string_view kSumKey = "scopes";
struct Sum {
  std::uint64_t rows = 0;
  std::array<std::uint8_t, 32> macs{};
  void add(const ScopeMac& mac) {
    ++rows;
    for (std::size_t i = 0; i < macs.size(); ++i) macs[i] ^= mac.bytes[i];
  }
  std::string_view view() const { return {reinterpret_cast<const char*>(this), sizeof *this}; }
};
static_assert(sizeof(Sum) == 40);

/// How far the time in a row may lag behind: spares a write with every store.
constexpr std::int64_t kRewriteMs = 60'000;

std::uint32_t seconds_of(std::int64_t ms) {
  return static_cast<std::uint32_t>(ms / 1'000);
}

std::string_view view(const ScopeMac& mac) {
  return {reinterpret_cast<const char*>(mac.bytes.data()), mac.bytes.size()};
}

std::uint64_t checksum(const ScopeMac& mac, std::string_view rest) {
  const std::uint64_t seed = XXH3_64bits(mac.bytes.data(), mac.bytes.size());
  return XXH3_64bits_withSeed(rest.data(), rest.size(), seed);
}

template <class Number>
void append(std::string& out, Number number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

template <class Number>
bool take(std::string_view& rest, Number& out) {
  if (rest.size() < sizeof out) return false;
  std::memcpy(&out, rest.data(), sizeof out);
  rest.remove_prefix(sizeof out);
  return true;
}

bool take_text(std::string_view& rest, std::string& out) {
  std::uint32_t length = 0;
  if (!take(rest, length) || length > rest.size()) return false;
  out.assign(rest.substr(0, length));
  rest.remove_prefix(length);
  return true;
}

std::string encode(const ScopeBook::Entry& entry) {
  std::string rest;
  append(rest, entry.stored_ms);
  const ScopeLabel& label = entry.label;
  for (const std::string* text :
       {&label.delivery_host, &label.api_key, &label.environment, &label.branch}) {
    append(rest, static_cast<std::uint32_t>(text->size()));
    rest += *text;
  }
  std::string row;
  append(row, checksum(label.mac, rest));
  return row + rest;
}

std::optional<ScopeBook::Entry> decode(const Row& row) {
  ScopeBook::Entry entry;
  if (row.key.size() != entry.label.mac.bytes.size()) return std::nullopt;
  std::memcpy(entry.label.mac.bytes.data(), row.key.data(), row.key.size());
  std::string_view rest = row.value;
  std::uint64_t sum = 0;
  if (!take(rest, sum) || sum != checksum(entry.label.mac, rest)) return std::nullopt;
  ScopeLabel& label = entry.label;
  const bool whole = take(rest, entry.stored_ms) && take_text(rest, label.delivery_host) &&
                     take_text(rest, label.api_key) && take_text(rest, label.environment) &&
                     take_text(rest, label.branch) && rest.empty();
  if (!whole) return std::nullopt;
  entry.written_ms = entry.stored_ms;
  return entry;
}

}  // namespace

std::size_t ScopeBook::MacHash::operator()(const ScopeMac& mac) const {
  std::size_t hash = 0;
  std::memcpy(&hash, mac.bytes.data(), sizeof hash);
  return hash;
}

Result<void> ScopeBook::load(const Environment& environment) {
  clear();
  ReadTxn txn(environment);
  bool damaged = false;
  Result<void> read = txn.for_each(environment.scopes, [&](const Row& row) {
    std::optional<Entry> entry = decode(row);
    damaged = !entry;
    if (entry) uses_.note(entry->label.mac, seconds_of(entry->stored_ms));
    if (entry) entries_.emplace(entry->label.mac, std::move(*entry));
    return !damaged;
  });
  if (damaged) return fail(Error::Code::corrupt, "a row of the table of scopes is damaged");
  if (!read) return read;
  Sum sum;
  for (const auto& [mac, entry] : entries_) sum.add(mac);
  const auto expected = txn.get(environment.meta, kSumKey);
  if (expected ? *expected != sum.view() : sum.rows != 0) {
    return fail(Error::Code::corrupt, "a row of the table of scopes is lost");
  }
  return {};
}

void ScopeBook::write_sum(WriteTxn& txn) const {
  Sum sum;
  for (const auto& [mac, entry] : entries_) sum.add(mac);
  txn.put(txn.environment().meta, kSumKey, sum.view());
}

ScopeBook::Verdict ScopeBook::judge_newcomer(const ScopeMac& mac, std::int64_t now_ms) {
  const std::uint32_t now_s = seconds_of(now_ms);
  const ScopeUse newcomer = newcomers_.note(mac, now_s);
  if (!lacks_room_for(1)) return {};
  const auto idlest =
      std::min_element(entries_.begin(), entries_.end(), [this](const auto& a, const auto& b) {
        return uses_.of(a.first).last_s < uses_.of(b.first).last_s;
      });
  if (idlest == entries_.end()) return {};
  if (newcomer.left(now_s) <= uses_.of(idlest->first).left(now_s)) return {false, std::nullopt};
  return {true, idlest->first};
}

bool PurgeOrder::selects_scope(std::string_view its_api_key, std::string_view its_environment,
                               std::string_view its_branch) const {
  const auto may_be = [](std::string_view wanted, std::string_view has) {
    return wanted.empty() || has.empty() || wanted == has;
  };
  const bool by_alias = std::find(aliases.begin(), aliases.end(), its_branch) != aliases.end();
  return may_be(api_key, its_api_key) && may_be(environment, its_environment) &&
         (by_alias || may_be(branch, its_branch));
}

bool PurgeOrder::selects_url(std::string_view its_path, std::string_view its_query) const {
  if (what == What::url) return path == its_path && query == its_query;
  return what != What::path || is_at_or_below(its_path, path);
}

std::vector<ScopeLabel> ScopeBook::matching(const PurgeOrder& order) const {
  std::vector<ScopeLabel> found;
  for (const auto& [mac, entry] : entries_) {
    const ScopeLabel& label = entry.label;
    if (order.selects_scope(label.api_key, label.environment, label.branch)) found.push_back(label);
  }
  return found;
}

std::vector<ScopeLabel> ScopeBook::labels(std::size_t at_most) const {
  std::vector<ScopeLabel> some;
  for (const auto& [mac, entry] : entries_) {
    if (some.size() == at_most) break;
    some.push_back(entry.label);
  }
  return some;
}

void ScopeBook::note(WriteTxn& txn, const ScopeLabel& label, std::int64_t now_ms) {
  const auto found = entries_.find(label.mac);
  const bool known = found != entries_.end();
  if (!known) uses_.set(label.mac, newcomers_.of(label.mac));
  uses_.note(label.mac, seconds_of(now_ms));
  if (known && now_ms - found->second.written_ms < kRewriteMs &&
      now_ms >= found->second.written_ms) {
    found->second.stored_ms = now_ms;
    return;
  }
  undo_.emplace_back(label.mac, known ? std::optional(found->second) : std::nullopt);
  Entry& entry = known ? found->second : entries_[label.mac];
  entry = Entry{label, now_ms, now_ms};
  txn.put(txn.environment().scopes, view(label.mac), encode(entry));
  if (!known) write_sum(txn);
}

void ScopeBook::note_again(WriteTxn& txn, const ScopeMac& mac, std::int64_t now_ms) {
  const auto found = entries_.find(mac);
  if (found == entries_.end()) return;
  const ScopeLabel label = found->second.label;
  note(txn, label, now_ms);
}

void ScopeBook::forget(WriteTxn& txn, const ScopeMac& mac) {
  const auto found = entries_.find(mac);
  if (found == entries_.end()) return;
  undo_.emplace_back(mac, std::move(found->second));
  entries_.erase(found);
  txn.erase(txn.environment().scopes, view(mac));
  write_sum(txn);
}

void ScopeBook::empty(WriteTxn& txn) {
  txn.empty(txn.environment().scopes);
  txn.erase(txn.environment().meta, kSumKey);
}

void ScopeBook::clear() {
  entries_.clear();
  undo_.clear();
}

void ScopeBook::rollback() {
  for (auto change = undo_.rbegin(); change != undo_.rend(); ++change) {
    if (change->second) {
      entries_[change->first] = std::move(*change->second);
    } else {
      entries_.erase(change->first);
    }
  }
  undo_.clear();
}

Result<void> check_scopes(const Environment& environment) {
  ScopeUses uses(0);
  ScopeBook book(0, uses);
  return book.load(environment);
}

}  // namespace larder
