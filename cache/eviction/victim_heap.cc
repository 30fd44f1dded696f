// SPDX-License-Identifier: Apache-2.0
#include "cache/eviction/victim_heap.h"

#include <algorithm>

#include "conf/base/check.h"

namespace larder {
namespace {

constexpr std::size_t kChildren = 4;
constexpr auto kRelaxed = std::memory_order_relaxed;

std::size_t parent_of(std::size_t place) {
  return (place - 1) / kChildren;
}

bool earlier(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) < 0;
}

}  // namespace

bool VictimHeap::leaves_before(const Entry& a, const Entry& b) {
  if (a.priority != b.priority) return a.priority < b.priority;
  return earlier(a.touched, b.touched);
}

VictimHeap::Entry VictimHeap::entry_of(std::uint32_t slot) const {
  const UseRecord& record = records_.at(slot);
  return {record.priority.load(kRelaxed), record.touched.load(kRelaxed), slot};
}

void VictimHeap::put(std::size_t place, const Entry& entry) {
  entries_[place] = entry;
  records_.at(entry.slot).place = static_cast<std::uint32_t>(place);
}

void VictimHeap::sift_up(std::size_t place, const Entry& entry) {
  while (place > 0 && leaves_before(entry, entries_[parent_of(place)])) {
    put(place, entries_[parent_of(place)]);
    place = parent_of(place);
  }
  put(place, entry);
}

void VictimHeap::sift_down(std::size_t place, const Entry& entry) {
  while (true) {
    const std::size_t first = place * kChildren + 1;
    if (first >= entries_.size()) break;
    const Entry* const all = entries_.data();
    const Entry* const end = all + std::min(first + kChildren, entries_.size());
    const Entry* const least = std::min_element(all + first, end, leaves_before);
    if (!leaves_before(*least, entry)) break;
    const auto next = static_cast<std::size_t>(least - all);
    put(place, *least);
    place = next;
  }
  put(place, entry);
}

// Grows by an eighth: doubling would hold up to twice the memory.
void VictimHeap::add(std::uint32_t slot) {
  if (entries_.size() == entries_.capacity()) {
    entries_.reserve(entries_.size() + entries_.size() / 8 + 64);
  }
  entries_.emplace_back();
  sift_up(entries_.size() - 1, entry_of(slot));
}

void VictimHeap::remove(std::uint32_t slot) {
  const std::size_t place = records_.at(slot).place;
  LARDER_CHECK(place < entries_.size() && entries_[place].slot == slot);
  const Entry last = entries_.back();
  entries_.pop_back();
  if (last.slot == slot) return;
  if (place > 0 && leaves_before(last, entries_[parent_of(place)])) {
    sift_up(place, last);
  } else {
    sift_down(place, last);
  }
}

std::optional<VictimHeap::Lowest> VictimHeap::lowest() {
  if (entries_.empty()) return std::nullopt;
  while (true) {
    const Entry now = entry_of(entries_.front().slot);
    sift_down(0, now);
    if (entries_.front().slot == now.slot) return Lowest{now.slot, now.priority};
  }
}

void VictimHeap::forget_ticks_before(std::uint32_t oldest) {
  for (const Entry& entry : entries_) {
    std::atomic<std::uint32_t>& touched = records_.at(entry.slot).touched;
    std::uint32_t seen = touched.load(kRelaxed);
    // A worker that touches it meanwhile wins.
    if (earlier(seen, oldest)) touched.compare_exchange_strong(seen, oldest, kRelaxed);
  }
  for (Entry& entry : entries_) {
    if (earlier(entry.touched, oldest)) entry.touched = oldest;
  }
  // That keeps the order of all pairs, but for those it makes equal: the heap is still one.
}

}  // namespace larder
