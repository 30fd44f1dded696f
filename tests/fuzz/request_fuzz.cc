// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cache/request/canonical.h"
#include "cache/request/classify.h"
#include "cache/request/query_string.h"
#include "conf/base/check.h"
#include "conf/base/octets.h"
#include "daemon/http1/request_memo.h"
#include "daemon/http1/request_parser.h"
#include "tests/fuzz/fuzz_input.h"
#include "upstream/origin_request.h"

// Bytes of a client -> request parser -> classification -> canonical form -> request to the origin.
// Input: one octet of settings ('@' = the defaults), then the bytes.
//
// Checked against rules that are written here once more, as plainly as they can be: what is
// accepted is one request without a body; no preview, no management credential and no timeline
// reaches the cache; the canonical form is its own canonical form; nothing of the client ends a
// line of the request to the origin or adds a credential to its URL; and neither where the input is
// cut into reads nor what a memo knows of earlier inputs changes anything.

namespace larder::fuzz {
namespace {

using Outcome = RequestParser::Outcome;

enum Setting : std::uint8_t { kPreviewListener = 1, kStrictToken = 2, kAllowAuth = 4, kSmall = 8 };

Config config_for(std::uint8_t settings) {
  Config config;
  config.preview.strict_token = (settings & kStrictToken) != 0;
  config.preview.allow_authorization = (settings & kAllowAuth) != 0;
  if (settings & kSmall) config.server.max_target_bytes = config.server.max_header_bytes = 128;
  config.upstream.forward_headers = {"x-site", "accept-language"};
  config.upstream.forward_headers_unkeyed = {"x-trace"};
  return config;
}

/// One set of settings, and what is used again for each input.
struct Setup {
  explicit Setup(std::uint8_t settings)
      : config(config_for(settings)),
        role(settings & kPreviewListener ? ListenerConfig::Role::preview
                                         : ListenerConfig::Role::delivery) {}
  Config config;
  ListenerConfig::Role role;
  RequestParser parser{config.server};
  RequestParser cut_parser{config.server};
  RequestMemo memo{std::make_shared<const Settings>(Settings{config, 1})};  ///< of all inputs
  RequestParser knowing_parser{config.server, &memo};
  Decoded scratch;
  Decoded memo_scratch;
};

Setup& setup_for(std::uint8_t settings) {
  static std::array<Setup, 16> setups = [] {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return std::array<Setup, 16>{Setup(static_cast<std::uint8_t>(I))...};
    }
    (std::make_index_sequence<16>());
  }();
  return setups[settings & 15];
}

// ---- a second reader of requests ----

struct Field {
  std::string_view name;
  std::string_view value;
};

/// A request's header as RFC 9112 has it in its strictest reading: no bare CR or LF, no folding.
struct PlainRequest {
  bool sound = false;
  std::string_view method, target, version;
  std::vector<Field> fields;
  std::size_t length = 0;
};

bool read_request_line(std::string_view line, PlainRequest& request) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return false;
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  request.version = line.substr(last + 1);
  return request.target.find(' ') == std::string_view::npos;
}

bool read_field(std::string_view line, PlainRequest& request) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view name = line.substr(0, colon);
  if (!all_octets(name, kTokenChar)) return false;
  request.fields.push_back({name, trim(line.substr(colon + 1))});
  return true;
}

void read_plainly(std::string_view bytes, PlainRequest& request) {
  request.sound = false;
  request.fields.clear();
  std::size_t at = bytes.find_first_not_of("\r\n");
  bool first = true;
  while (true) {
    const std::size_t end = bytes.find("\r\n", at);
    if (end == std::string_view::npos) return;
    const std::string_view line = bytes.substr(at, end - at);
    at = end + 2;
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) return;
    if (line.empty()) break;
    if (first ? !read_request_line(line, request) : !read_field(line, request)) return;
    first = false;
  }
  request.length = at;
  request.sound = true;
}

char folded(char c) {
  return c == '-' ? '_' : to_lower(c);
}

