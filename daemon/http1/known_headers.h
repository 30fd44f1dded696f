// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cache/request/request.h"
#include "conf/base/secret.h"

namespace larder {

/// A header block that llhttp has taken from a GET over HTTP/1.1, its last blank line included.
/// What it means does not depend on the target before it, so the same bytes need no second parse.
struct KnownHeader {
  Secret bytes;                    ///< tokens are in it: wiped when another takes its place
  std::vector<HeaderView> fields;  ///< into `bytes`
  bool must_close = false;
  std::uint64_t id = 0;  ///< never 0 in a filled one, and never twice in a process's parser
};

/// The last few header blocks of one parser: an SDK sends the same one with every request.
class KnownHeaders {
 public:
  static constexpr std::size_t kMaxBytes = 4 * 1024;  ///< longer blocks are not remembered

  /// The one that `rest` starts with, or null. Where `rest` has more than one request, only the one
  /// found last is looked for.
  const KnownHeader* find(std::string_view rest);
  /// `fields` are views into `block`. What find() gave before may end here.
  void learn(std::string_view block, const HeaderView* fields, std::size_t count, bool must_close);

 private:
  static constexpr std::size_t kPlaces = 16;

  std::array<KnownHeader, kPlaces> places_;
  KnownHeader* last_ = &places_[0];
  std::size_t oldest_ = 0;  ///< who was learnt longest ago leaves first
  std::uint64_t next_id_ = 1;
};

}  // namespace larder
