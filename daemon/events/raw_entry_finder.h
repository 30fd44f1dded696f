// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/body/json_events.h"
#include "cache/body/json_text_buffer.h"
#include "cache/tags/entry_values.h"
#include "cache/tags/entry_version.h"
#include "cache/tags/tag_finder.h"

namespace larder {

/// Finds an entry that lies on a path in a JSON text, and which version of it refers to what.
/// References of old content types are lists of uids alone: each text in a list counts as one.
class RawEntryFinder final : public JsonEvents {
 public:
  /// The names of the members that lead to it, "" for each element of an array; they outlive this.
  explicit RawEntryFinder(std::vector<std::string_view> path) : path_(std::move(path)) {}

  /// The last one that has ended, and whose version and references are all known: once. Its content
  /// type is not told.
  std::optional<RawEntry> take();
  /// By which values filters select the last one that has ended; nothing = not known. Once.
  std::optional<std::vector<FieldValue>> take_values();
  /// It has this member: of all that take() gives for one. For the last one that began.
  bool names_creator() const { return names_creator_; }

  void on_open(JsonContainer container, unsigned depth) override;
  void on_close(JsonContainer container, unsigned depth) override;
  void on_text(JsonText kind, std::string_view part, bool last, unsigned depth) override;
  void on_literal(JsonLiteral literal, unsigned depth) override;

 private:
  bool inside() const { return finder_.has_value(); }
  /// As the TagFinder sees it.
  unsigned depth_inside(unsigned depth) const {
    return depth - static_cast<unsigned>(path_.size()) + 1;
  }
  void take_text(std::string_view part, bool last, unsigned depth);
  void begin();
  void end();

  const std::vector<std::string_view> path_;
  std::size_t matched_ = 0;  ///< so many open containers lie on the path
  JsonTextBuffer text_{64};
  std::string key_;  ///< the last one below those
  TagSet tags_;
  std::optional<TagFinder> finder_;  ///< while the entry comes
  std::vector<bool> arrays_;         ///< the containers around, by depth_inside(): is it one?
  JsonTextBuffer value_{128};        ///< longer than any uid
  bool names_creator_ = false;
  EntryValues reading_values_;
  std::optional<RawEntry> found_;
  std::optional<std::vector<FieldValue>> values_;
};

}  // namespace larder