bool is_named(std::string_view name, std::string_view wanted) {
  return name.size() == wanted.size() && std::equal(name.begin(), name.end(), wanted.begin(),
                                                    [](char a, char b) { return folded(a) == b; });
}

std::string decoded(std::string_view text) {
  std::string out(text.size(), '\0');
  out.resize(static_cast<std::size_t>(percent_decode(text, out.data()) - out.data()));
  return out;
}

/// The query's parameters, names and values decoded.
std::vector<std::pair<std::string, std::string>> parameters(std::string_view target) {
  std::vector<std::pair<std::string, std::string>> found;
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return found;
  std::string_view query = target.substr(mark + 1);
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    found.emplace_back(decoded(pair.substr(0, equals)),
                       decoded(pair.substr(std::min(equals + 1, pair.size()))));
  }
  return found;
}

/// The name of a query's parameter is that of `wanted`, or one by which people misspell it.
bool is_parameter_named(std::string_view name, std::string_view wanted) {
  constexpr std::array<std::array<std::string_view, 2>, 5> kMisspelt{{
      {"accesstoken", "access_token"},
      {"deliverytoken", "access_token"},
      {"previewtoken", "preview_token"},
      {"livepreview", "live_preview"},
      {"managementtoken", "management_token"},
  }};
  return is_named(name, wanted) ||
         std::any_of(kMisspelt.begin(), kMisspelt.end(), [&](const auto& other) {
           return other[1] == wanted && name.find('-') == std::string_view::npos &&
                  is_named(name, other[0]);
         });
}

std::size_t count_of(const PlainRequest& request, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(request.fields.begin(), request.fields.end(),
                    [name](const Field& field) { return is_named(field.name, name); }));
}

/// A field of this name that is not empty and not `except` stands in the header or the query.
bool says(const PlainRequest& request, std::string_view name, std::string_view except = "") {
  for (const Field& field : request.fields) {
    if (is_named(field.name, name) && !field.value.empty() && field.value != except) return true;
  }
  for (const auto& [key, value] : parameters(request.target)) {
    if (is_parameter_named(key, name) && !value.empty() && value != except) return true;
  }
  return false;
}

/// Credentials of the management API; those of a website in front (Basic and the like) are not.
bool says_management(const PlainRequest& request) {
  if (says(request, "authtoken")) return true;
  for (const auto& [key, value] : parameters(request.target)) {
    if (is_named(key, "authorization") && !value.empty()) return true;
  }
  for (const Field& field : request.fields) {
    if (!is_named(field.name, "authorization") || field.value.empty()) continue;
    const std::size_t blank = std::min(field.value.find(' '), field.value.size());
    std::string scheme(field.value.substr(0, blank));
    for (char& c : scheme) c = to_lower(c);
    const bool site = scheme == "basic" || scheme == "digest" || scheme == "negotiate";
    if (!site || blank == field.value.size()) return true;
  }
  return false;
}

// ---- what must hold ----

void check_parsed(RequestParser& parser, std::string_view bytes, const PlainRequest& plain) {
  LARDER_CHECK(plain.sound);
  const RequestView view = parser.view(bytes);
  LARDER_CHECK(parser.method_name() == plain.method && view.target == plain.target);
  LARDER_CHECK(view.headers.size() == plain.fields.size());
  for (std::size_t i = 0; i < plain.fields.size(); ++i) {
    LARDER_CHECK(view.headers[i].name == plain.fields[i].name);
    LARDER_CHECK(view.headers[i].value == plain.fields[i].value);
  }
}

void check_framing_of_accepted(const PlainRequest& plain, std::size_t consumed) {
  LARDER_CHECK(consumed == plain.length);
  LARDER_CHECK(plain.method == "GET" || plain.method == "HEAD" || plain.method == "OPTIONS");
  LARDER_CHECK(plain.version == "HTTP/1.1" || plain.version == "HTTP/1.0");
  const std::size_t hosts = count_of(plain, "host");
  LARDER_CHECK(hosts == 1 || (hosts == 0 && plain.version == "HTTP/1.0"));
  LARDER_CHECK(count_of(plain, "transfer_encoding") == 0);
  LARDER_CHECK(count_of(plain, "content_length") <= 1 && !says(plain, "expect"));
  for (const Field& field : plain.fields) {
    if (is_named(field.name, "content_length")) LARDER_CHECK(field.value == "0");
  }
}

