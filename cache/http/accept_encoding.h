// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace larder {

/// Accept-Encoding (RFC 9110 section 12.5.3), gathered field by field: may the answer be gzip?
/// Where the client says nothing it may not: some read identity only and do not say so.
class AcceptedEncodings {
 public:
  void add(std::string_view value);
  /// `gzip` with a weight above 0, or `*` with one where gzip is not named.
  bool gzip() const { return gzip_ == Word::yes || (gzip_ == Word::unsaid && any_ == Word::yes); }

 private:
  enum class Word { unsaid, no, yes };
  static void note(Word& word, bool accepted);
  Word gzip_ = Word::unsaid;
  Word any_ = Word::unsaid;
};

}  // namespace larder
