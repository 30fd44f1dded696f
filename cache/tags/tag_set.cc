// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/tag_set.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace larder {
namespace {

constexpr std::size_t kTagBytes = 8;

void append(std::string& out, Tag tag) {
  for (std::size_t i = 0; i < kTagBytes; ++i) {
    out.push_back(static_cast<char>(tag.hash >> (8 * i) & 0xff));
  }
}

void make_set(std::vector<Tag>& tags) {
  std::sort(tags.begin(), tags.end());
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
}

bool has_tag(std::string_view carried, Tag wanted) {
  std::size_t low = 0;
  std::size_t high = tag_count(carried);
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const Tag tag = tag_at(carried, middle);
    if (tag == wanted) return true;
    if (tag < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return false;
}

}  // namespace

std::size_t tag_count(std::string_view carried) {
  return carried.size() / kTagBytes;
}

Tag tag_at(std::string_view carried, std::size_t index) {
  Tag tag;
  for (std::size_t i = kTagBytes; i-- > 0;) {
    tag.hash = tag.hash << 8 | static_cast<unsigned char>(carried[index * kTagBytes + i]);
  }
  return tag;
}

void TagSet::Bounded::add(Tag tag) {
  if (overflown_ || (!tags_.empty() && tags_.back() == tag)) return;
  tags_.push_back(tag);
  if (tags_.size() >= 2 * most_) settle();
}

bool TagSet::Bounded::settle() {
  make_set(tags_);
  if (tags_.size() > most_) {
    overflown_ = true;
    tags_ = {};
  }
  return !overflown_;
}

void TagSet::add_entry(std::string_view content_type, std::string_view uid) {
  entries_.add(entry_tag(uid));
  add_content_of(content_type);
}

void TagSet::add_reference(std::string_view content_type, std::string_view uid) {
  entries_.add(reference_tag(uid));
  add_content_of(content_type);
}

void TagSet::add_stub(std::string_view content_type, std::string_view uid) {
  entries_.add(stub_tag(uid));
  add_content_of(content_type);
}

void TagSet::add_shown(std::optional<EntryVersion> version) {
  if (version && shown_.size() < kMostEntries) {
    shown_.push_back(*version);
  } else {
    unknown_shown_ = true;
  }
}

void TagSet::add_publishing(const Publishing& publishing) {
  if (publishings_.size() < kMostEntries) publishings_.push_back(publishing);
}

std::optional<std::vector<EntryVersion>> TagSet::take_shown() {
  auto shown = std::exchange(shown_, {});
  return unknown_shown_ ? std::nullopt : std::optional(std::move(shown));
}

std::optional<std::vector<Tag>> TagSet::entries() {
  if (!entries_.settle() || !others_.settle()) return std::nullopt;
  const auto& others = others_.tags();
  if (std::binary_search(others.begin(), others.end(), unknown_tag())) return std::nullopt;
  return entries_.tags();
}

void TagSet::add_content_of(std::string_view content_type) {
  if (content_type.empty()) {
    typeless_entry_ = true;
  } else {
    add_content(content_type);
  }
}

void TagSet::add_content(std::string_view content_type) {
  others_.add(content_tag(content_type));
  lists_.add(list_tag(content_type));
}

std::string TagSet::take() {
  const bool every_entry = entries_.settle();
  bool exact = others_.settle() && (every_entry || !typeless_entry_);
  std::vector<Tag> all = others_.tags();
  const auto include = [&](const Bounded& part) {
    all.insert(all.end(), part.tags().begin(), part.tags().end());
  };
  include(entries_);
  if (!every_entry) {
    exact = lists_.settle() && exact;
    include(lists_);
  }
  if (assets_.settle()) {
    include(assets_);
  } else {
    all.push_back(asset_list_tag());
  }
  if (!exact) all = {unknown_tag()};
  make_set(all);
  std::string carried;
  carried.reserve(all.size() * kTagBytes);
  for (const Tag tag : all) append(carried, tag);
  *this = {};
  return carried;
}

bool has_any_tag(std::string_view carried, std::span<const Tag> wanted) {
  return std::any_of(wanted.begin(), wanted.end(), [&](Tag tag) { return has_tag(carried, tag); });
}

}  // namespace larder