void check_route(const RequestFields& fields, const PlainRequest& plain, const Setup& setup) {
  if (plain.method == "OPTIONS") {
    LARDER_CHECK(fields.route == Route::preflight);
    return;
  }
  if (setup.role == ListenerConfig::Role::preview || says(plain, "live_preview", "init") ||
      (setup.config.preview.strict_token && says(plain, "preview_token"))) {
    LARDER_CHECK(fields.route == Route::preview);
  }
  const bool management = says_management(plain);
  if (fields.route == Route::cached) {
    LARDER_CHECK(!management && says(plain, "access_token") && says(plain, "api_key"));
    LARDER_CHECK(!says(plain, "release_id") && !says(plain, "preview_timestamp"));
    LARDER_CHECK(fields.path.starts_with("/v3/"));
  }
  if (fields.route == Route::pass) {
    LARDER_CHECK(!management || setup.config.preview.allow_authorization);
  }
}

/// No parameter bears the name of a credential or of a preview, whatever its escapes.
void check_no_credential_in(std::string_view url) {
  for (const auto& [key, value] : parameters(url)) {
    const std::string_view name = std::string_view(key).substr(0, key.find('['));
    for (const std::string_view credential :
         {"access_token", "preview_token", "authorization", "authtoken", "management_token",
          "live_preview", "api_key"}) {
      LARDER_CHECK(!is_parameter_named(name, credential));
    }
  }
}

void check_origin_request(const OriginRequest& request, std::string_view host) {
  LARDER_CHECK(request.host == host && request.url.starts_with(std::string(host) + "/"));
  for (const char c : request.url) LARDER_CHECK(is_octet(c, kVisible) && c != '#');
  std::size_t api_keys = 0, tokens = 0, branches = 0;
  for (const std::string& line : request.headers) {
    const std::size_t colon = line.find(": ");
    LARDER_CHECK(colon != std::string::npos && colon > 0);
    const std::string_view name = std::string_view(line).substr(0, colon);
    LARDER_CHECK(all_octets(name, kTokenChar));
    for (const char c : line) LARDER_CHECK(!is_octet(c, kControl) || c == '\t');
    LARDER_CHECK(!is_named(name, "host") && !is_named(name, "content_length"));
    LARDER_CHECK(!is_named(name, "transfer_encoding") && !is_named(name, "connection"));
    api_keys += is_named(name, "api_key");
    tokens += is_named(name, "access_token");
    branches += is_named(name, "branch");
  }
  LARDER_CHECK(api_keys <= 1 && tokens <= 1 && branches <= 1);
}

void append_encoded(std::string_view text, std::string& out) {
  const std::size_t before = out.size();
  out.resize(before + 3 * text.size());
  out.resize(static_cast<std::size_t>(percent_encode(text, out.data() + before) - out.data()));
}

/// A request that says what the canonical form says.
void write_request(const RequestFields& fields, const CanonicalRequest& canonical,
                   std::string& out) {
  out.assign("GET ").append(canonical.path).append("?environment=");
  if (canonical.send_environment) append_encoded(fields.environment, out);
  for (const auto& [name, value] : {std::pair("authorization", fields.authorization),
                                    std::pair("authtoken", fields.authtoken)}) {
    out.append("&").append(name).append("=");
    append_encoded(value, out);
  }
  if (!canonical.query.empty()) out.append("&").append(canonical.query);
  out.append(" HTTP/1.1\r\nHost: h\r\napi_key: ").append(fields.api_key);
  out.append("\r\naccess_token: ").append(fields.access_token);
  out.append("\r\nbranch: ").append(fields.branch);
  out.append("\r\nx-cs-variant-uid: ").append(canonical.variants);
  out.append("\r\nx-header-ea: ").append(canonical.early_access);
  out.append(canonical.representation == Representation::gzip ? "\r\nAccept-Encoding: gzip\r\n"
                                                              : "\r\n");
  out.append(canonical.forwarded).append("\r\n");
}

