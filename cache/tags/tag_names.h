// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "cache/body/json_events.h"
#include "cache/body/json_text_buffer.h"
#include "cache/tags/tag.h"

namespace larder {

/// Names the tags that an object carries, which are hashes, for people. Each name stands in the
/// request or in the JSON text of the answer: every text there is tried, and what hashes to a tag
/// that is carried names it. So it tells what is carried and nothing else, however a tag came to be
/// there. Takes memory for the carried tags alone.
class TagNames final : public JsonEvents {
 public:
  /// `carried`: as TagSet::take() gives it.
  explicit TagNames(std::string_view carried);

  /// Those of a CanonicalRequest.
  void try_request(std::string_view path, std::string_view query);

  void on_open(JsonContainer, unsigned) override {}
  void on_close(JsonContainer, unsigned) override {}
  void on_text(JsonText kind, std::string_view part, bool last, unsigned depth) override;
  void on_literal(JsonLiteral, unsigned) override {}

  /// `KIND:NAME`, or `KIND` of a tag that is about no certain thing; sorted. Once.
  std::vector<std::string> take();
  /// Tags whose names were not found.
  std::size_t unnamed() const { return unnamed_.size(); }

 private:
  /// Longer than any name in a tag, as in TagFinder.
  static constexpr std::size_t kMostText = 128;
  void try_name(std::string_view name);
  void try_path(std::string_view path);

  std::unordered_set<std::uint64_t> unnamed_;
  std::vector<std::string> names_;
  JsonTextBuffer text_{kMostText};
};

/// The tag of a name that TagNames gives, but for those of filters; an entry's may have its content
/// type before the uid, as in a purge. Nothing: there is no such kind.
std::optional<Tag> tag_named(std::string_view name);

}  // namespace larder
