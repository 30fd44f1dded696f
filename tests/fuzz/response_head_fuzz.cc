// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "cache/http/freshness.h"
#include "cache/http/response.h"
#include "conf/base/check.h"
#include "conf/base/octets.h"
#include "tests/fuzz/fuzz_input.h"

// The head of an origin's answer -> what is known of it -> may it be stored, for how long, and
// which fields go to clients. Input: one octet for the status, one for what was asked for and the
// policy, then the lines, each ended by LF (a CR stays in its line).
//
// The rules of what may never be stored or passed on are written here once more.

namespace larder::fuzz {
namespace {

constexpr std::array<int, 16> kStatuses = {200, 200, 200, 404, 422, 200, 206, 204,
                                           301, 304, 401, 403, 429, 500, 503, 999};

const std::vector<std::string> kUnkeyed = {"x-trace"};

struct Field {
  std::string name;  ///< lower case
  std::string_view value;
};

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
  return lower;
}

/// The fields of sound lines; `sound` is cleared if there is another one.
std::vector<Field> read_plainly(const std::vector<std::string_view>& lines, bool& sound) {
  std::vector<Field> fields;
  for (const std::string_view line : lines) {
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    const std::string_view value =
        colon == std::string_view::npos ? std::string_view{} : trim(line.substr(colon + 1));
    const bool control = std::any_of(value.begin(), value.end(),
                                     [](char c) { return is_octet(c, kControl) && c != '\t'; });
    if (colon == std::string_view::npos || name.empty() || !all_octets(name, kTokenChar) ||
        control) {
      sound = false;
    } else {
      fields.push_back({lower_case(name), value});
    }
  }
  return fields;
}

std::vector<std::string> elements(std::string_view list) {
  std::vector<std::string> found;
  while (!list.empty()) found.push_back(lower_case(take_list_element(list)));
  return found;
}

/// Without what stands in closed quotes.
std::string without_quoted(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') {
      std::size_t close = at + 1;
      while (close < text.size() && text[close] != '"') close += text[close] == '\\' ? 2 : 1;
      if (close < text.size()) {
        out += '_';
        at = close;
        continue;
      }
    }
    out += text[at];
  }
  return out;
}

bool forbids(std::string_view cache_control) {
  for (const std::string& element : elements(without_quoted(cache_control))) {
    const std::string_view name = trim(std::string_view(element).substr(0, element.find('=')));
    if (name == "no-store" || name == "private") return true;
  }
  return false;
}

bool is_json(std::string_view content_type) {
  return lower_case(trim(content_type.substr(0, content_type.find(';')))) == "application/json";
}

void check_storable(const ResponseFacts& facts, const std::vector<Field>& fields, bool sound,
                    Representation asked) {
  LARDER_CHECK(sound && (facts.status == 200 || facts.status == 404 || facts.status == 422));
  bool json = false;
  for (const auto& [name, value] : fields) {
    LARDER_CHECK(name != "set-cookie" && name != "set-cookie2" && name != "content-range");
    if (name == "cache-control") LARDER_CHECK(!forbids(value));
    if (name == "content-type") {
      LARDER_CHECK(is_json(value));
      json = true;
    }
    if (name == "content-encoding") {
      const std::string coding = lower_case(value);
      const bool gzip = coding == "gzip" || coding == "x-gzip";
      LARDER_CHECK(coding.empty() || coding == "identity" ||
                   (gzip && asked == Representation::gzip));
    }
    if (name == "content-length") {
      LARDER_CHECK(!value.empty() && std::all_of(value.begin(), value.end(), is_digit));
      LARDER_CHECK(facts.content_length.has_value());
    }
    if (name == "vary") {
      for (const std::string& element : elements(value)) {
        LARDER_CHECK(element != "*" && element != kUnkeyed.front());
      }
    }
  }
  LARDER_CHECK(json);
}

constexpr std::string_view kNeverPassed[] = {"connection",
                                             "keep-alive",
                                             "proxy-connection",
                                             "te",
                                             "trailer",
                                             "transfer-encoding",
                                             "upgrade",
                                             "set-cookie",
                                             "via",
                                             "set-cookie2",
                                             "proxy-authenticate",
                                             "x-request-id",
                                             "content-length",
                                             "x-timer",
                                             "x-served-by",
                                             "age",
                                             "date",
                                             "etag",
                                             "vary",
                                             "access_token",
                                             "authorization"};