/// Said again by its canonical form, the request has the same canonical form.
void check_idempotent(const RequestFields& fields, const CanonicalRequest& canonical,
                      const Setup& setup) {
  struct Again {
    Config config;
    Decoded scratch;
    CanonicalRequest canonical;
    std::string text, first, second;
    Again() {
      config.server.max_target_bytes = config.server.max_header_bytes = 1 << 20;
      config.preview.allow_authorization = true;
    }
  };
  static Again again;
  static RequestParser parser{again.config.server};
  constexpr std::size_t kFieldsBesides = 8;
  const auto lines = std::count(canonical.forwarded.begin(), canonical.forwarded.end(), '\n');
  if (static_cast<std::size_t>(lines) > 64 - kFieldsBesides) return;
  write_request(fields, canonical, again.text);
  parser.reset();
  LARDER_CHECK(parser.feed(again.text) == Outcome::complete);
  const RequestView view = parser.view(again.text);
  const auto result = classify(view, again.config, ListenerConfig::Role::delivery, again.scratch);
  const auto* same = std::get_if<RequestFields>(&result);
  LARDER_CHECK(same != nullptr && same->kind == fields.kind);
  canonicalise(*same, view, setup.config.upstream.forward_headers, again.canonical);
  const std::size_t length = write_canonical_bytes(canonical, again.first);
  LARDER_CHECK(length == write_canonical_bytes(again.canonical, again.second));
  LARDER_CHECK(again.first == again.second);
}

void check_answer_of_cut_input(const Setup& setup, RequestParser& parser, RequestParser& cut,
                               Outcome outcome, std::string_view bytes, std::size_t at) {
  cut.reset();
  const std::string part(bytes.substr(0, at));  // the bytes may move between two reads
  Outcome again = cut.feed(part);
  if (again == Outcome::incomplete) again = cut.feed(bytes);
  LARDER_CHECK(again == outcome);
  if (outcome == Outcome::complete) {
    LARDER_CHECK(cut.consumed() == parser.consumed() && cut.must_close() == parser.must_close());
    LARDER_CHECK(cut.view(bytes).target == parser.view(bytes).target);
  }
  // What is too large and wrong besides is refused for what is met first.
  if (outcome == Outcome::refused && bytes.size() < setup.config.server.max_target_bytes) {
    LARDER_CHECK(cut.refusal().status == parser.refusal().status);
  }
}

/// The fields of a view that somebody reads.
std::vector<HeaderView> read_fields(const RequestView& view, const Setup& setup) {
  std::vector<HeaderView> fields;
  for (const HeaderView& field : view.headers) {
    if (is_read(field.name, setup.config.upstream)) fields.push_back(field);
  }
  return fields;
}

