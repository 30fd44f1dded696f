// SPDX-License-Identifier: Apache-2.0
#include "cache/store/held_rows.h"

#include "cache/store/format.h"

namespace larder {
namespace {

void remove_chunks(WriteTxn& txn, std::uint64_t sequence, std::uint32_t chunk_count) {
  for (std::uint32_t i = 0; i < chunk_count; ++i) {
    txn.erase(txn.environment().chunks, ChunkRowKey(sequence, i).view());
  }
}

}  // namespace

void remove_chunks(WriteTxn& txn, std::uint64_t sequence) {
  const ChunkRowKey first(sequence, 0);
  while (const auto row = txn.at_or_after(txn.environment().chunks, first.view())) {
    if (!row->key.starts_with(first.prefix())) return;
    const std::string found(row->key);
    if (!txn.erase(txn.environment().chunks, found)) return;
  }
}

void HeldRows::remove_or_hold(WriteTxn& txn, std::uint64_t sequence, std::uint32_t chunk_count,
                              std::uint64_t pages, MonotonicTime now) {
  if (chunk_count == 0) return;
  removes_ = true;
  if (leases_.begin_removal(sequence)) return remove_chunks(txn, sequence, chunk_count);
  txn.put(txn.environment().held, HeldRowKey(sequence).view(),
          {reinterpret_cast<const char*>(&chunk_count), sizeof chunk_count});
  const std::uint64_t order = next_order_++;
  enter(order, {sequence, chunk_count, pages, now.ms + hold_ms_});
  added_.push_back(order);
}

void HeldRows::enter(std::uint64_t order, const Held& held) {
  held_.emplace(order, held);
  pages_ += held.pages;
}

bool HeldRows::begin_removal_of_all(bool by_force) {
  if (!by_force && !held_.empty()) return false;
  removes_ = leases_.begin_removal_of_all(by_force);
  return removes_;
}

HeldRows::Objects::iterator HeldRows::remove(WriteTxn& txn, Objects::iterator one) {
  const auto [order, held] = *one;
  remove_chunks(txn, held.sequence, held.chunk_count);
  txn.erase(txn.environment().held, HeldRowKey(held.sequence).view());
  pages_ -= held.pages;
  taken_.emplace_back(order, held);
  return held_.erase(one);
}

void HeldRows::sweep(WriteTxn& txn, MonotonicTime now) {
  for (auto one = held_.begin(); one != held_.end() && txn.ok();) {
    const bool read = leases_.leased(one->second.sequence);
    const bool stays = read && now.ms < one->second.until_ms && pages_ <= max_pages_;
    cut_off_ += read && !stays;
    one = stays ? std::next(one) : remove(txn, one);
  }
}

bool HeldRows::remove_oldest(WriteTxn& txn) {
  if (held_.empty()) return false;
  cut_off_ += leases_.leased(held_.begin()->second.sequence);
  remove(txn, held_.begin());
  return true;
}

bool HeldRows::remove_left_over(WriteTxn& txn, unsigned objects) {
  const Table held = txn.environment().held;
  for (unsigned i = 0; i < objects; ++i) {
    const auto row = txn.at_or_after(held, HeldRowKey(0).view());
    if (!row) return false;
    const auto sequence = HeldRowKey::sequence_of(row->key);
    if (!sequence) {
      txn.fail_as_damaged("a row of the table of held rows");
      return false;
    }
    larder::remove_chunks(txn, *sequence);
    txn.erase(held, HeldRowKey(*sequence).view());
  }
  return true;
}

void HeldRows::commit(std::uint64_t transaction) {
  if (removes_) leases_.removed(transaction);
  removes_ = false;
  added_.clear();
  taken_.clear();
}

void HeldRows::rollback() {
  if (removes_) leases_.rolled_back();
  removes_ = false;
  for (const auto& [order, held] : taken_) enter(order, held);
  for (const std::uint64_t order : added_) {
    const auto one = held_.find(order);
    pages_ -= one->second.pages;
    held_.erase(one);
  }
  added_.clear();
  taken_.clear();
}

void HeldRows::clear() {
  held_.clear();
  added_.clear();
  taken_.clear();
  pages_ = 0;
}

}  // namespace larder
