// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "cache/request/request.h"
#include "cache/request/request_rules.h"
#include "conf/base/secret.h"
#include "conf/config.h"

namespace larder {

/// A header block that llhttp has taken from a GET over HTTP/1.1, its last blank line included.
/// What it means does not depend on the target before it, nor on the values of fields that nobody
/// reads: blocks that differ in these alone need no second parse.
class KnownHeader {
 public:
  static constexpr std::size_t kMaxBytes = 4 * 1024;  ///< longer blocks are not remembered
  /// What the rules for a header's size may count beyond its bytes: one for each of 64 fields.
  static constexpr std::size_t kSizeMargin = 64;

  /// A value in a block, from behind its colon to its line end.
  struct Span {
    std::size_t begin = 0;
    std::size_t length = 0;
  };

  /// Of fields that may differ and are told all the same; length 0 = there is none.
  struct Told {
    Span request_id;    ///< the first X-Request-Id
    Span trace_parent;  ///< the only traceparent
  };

  /// Takes the place of what was remembered here, which is wiped. `fields` are views into `block`.
  /// False = not to be remembered: too long, to be refused, or of a form that match() could not
  /// compare; then nothing changes.
  bool learn(std::string_view block, std::span<const HeaderView> fields, bool must_close,
             std::uint64_t id, const Config& config);

  /// The length of the block at the start of `rest` if it means the same as this one: equal byte by
  /// byte, or but for values of fields that nobody reads, which then are such as llhttp takes. 0 =
  /// it does not, or only llhttp can tell. `told` gets the places of the values in `rest`, with the
  /// blanks around them.
  std::size_t match(std::string_view rest, Told& told) const;

  /// Never 0 in a filled one, and never twice in a process's parser.
  std::uint64_t id() const { return id_; }
  bool must_close() const { return must_close_; }
  /// Those that somebody reads. Of the others another block may have other values.
  std::span<const HeaderView> fields() const { return fields_; }
  const HeaderSurvey& survey() const { return survey_; }
  void forget();

 private:
  std::uint64_t id_ = 0;
  Secret bytes_;            ///< tokens are in it
  std::vector<Span> free_;  ///< values that nobody reads
  Told told_;
  std::vector<HeaderView> fields_;  ///< into `bytes_`
  HeaderSurvey survey_;             ///< of all fields; views into `bytes_`
  std::size_t max_bytes_ = 0;
  bool must_close_ = false;
};

/// Of a field's name.
bool is_request_id(std::string_view name);
bool is_trace_parent(std::string_view name);

/// Does larder, HTTP/1.1's framing or the operator's lists of headers make use of this field?
bool is_read(std::string_view name, const UpstreamConfig& upstream);

}  // namespace larder
