// SPDX-License-Identifier: Apache-2.0
#include "cache/store/epochs.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "cache/tags/tag_set.h"

namespace larder {
namespace {

constexpr auto kRead = std::memory_order_acquire;
constexpr auto kWrite = std::memory_order_release;

std::int64_t signed_of(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

/// Of two EpochRow::changed: what has changed stays so, whatever else may have.
WallTime later_change(WallTime a, WallTime b) {
  if (a.ms <= 0 && b.ms <= 0) return std::min(a, b);
  return {std::max(std::abs(a.ms), std::abs(b.ms))};
}

bool is_before(WallTime made_after, WallTime changed, WallTime now) {
  if (changed.ms >= 0) return made_after < changed;
  return made_after.ms < -changed.ms && now.ms + changed.ms < Epochs::kSuspectMs;
}

}  // namespace

void EpochChange::raise(const EpochRow& row) {
  dropped.erase(row.tag);
  raised.insert_or_assign(row.tag, row);
}

void EpochChange::drop(std::uint64_t tag) {
  raised.erase(tag);
  dropped.insert(tag);
}

void EpochChange::add(const EpochChange& later) {
  for (const std::uint64_t tag : later.dropped) drop(tag);
  for (const auto& [tag, row] : later.raised) raise(row);
}

Epochs::Epochs(std::size_t rows)
    : sets_(std::max<std::size_t>(1, rows / kWays)),
      tags_(std::make_unique<Number[]>(sets_ * kWays)),
      fields_(std::make_unique<Fields[]>(sets_ * kWays)) {}

std::uint64_t Epochs::whole_of(std::uint64_t place) {
  constexpr Tag kWhole{0x77686F6C65u};  // no tag's, but by chance
  return tag_in(place, kWhole);
}

// --- Lookups. A row that is displaced while it is read has raised that of its place before, and
// that of its place everything_. So those are looked at last.

std::optional<std::size_t> Epochs::slot_of(std::uint64_t tag) const {
  const std::size_t first = set_of(tag) * kWays;
  for (std::size_t i = first; i < first + kWays; ++i) {
    if (tags_[i].load(kRead) == tag) return i;
  }
  return std::nullopt;
}

void Epochs::look(std::uint64_t tag, std::uint64_t number, Milliseconds soft_for,
                  std::optional<Purged>& purged) const {
  const auto slot = slot_of(tag);
  if (!slot) return;
  const Fields& fields = fields_[*slot];
  // purge() writes in the opposite order: what is seen of a row that changes is never too kind.
  if (fields.number.load(kRead) <= number) return;
  const std::int64_t happened = signed_of(fields.happened.load(kRead));
  const bool soft = fields.before.load(kRead) <= number;
  const bool hard = fields.hard.load(kRead) > number;
  const std::int64_t until = soft ? happened + soft_for : 0;
  if (!purged) purged = Purged{.hard = false, .soft_until = {until}};
  purged->hard = purged->hard || hard;
  purged->soft_until.ms = std::min(purged->soft_until.ms, until);
}

std::optional<Epochs::Purged> Epochs::purged_since(std::uint64_t number, std::uint64_t place,
                                                   std::string_view tags,
                                                   Milliseconds soft_for) const {
  std::optional<Purged> purged;
  if (tags.empty()) look(tag_in(place, unknown_tag()), number, soft_for, purged);
  for (std::size_t i = 0; i < tag_count(tags); ++i) {
    look(tag_in(place, tag_at(tags, i)), number, soft_for, purged);
  }
  look(whole_of(place), number, soft_for, purged);
  if (everything_.load(kRead) > number) purged = Purged{.hard = true, .soft_until = {}};
  return purged;
}

std::uint64_t Epochs::shown_by(std::uint64_t number, std::uint64_t place, std::string_view tags,
                               WallTime made_after, WallTime now) const {
  std::uint64_t shown = number;
  const auto look_at = [&](std::uint64_t tag) {
    const auto slot = slot_of(tag);
    if (!slot) return;
    // What was purged later is purged anyway. put() writes the number last.
    const std::uint64_t purged = fields_[*slot].number.load(kRead);
    if (purged > number || purged == 0) return;
    const WallTime changed{signed_of(fields_[*slot].changed.load(kRead))};
    if (is_before(made_after, changed, now)) shown = std::min(shown, purged - 1);
  };
  for (std::size_t i = 0; i < tag_count(tags); ++i) look_at(tag_in(place, tag_at(tags, i)));
  look_at(whole_of(place));  // has the changes of what it displaced
  return shown;
}

std::optional<EpochRow> Epochs::find(std::uint64_t tag) const {
  const auto slot = slot_of(tag);
  return slot ? std::optional(row_at(*slot)) : std::nullopt;
}

EpochRow Epochs::row_at(std::size_t slot) const {
  const Fields& fields = fields_[slot];
  return {.tag = tags_[slot].load(kRead),
          .place = fields.place,
          .number = fields.number.load(kRead),
          .before = fields.before.load(kRead),
          .happened = {signed_of(fields.happened.load(kRead))},
          .hard = fields.hard.load(kRead),
          .changed = {signed_of(fields.changed.load(kRead))}};
}

std::vector<EpochRow> Epochs::rows() const {
  std::vector<EpochRow> rows;
  for (std::size_t slot = 0; slot < sets_ * kWays; ++slot) {
    if (tags_[slot].load(kRead) != 0) rows.push_back(row_at(slot));
  }
  return rows;
}

// --- Changes

void Epochs::put(std::size_t slot, const EpochRow& row) {
  Fields& fields = fields_[slot];
  fields.place = row.place;
  fields.changed.store(static_cast<std::uint64_t>(row.changed.ms), kWrite);
  fields.hard.store(row.hard, kWrite);
  fields.before.store(row.before, kWrite);
  fields.happened.store(static_cast<std::uint64_t>(row.happened.ms), kWrite);
  fields.number.store(row.number, kWrite);
  tags_[slot].store(row.tag, kWrite);
}

bool Epochs::is_whole(std::size_t slot) const {
  return tags_[slot].load(kRead) == whole_of(fields_[slot].place);
}

/// Its own place, a free one, or that of the row that was purged longest ago; none of `taken`.
std::size_t Epochs::slot_for(std::uint64_t tag, EpochChange& change,
                             std::vector<std::size_t>& taken) {
  if (const auto slot = slot_of(tag)) return *slot;
  const std::size_t first = set_of(tag) * kWays;
  std::optional<std::size_t> oldest;
  const auto rank = [&](std::size_t slot) {
    return std::pair(is_whole(slot), fields_[slot].number.load(kRead));
  };
  for (std::size_t i = first; i < first + kWays; ++i) {
    if (std::find(taken.begin(), taken.end(), i) != taken.end()) continue;
    if (tags_[i].load(kRead) == 0) return i;
    if (!oldest || rank(i) < rank(*oldest)) oldest = i;
  }
  taken.push_back(*oldest);
  displace(*oldest, change, taken);
  return slot_of(tag).value_or(*oldest);  // what was displaced may have been of this place
}

void Epochs::displace(std::size_t slot, EpochChange& change, std::vector<std::size_t>& taken) {
  constexpr std::size_t kMostDisplaced = 4;
  const EpochRow row = row_at(slot);
  const std::uint64_t whole = whole_of(row.place);
  if (row.tag == whole || taken.size() > kMostDisplaced) {
    everything_.store(std::max(everything_.load(), row.number), kWrite);
  } else {
    const std::size_t of_place = slot_for(whole, change, taken);
    EpochRow all = tags_[of_place].load(kRead) == whole ? row_at(of_place) : EpochRow{};
    all.tag = whole;
    all.place = row.place;
    all.number = std::max(all.number, row.number);
    all.before = std::max(all.before, row.number);  // nothing is served softly by it
    all.hard = std::max(all.hard, row.hard);
    all.changed = later_change(all.changed, row.changed);
    put(of_place, all);
    change.raise(all);
  }
  change.drop(row.tag);
  tags_[slot].store(0, kWrite);
}

/// Changes that follow each other while a purged object may still be served softly count as one.
void Epochs::raise(EpochRow row, Milliseconds soft_for, EpochChange& change) {
  std::vector<std::size_t> taken;
  const std::size_t slot = slot_for(row.tag, change, taken);
  if (tags_[slot].load(kRead) == row.tag) {
    const EpochRow old = row_at(slot);
    const bool merges = row.happened.ms < old.happened.ms + soft_for;
    row.before = merges ? old.before : old.number;
    if (merges) row.happened = std::min(old.happened, row.happened);
    row.hard = std::max(row.hard, old.hard);
    row.changed = later_change(row.changed, old.changed);
  }
  put(slot, row);
  change.raise(row);
}

EpochChange Epochs::purge(const std::vector<Purge>& purges, Milliseconds soft_for) {
  EpochChange change;
  const std::uint64_t number = last_.load() + 1;
  for (const Purge& purge : purges) {
    for (const std::uint64_t place : purge.places) {
      EpochRow row{.tag = 0,
                   .place = place,
                   .number = number,
                   .before = 0,
                   .happened = purge.happened,
                   .hard = purge.hard ? number : 0,
                   .changed = {}};
      for (const Tag tag : purge.tags) {
        const auto& dated = purge.changed_tags;
        const bool is_dated = std::binary_search(dated.begin(), dated.end(), tag);
        row.tag = tag_in(place, tag);
        row.changed = is_dated ? purge.changed : WallTime{-purge.changed.ms};
        raise(row, soft_for, change);
      }
      row.changed = {-purge.changed.ms};
      row.tag = whole_of(place);
      if (purge.whole) raise(row, soft_for, change);
    }
  }
  // A number without a row would not be written, and be given once more after a restart: objects
  // that carry it would pass for newer than what that purge means.
  if (!change.raised.empty()) last_.store(number, kWrite);
  return change;
}

void Epochs::restore(const std::vector<EpochRow>& rows, std::uint64_t last,
                     std::uint64_t everything) {
  EpochChange lost;  // rows that a smaller table has no room for
  for (EpochRow row : rows) {
    std::vector<std::size_t> taken;
    const std::size_t slot = slot_for(row.tag, lost, taken);
    // Known already, or just raised for one that was displaced: the stricter of both.
    if (tags_[slot].load(kRead) == row.tag) {
      const EpochRow known = row_at(slot);
      row.before = std::max(row.before, known.before);
      if (known.number != row.number) {
        row.before = std::max(row.before, std::min(known.number, row.number));
      }
      row.number = std::max(row.number, known.number);
      row.happened = std::min(row.happened, known.happened);
      row.hard = std::max(row.hard, known.hard);
      row.changed = later_change(row.changed, known.changed);
    }
    put(slot, row);
  }
  everything_.store(std::max(everything_.load(), everything), kWrite);
  last_.store(std::max(last_.load(), last), kWrite);
}

}  // namespace larder
