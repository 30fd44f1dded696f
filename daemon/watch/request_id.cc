// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/request_id.h"

#include <algorithm>
#include <vector>

#include "conf/base/field_table.h"
#include "conf/base/octets.h"
#include "conf/base/redact_scan.h"

namespace larder {
namespace {

/// Fewer octets at the end of a credential do not give it away.
constexpr std::size_t kLeastOfCredential = 6;

bool has_token_shape(std::string_view text) {
  std::vector<Span> spans;
  find_token_shapes(text, spans);
  return !spans.empty();
}

bool is_credential(std::string_view name) {
  const FieldId id = field_or_alias_of(name);
  return id != FieldId::none && row_of(id).has(kCredential);
}

/// Does the target give `id` as a credential, in a parameter that is written plainly?
bool is_given_in(std::string_view target, std::string_view id) {
  for (std::size_t at = target.find(id); at != std::string_view::npos;
       at = target.find(id, at + 1)) {
    if (at == 0 || target[at - 1] != '=') continue;
    const std::string_view before = target.substr(0, at - 1);
    const std::size_t begin = before.find_last_of("?&");
    if (begin != std::string_view::npos && is_credential(before.substr(begin + 1))) return true;
  }
  return false;
}

bool shows_credential_of(const RequestView& request, std::string_view id) {
  if (has_token_shape(id) || is_given_in(request.target, id)) return true;
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [id](const HeaderView& header) {
                       return !header.value.empty() && is_credential(header.name) &&
                              (id.find(header.value) != std::string_view::npos ||
                               (id.size() >= kLeastOfCredential && header.value.ends_with(id)));
                     });
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
  if (!id.empty() && shows_credential_of(request, id.text())) return {};
  return id;
}

}  // namespace larder
