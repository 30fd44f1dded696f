// SPDX-License-Identifier: Apache-2.0
#include "conf/base/redact.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <random>
#include <string>

#include "conf/base/json_text.h"

using namespace larder;

TEST_CASE("redact: the value behind a credential's name goes, the rest stays", "[conf]") {
  struct Case {
    const char* text;
    const char* redacted;
  };
  const auto c = GENERATE(values<Case>({
      // Headers: to the end of the line.
      {"access_token: abc", "access_token: [redacted]"},
      {"Access-Token:abc def", "Access-Token:[redacted]"},
      {"ACCESSTOKEN : abc", "ACCESSTOKEN : [redacted]"},
      {"x-access-token: abc", "x-access-token: [redacted]"},
      {"api_key: blt1\r\naccess_token: abc\r\nbranch: main\r\n",
       "api_key: blt1\r\naccess_token: [redacted]\r\nbranch: main\r\n"},
      {"authorization: Bearer abc def\nx: y", "authorization: [redacted]\nx: y"},
      {"Proxy-Authorization: Basic eDp5", "Proxy-Authorization: [redacted]"},
      {"authtoken: abc", "authtoken: [redacted]"},
      {"auth_token: abc", "auth_token: [redacted]"},
      {"management_token: abc", "management_token: [redacted]"},
      {"api-token: abc", "api-token: [redacted]"},
      {"cookie: a=b; c=d", "cookie: [redacted]"},
      {"Set-Cookie: a=b; c=d", "Set-Cookie: [redacted]"},
      {"live_preview: abc", "live_preview: [redacted]"},
      {"access_token: \"abc\"def", "access_token: [redacted]"},
      {"-H \"access_token: abc\" -v", "-H \"access_token: [redacted]"},
      // Queries: to the next parameter.
      {"/v3/x?access_token=abc&limit=1", "/v3/x?access_token=[redacted]&limit=1"},
      {"/v3/x?limit=1&preview_token=a,b;c%26d", "/v3/x?limit=1&preview_token=[redacted]"},
      {"GET /v3?live_preview=abc HTTP/1.1", "GET /v3?live_preview=[redacted] HTTP/1.1"},
      {"?access%5Ftoken=abc&x=y", "?access%5Ftoken=[redacted]&x=y"},
      {"?access%255Ftoken%253Dabc", "?access%255Ftoken%253D[redacted]"},
      {"?%61ccess_token=abc&x=y", "?%61ccess_token=[redacted]&x=y"},
      {"?ACCESS-TOKEN=abc&x=y", "?ACCESS-TOKEN=[redacted]&x=y"},
      {"?access_token%3Dabc", "?access_token%3D[redacted]"},
      {"?access_token[]=abc&x=y", "?access_token[]=[redacted]&x=y"},
      {"?access_token%5B0%5D=abc", "?access_token%5B0%5D=[redacted]"},
      {"?access_token[a]=abc&b=c", "?access_token[a]=[redacted]&b=c"},
      {"?access_token%5Ba%5D%5B%5D=abc", "?access_token%5Ba%5D%5B%5D=[redacted]"},
      {"?url=%2Fv3%3Faccess_token%3Dabc&x=y", "?url=%2Fv3%3Faccess_token%3D[redacted]&x=y"},
      {"?x=%access_token=abc", "?x=%access_token=[redacted]"},
      {"?x=%4access_token=abc", "?x=%4access_token=[redacted]"},
      {"?access_token=[a]bc&x=y", "?access_token=[redacted]&x=y"},
      {"?access_token='abc'def&x=y", "?access_token=[redacted]&x=y"},
      {"?authorization=Bearer abc", "?authorization=[redacted]"},
      // JSON.
      {R"({"access_token":"abc","x":"y"})", R"({"access_token":"[redacted]","x":"y"})"},
      {R"({ "access_token" : "a\"b" , "x":"y"})", R"({ "access_token" : "[redacted]" , "x":"y"})"},
      {R"({"access_token":"a\\","x":"y"})", R"({"access_token":"[redacted]","x":"y"})"},
      {R"({"access_token":["a","b"],"x":"y"})", R"({"access_token":[redacted],"x":"y"})"},
      {R"({"access_token":{"a":"b"},"x":"y"})", R"({"access_token":[redacted],"x":"y"})"},
      {R"({"access_token":17,"x":"y"})", R"({"access_token":[redacted],"x":"y"})"},
      {R"({"access\u005ftoken":"abc"})", R"({"access\u005ftoken":"[redacted]"})"},
      {R"("{\"access_token\":\"a\\\"b\",\"x\":1}")",
       R"("{\"access_token\":\"[redacted]\",\"x\":1}")"},
      {R"(["access_token","abc"])", R"(["access_token","[redacted]"])"},
      {R"({'access_token' => 'abc', 'x' => 'y'})",
       R"({'access_token' => '[redacted]', 'x' => 'y'})"},
      {R"({"access_token":"abc)", R"({"access_token":[redacted])"},
      {R"({"target":"/v3?access_token=abc","status":200})",
       R"({"target":"/v3?access_token=[redacted]","status":200})"},
      // Quotes that do not pair, so that a value seems to end within the next name.
      {R"(access_token="{"access_token":"abc"})", R"(access_token=[redacted]":"[redacted]"})"},
      {R"(access_token"="={"access_token": "abc"})", R"(access_token"=[redacted]": "[redacted]"})"},
      {R"(access_token="abc"\u0063s5b69faf35efdebd91d08bcf4)",
       R"(access_token="[redacted]"[redacted])"},
      {R"(<cookie="\\[r\<cookie="\\[r\\te"o)", "<cookie=[redacted]"},
      // TOML.
      {"delivery_tokens = [\"a]b\", \"c\"] # d", "delivery_tokens = [redacted] # d"},
      {"preview_token = \"abc\" # d", "preview_token = \"[redacted]\" # d"},
      // By their shape.
      {"token cs5b69faf35efdebd91d08bcf4 refused", "token [redacted] refused"},
      {"xcs5b69faf35efdebd91d08bcf4zz!", "x[redacted]!"},
      {"CS5B69FAF35EFDEBD91D", "[redacted]"},
      {"/cs5b69faf35efd%65bd91d08bcf4/", "/[redacted]/"},
      {"csprev1a2b3c4d5e6f", "[redacted]"},
  }));
  DYNAMIC_SECTION(c.text) {
    const std::string once = Redactor{}.redact(c.text);
    CHECK(once == c.redacted);
    CHECK(Redactor{}.redact(once) == once);
    CHECK(redact(c.text) == c.redacted);
  }
}

TEST_CASE("redact: plain text stays as it is", "[conf]") {
  const std::string text = GENERATE(
      as<std::string>{}, "", "larder started",
      "GET /v3/content_types/page/entries?environment=production 200",
      "api_key: blt5b69faf35efdebd91d08bcf4", "?sync_token=blt0123&pagination_token=x",
      "the access_token of this request was refused", "access_token",
      "access_token:", "access_token=&x=y", "access_token: \r\nx: y", R"({"access_token":""})",
      "tokens: 5", "css-grid", "cs5b69faf35efdebd", "docs preview csprev csprevious",
      "100% of 5%zz \\ \\x \\u12", "scope=5b69faf3", "preview_timestamp=2024", "release_id: r");
  CHECK(Redactor{}.redact(text) == text);
}

TEST_CASE("redact: a credential in text that is to be kept is found, a uid is none", "[conf]") {
  struct Case {
    const char* text;
    bool found;
  };
  const auto c = GENERATE(values<Case>({
      {"/v3/content_types/blog/entries/blt0123456789abcdef", false},
      {"/v3/content_types/blog/entries/cs0123456789abcdef", false},
      {"query=%7B%22uid%22%3A%22cs0123456789abcdef%22%7D", false},
      {"include_all=true&tokens=3", false},
      {"x=cs0123456789abcdef01234567", true},
      {"x=csprev0123456789abcdef0123", true},
      {"previewToken=anything", true},
      {"access%5Ftoken=anything", true},
      {"x=sword%2Ffish", true},
      {"x=sword", false},
      {"x=axe%2Ffowl&y=1", true},
      {"y=1&x=axe/fow", false},
  }));
  CAPTURE(c.text);
  Redactor redactor;
  redactor.add(Secret{"sword/fish"});
  CHECK(redactor.finds_credential(c.text, Secret{"axe/fowl"}) == c.found);
}

TEST_CASE("redact: a registered secret goes wherever and however it stands", "[conf]") {
  Redactor redactor;
  redactor.add(Secret{"sword/fish\"7"});
  redactor.add(Secret{"redacted"});
  redactor.add(Secret{});
  struct Case {
    const char* text;
    const char* redacted;
  };
  const auto c = GENERATE(values<Case>({
      {"a sword/fish\"7 b", "a [redacted] b"},
      {"asword/fish\"7b", "a[redacted]b"},
      {"sword%2Ffish%227", "[redacted]"},
      {"%73word%252ffish%227", "[redacted]"},
      {"%sword/fish\"7", "%[redacted]"},
      {R"("sword\/fish\"7")", R"("[redacted]")"},
      {R"(\u0073word/fish\u00227)", "[redacted]"},
      {R"(\\u0073word/fish\"7)", "[redacted]"},
      {R"(%5Cu0073word/fish%5C%227)", "[redacted]"},
      {R"(%5C%75%30%30%37%33word/fish%5C%227)", "[redacted]"},
      {R"(%255Cu0073word/fish%255C%25227)", "[redacted]"},
      {"sword/fish\"7sword/fish\"7", "[redacted]"},
      {"sword/fish", "sword/fish"},
      {"it is [redacted] already", "it is [redacted] already"},
      {"it is redacted already", "it is [redacted] already"},
  }));
  DYNAMIC_SECTION(c.text) {
    CHECK(redactor.redact(c.text) == c.redacted);
    CHECK(redactor.redact(c.redacted) == c.redacted);
  }
}

namespace {

using Random = std::mt19937;

std::string pick(Random& random, std::initializer_list<const char*> from) {
  return *(from.begin() + random() % from.size());
}

std::string random_letters(Random& random, std::string_view letters, std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text += letters[random() % letters.size()];
  return text;
}

std::string percent(Random& random, std::string_view text, unsigned per_mille) {
  std::string out;
  for (const char c : text) {
    if (random() % 1'000 >= per_mille && c != '%') {
      out += c;
      continue;
    }
    const char* digits = random() % 2 == 0 ? "0123456789abcdef" : "0123456789ABCDEF";
    out += random() % 10 == 0 ? "%25" : "%";
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[c & 0xF];
  }
  return out;
}

std::string json_escaped(Random& random, std::string_view text) {
  std::string out;
  for (const char c : text) {
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned char>(c));
    out += random() % 3 == 0 ? std::string(escape) : std::string(1, c);
  }
  return out;
}

std::string random_name(Random& random) {
  std::string name = pick(random, {"access", "preview", "management", "api", "auth"});
  name += pick(random, {"_", "-", ""}) + "token";
  if (random() % 4 == 0) name = pick(random, {"authorization", "live_preview", "live-preview"});
  for (char& c : name) {
    if (random() % 3 == 0 && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return name;
}

std::string noise(Random& random) {
  static const std::string letters =
      "abcdefghijklmnopqrstuvwxyz 0123456789 %%\\\\\"'[]{}:=&?,;/-_+.\r\n\t\x01\x80\xff";
  return random_letters(random, letters, random() % 30);
}

/// A text that holds `token` somewhere, in a way that names it.
std::string named(Random& random, const std::string& token) {
  const std::string name = random_name(random);
  switch (random() % 7) {
    case 0:
      return "\n" + name + ": " + token + "\r\n";
    case 1:
      return "?x=y&" + percent(random, name, 200) + "=" + percent(random, token, 300) + "&z";
    case 2:
      return "{" + json_quote(name) + ":" + json_quote(token) + "}";
    case 3:
      return "{\"" + json_escaped(random, name) + "\": \"" + json_escaped(random, token) + "\"}";
    case 4:
      return json_quote("{" + json_quote(name) + ":" + json_quote(token) + "}");
    case 5:
      return "?query=" + percent(random,
                                 "{\"" + json_escaped(random, name) + "\":\"" +
                                     json_escaped(random, token) + "\"}",
                                 600);
    default:
      return "%3F" + name + "%3D" + percent(random, token, 1'000) + "%26";
  }
}

/// Every escape undone as far as can be, so that a hidden token shows.
std::string undone(std::string text) {
  for (int round = 0; round < 3; ++round) {
    std::string next;
    for (std::size_t at = 0; at < text.size(); ++at) {
      const bool percent = text[at] == '%';
      const bool unicode = text.compare(at, 4, "\\u00") == 0;
      const std::size_t digits = at + (percent ? 1 : 4);
      if ((percent || unicode) && digits + 2 <= text.size() &&
          std::isxdigit(static_cast<unsigned char>(text[digits])) != 0 &&
          std::isxdigit(static_cast<unsigned char>(text[digits + 1])) != 0) {
        next += static_cast<char>(std::stoi(text.substr(digits, 2), nullptr, 16));
        at = digits + 1;
      } else {
        next += text[at];
      }
    }
    text = next;
  }
  return text;
}

}  // namespace

TEST_CASE("redact: a named token of any letters never leaks", "[conf][random]") {
  Random random(GENERATE(11u, 12u, 13u, 14u));
  for (int round = 0; round < 5'000; ++round) {
    const std::string token =
        "Q" + random_letters(random, "QWZ0123456789.~+/-_", 6 + random() % 20);
    const std::string text = "limit=3&" + named(random, token) + " 200";
    const std::string once = Redactor{}.redact(text);
    CAPTURE(text, once, token);
    REQUIRE(undone(once).find(token) == std::string::npos);
    REQUIRE(once.find("[redacted]") != std::string::npos);
    REQUIRE(Redactor{}.redact(once) == once);
  }
}

TEST_CASE("redact: a known token or one with the shape never leaks from any noise",
          "[conf][random]") {
  Random random(GENERATE(21u, 22u, 23u, 24u));
  for (int round = 0; round < 5'000; ++round) {
    const bool shaped = random() % 2 == 0;
    const std::string token =
        shaped ? "cs" + random_letters(random, "0123456789abcdef", 16 + random() % 12)
               : random_letters(random, "QWZ0123456789.~+/-_", 8 + random() % 20);
    Redactor redactor;
    if (!shaped) redactor.add(Secret{token});
    std::string form = token;
    if (random() % 3 == 0) form = percent(random, token, 500);
    if (random() % 3 == 0) form = json_escaped(random, token);
    if (random() % 4 == 0) form = percent(random, json_escaped(random, token), 700);
    std::string before = noise(random);
    if (random() % 2 == 0) before += named(random, token);
    const std::string text = before + form + noise(random);
    const std::string once = redactor.redact(text);
    CAPTURE(text, once, token);
    REQUIRE(once.find(token) == std::string::npos);
    REQUIRE(undone(once).find(token) == std::string::npos);
  }
}

TEST_CASE("redact: any bytes are taken, and a second pass changes nothing more", "[conf][random]") {
  Random random(GENERATE(31u, 32u, 33u, 34u));
  for (int round = 0; round < 5'000; ++round) {
    std::string text;
    for (std::size_t part = random() % 6; part > 0; --part) {
      text += random() % 3 == 0 ? random_name(random) : noise(random);
      if (random() % 4 == 0)
        text += pick(random, {": ", "=", "\":\"", "\\\":\\\"", "%3D", "[redacted]"});
    }
    const std::string once = Redactor{}.redact(text);
    CAPTURE(text, once);
    REQUIRE(Redactor{}.redact(once) == once);
  }
}

TEST_CASE("redact: hostile texts take time in proportion to their length", "[conf]") {
  const std::string unit =
      GENERATE(as<std::string>{}, "\\", "%25", "%", "access_token\"", "access_token=\"",
               "access_token=[", "access_token:{'", "cs0", "cs", "csprev", "%2525", "\\u00",
               "access_token\\\\\\\"", "_", "[", "access_token: ", "access_token=[]");
  Redactor redactor;
  redactor.add(Secret{"\\\\\\\\x"});
  redactor.add(Secret{"%%%%"});
  std::string text;
  while (text.size() < 200'000) text += unit;
  const auto start = std::chrono::steady_clock::now();
  redactor.redact(text);
  const auto taken = std::chrono::steady_clock::now() - start;
  CAPTURE(unit);
  CHECK(taken < std::chrono::seconds(2));
}

TEST_CASE("redact: a later redactor adds to what is known and forgets nothing", "[conf]") {
  const auto knowing = [](const char* secret) {
    Redactor redactor;
    redactor.add(Secret{secret});
    return redactor;
  };
  install_redactor(knowing("plain-word-of-monday"));
  install_redactor(knowing("plain-word-of-tuesday"));
  install_redactor(Redactor{});
  CHECK(redact("a plain-word-of-monday b plain-word-of-tuesday c") ==
        "a [redacted] b [redacted] c");
  CHECK(finds_credential("plain-word-of-monday", Secret{}));
}

TEST_CASE("redact: of what earlier redactors knew so much is kept, the latest first", "[conf]") {
  const auto word = [](std::size_t number) { return "word-" + std::to_string(1'000'000 + number); };
  Redactor all;
  for (std::size_t i = 0; i < Redactor::kMaxRetired + 50; ++i) {
    Redactor later;
    later.add(Secret{word(i)});
    later.add_retired(all);
    all = later;
  }
  CHECK(all.redact(word(49)) == "[redacted]");
  CHECK(all.redact(word(48)) == word(48));
  CHECK(all.redact(word(Redactor::kMaxRetired + 49)) == "[redacted]");
}
