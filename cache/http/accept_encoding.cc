// SPDX-License-Identifier: Apache-2.0
#include "cache/http/accept_encoding.h"

#include "conf/base/octets.h"

namespace larder {
namespace {

/// weight = "0" [ "." 0*3DIGIT ] / "1" [ "." 0*3"0" ]; true above zero. Malformed = not accepted:
/// identity can always be read.
bool is_positive_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[1] != '.')) return false;
  const std::string_view fraction = text.size() > 2 ? text.substr(2) : std::string_view{};
  if (text[0] == '1') return fraction.find_first_not_of('0') == std::string_view::npos;
  return text[0] == '0' && fraction.find_first_not_of("0123456789") == std::string_view::npos &&
         fraction.find_first_not_of('0') != std::string_view::npos;
}

/// Of what stands behind the coding's name: `;q=0.5`, or nothing.
bool accepts(std::string_view parameters) {
  parameters = trim(parameters);
  if (parameters.empty()) return true;
  const std::size_t equals = parameters.find('=');
  if (parameters.front() != ';' || equals == std::string_view::npos) return false;
  const std::string_view name = trim(parameters.substr(1, equals - 1));
  return equals_ignoring_case(name, "q") && is_positive_weight(trim(parameters.substr(equals + 1)));
}

}  // namespace

void AcceptedEncodings::note(Word& word, bool accepted) {
  if (word != Word::yes) word = accepted ? Word::yes : Word::no;
}

void AcceptedEncodings::add(std::string_view value) {
  while (!value.empty()) {
    const std::string_view element = take_list_element(value);
    const std::size_t end = element.find(';');
    const std::string_view coding = trim(element.substr(0, end));
    const std::string_view parameters =
        end == std::string_view::npos ? std::string_view{} : element.substr(end);
    if (coding == "*") {
      note(any_, accepts(parameters));
    } else if (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip")) {
      note(gzip_, accepts(parameters));
    }
  }
}

}  // namespace larder