/// `text` is lines that end in CRLF and hold no other control character but the tab.
std::vector<Field> lines_of_block(std::string_view text) {
  std::vector<Field> fields;
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    LARDER_CHECK(end != std::string_view::npos);
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    const std::size_t colon = line.find(": ");
    LARDER_CHECK(colon != std::string_view::npos && colon > 0);
    LARDER_CHECK(all_octets(line.substr(0, colon), kTokenChar));
    for (const char c : line) LARDER_CHECK(!is_octet(c, kControl) || c == '\t');
    fields.push_back({lower_case(line.substr(0, colon)), line.substr(colon + 2)});
  }
  return fields;
}

void check_passed(const ResponseFacts& facts, const std::vector<Field>& received) {
  for (const Field& field : lines_of_block(facts.passed)) {
    for (const std::string_view never : kNeverPassed) LARDER_CHECK(field.name != never);
    LARDER_CHECK(!field.name.starts_with("x-ratelimit-") && !field.name.starts_with("x-cache"));
    bool was_received = false;
    for (const auto& [name, value] : received) {
      was_received = was_received || (name == field.name && value == field.value);
      if (name != "connection") continue;
      for (const std::string& named : elements(value)) LARDER_CHECK(named != field.name);
    }
    LARDER_CHECK(was_received);
  }
}

void check_blocks(const ResponseFacts& facts) {
  const HeadBlocks blocks = build_head_blocks(facts, "\"e\"", 17, "");
  std::size_t lengths = 0;
  for (const Field& field : lines_of_block(blocks.entity)) {
    LARDER_CHECK(field.name == "content-type" || field.name == "content-encoding" ||
                 field.name == "content-length");
    if (field.name == "content-length") LARDER_CHECK(++lengths == 1 && field.value == "17");
  }
  for (const Field& field : lines_of_block(blocks.shared)) {
    LARDER_CHECK(field.name != "content-length" && field.name != "set-cookie");
  }
}

void check_lifetime(const ResponseFacts& facts, std::uint8_t choice) {
  const TtlPolicy policy{60, 300, 86'400};
  const WallTime now{1'700'000'000'000};
  const Lifetime life = lifetime_of(facts, policy, {now, now}, choice);
  LARDER_CHECK(life.stored.ms == now.ms && life.fresh_until.ms >= now.ms);
  LARDER_CHECK(life.revalidate_until.ms >= life.fresh_until.ms);
  LARDER_CHECK(life.error_until.ms >= life.fresh_until.ms);
  LARDER_CHECK(age_s(life, now) >= 0);
  if (facts.cache_control.no_cache) LARDER_CHECK(judge(life, now) != Freshness::fresh);
  Freshness before = Freshness::fresh;
  for (const std::int64_t later : {0LL, 30'000LL, 59'999LL, 200'000LL, 400'000LL, 90'000'000LL}) {
    const Freshness found = judge(life, WallTime{now.ms + later});
    LARDER_CHECK(found >= before);  // never better again
    before = found;
  }
  if (facts.cache_control.must_revalidate) {
    LARDER_CHECK(judge(life, WallTime{life.fresh_until.ms + 1}) == Freshness::expired);
  }
}

ResponseFacts facts_of(int status, const std::vector<std::string_view>& lines) {
  ResponseFacts facts;
  facts.status = status;
  for (const std::string_view line : lines) add_header_line(facts, line);
  return facts;
}

void run(FuzzInput input) {
  const int status = kStatuses[input.octet() % kStatuses.size()];
  const std::uint8_t choice = input.octet();
  const Representation asked = choice & 1 ? Representation::gzip : Representation::identity;
  static std::vector<std::string_view> lines;
  lines.clear();
  while (!input.rest().empty()) lines.push_back(input.take_until('\n'));
  const ResponseFacts facts = facts_of(status, lines);
  bool sound = true;
  const std::vector<Field> fields = read_plainly(lines, sound);
  const StoreVerdict verdict = may_store(facts, asked, kUnkeyed);
  if (verdict == StoreVerdict::storable) check_storable(facts, fields, sound, asked);
  check_passed(facts, fields);
  check_blocks(facts);
  check_lifetime(facts, choice);
  std::reverse(lines.begin(), lines.end());
  const StoreVerdict reversed = may_store(facts_of(status, lines), asked, kUnkeyed);
  LARDER_CHECK((verdict == StoreVerdict::storable) == (reversed == StoreVerdict::storable));
  LARDER_CHECK(may_share(verdict) == may_share(reversed));
}

}  // namespace
}  // namespace larder::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  larder::fuzz::run({data, size});
  return 0;
}