/// The second time the memo knows the header, if it is one that it keeps.
void check_answer_with_memo(Setup& setup, RequestParser& plain, Outcome outcome,
                            std::string_view bytes) {
  RequestParser& parser = setup.knowing_parser;
  for (int time = 0; time < 2; ++time) {
    parser.reset();
    const Outcome again = parser.feed(bytes);
    if (again == Outcome::complete && outcome == Outcome::refused) {
      // Octets of the target that llhttp would have refused: the rules refuse them as well.
      const auto result =
          classify(parser.view(bytes), setup.config, setup.role, setup.memo_scratch);
      LARDER_CHECK(std::holds_alternative<Refusal>(result));
      continue;
    }
    LARDER_CHECK(again == outcome);
    if (outcome != Outcome::complete) continue;
    LARDER_CHECK(parser.consumed() == plain.consumed());
    LARDER_CHECK(parser.must_close() == plain.must_close());
    const RequestView view = parser.view(bytes);
    const RequestView expected = plain.view(bytes);
    LARDER_CHECK(view.target == expected.target);
    const auto mine = read_fields(view, setup);
    const auto theirs = read_fields(expected, setup);
    LARDER_CHECK(std::equal(mine.begin(), mine.end(), theirs.begin(), theirs.end(),
                            [](const HeaderView& a, const HeaderView& b) {
                              return a.name == b.name && a.value == b.value;
                            }));
    const auto one = classify(view, setup.config, setup.role, setup.memo_scratch);
    const auto* refusal = std::get_if<Refusal>(&one);
    const auto two = classify(expected, setup.config, setup.role, setup.scratch);
    const auto* expected_refusal = std::get_if<Refusal>(&two);
    LARDER_CHECK((refusal == nullptr) == (expected_refusal == nullptr));
    if (refusal != nullptr) LARDER_CHECK(refusal->status == expected_refusal->status);
  }
}

void check_accepted(const RequestFields& fields, const RequestView& view, const PlainRequest& plain,
                    const Setup& setup) {
  static CanonicalRequest canonical;
  check_route(fields, plain, setup);
  Scope scope;
  scope.delivery_host = "https://cdn.test";
  scope.api_key = fields.api_key;
  scope.environment = fields.environment;
  scope.branch = fields.branch;
  const UpstreamConfig& upstream = setup.config.upstream;
  switch (fields.route) {
    case Route::cached: {
      canonicalise(fields, view, upstream.forward_headers, canonical);
      check_no_credential_in("?" + canonical.query);
      check_idempotent(fields, canonical, setup);
      const OriginRequest request =
          delivery_request(canonical, scope, fields.access_token,
                           header_lines(view, upstream.forward_headers_unkeyed));
      check_origin_request(request, scope.delivery_host);
      check_no_credential_in(request.url);
      break;
    }
    case Route::pass:
      canonicalise(fields, view, upstream.forward_headers, canonical);
      check_idempotent(fields, canonical, setup);
      check_origin_request(pass_request(fields, scope), scope.delivery_host);
      break;
    case Route::preview:
      check_origin_request(preview_request(fields, "https://preview.test"), "https://preview.test");
      break;
    case Route::preflight:
      break;
  }
}

void run(std::uint8_t settings, std::string_view bytes) {
  static PlainRequest plain;
  Setup& setup = setup_for(settings);
  RequestParser& parser = setup.parser;
  parser.reset();
  const Outcome outcome = parser.feed(bytes);
  if (bytes.size() > 1) {
    DerivedNumbers numbers(bytes);
    check_answer_of_cut_input(setup, parser, setup.cut_parser, outcome, bytes,
                              1 + numbers.below(bytes.size() - 1));
  }
  check_answer_with_memo(setup, parser, outcome, bytes);
  if (outcome == Outcome::refused) {
    LARDER_CHECK(parser.refusal().status >= 400 && parser.refusal().close);
  }
  if (outcome != Outcome::complete) return;
  LARDER_CHECK(parser.consumed() > 0 && parser.consumed() <= bytes.size());
  read_plainly(bytes, plain);
  check_parsed(parser, bytes, plain);
  const RequestView view = parser.view(bytes);
  const auto result = classify(view, setup.config, setup.role, setup.scratch);
  if (const auto* refusal = std::get_if<Refusal>(&result)) {
    LARDER_CHECK(refusal->status >= 400 && refusal->status < 600);
    LARDER_CHECK(parser.must_close() || refusal->close || parser.consumed() == plain.length);
    return;
  }
  check_framing_of_accepted(plain, parser.consumed());
  check_accepted(std::get<RequestFields>(result), view, plain, setup);
}

}  // namespace
}  // namespace larder::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  larder::fuzz::FuzzInput input(data, size);
  const std::uint8_t settings = input.octet();
  larder::fuzz::run(settings, input.rest());
  return 0;
}
