// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/request_id.h"

#include <algorithm>
#include <string>
#include <vector>

#include "cache/request/query_string.h"
#include "conf/base/field_table.h"
#include "conf/base/octets.h"
#include "conf/base/redact_scan.h"

namespace larder {
namespace {

/// Fewer octets of a credential do not give it away.
constexpr std::size_t kLeastOfCredential = 6;
constexpr std::string_view kBetweenWords = " \t;,=";

bool has_token_shape(std::string_view text) {
  std::vector<Span> spans;
  find_token_shapes(text, spans);
  return !spans.empty();
}

/// Is it all of the credential or one of its words, or does one lie in the other?
bool gives_away(std::string_view id, std::string_view credential) {
  if (id == credential) return true;
  if (id.size() >= kLeastOfCredential && credential.find(id) != credential.npos) return true;
  while (!credential.empty()) {
    const std::string_view word = credential.substr(0, credential.find_first_of(kBetweenWords));
    if (word == id) return true;
    if (word.size() >= kLeastOfCredential && id.find(word) != id.npos) return true;
    credential.remove_prefix(std::min(word.size() + 1, credential.size()));
  }
  return false;
}

bool query_gives_away(std::string_view id, std::string_view target) {
  const auto question = target.find('?');
  std::string_view query = question == target.npos ? "" : target.substr(question + 1);
  QueryPair pair;
  while (take_pair(query, pair)) {
    if (!is_credential(query_name(pair.name).id)) continue;
    if (gives_away(id, percent_decoded(pair.value)) || gives_away(id, pair.value)) return true;
  }
  return false;
}

}  // namespace

RequestId RequestId::made(std::uint64_t number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  RequestId id;
  id.length_ = 16;
  for (std::size_t i = id.length_; i-- > 0; number >>= 4) id.text_[i] = kDigits[number & 15];
  return id;
}

RequestId RequestId::of_text(std::string_view text) {
  RequestId id;
  if (text.empty() || text.size() > kMaxBytes || !all_octets(text, kTokenChar)) return id;
  id.length_ = static_cast<std::uint8_t>(text.size());
  std::copy(text.begin(), text.end(), id.text_.begin());
  return id;
}

RequestId RequestId::of_client(const RequestView& request) {
  RequestId id = of_text(request.request_id);
  if (!id.empty() && gives_away_credential(request, id.text())) return {};
  return id;
}

bool gives_away_credential(const RequestView& request, std::string_view text) {
  if (has_token_shape(text) || query_gives_away(text, request.target)) return true;
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [text](const HeaderView& header) {
                       return is_credential(header.name) && gives_away(text, header.value);
                     });
}

TraceParent trace_of_client(const RequestView& request) {
  const TraceParent trace = TraceParent::of_text(request.trace_parent);
  return trace.empty() || gives_away_credential(request, trace.text()) ? TraceParent() : trace;
}

}  // namespace larder
