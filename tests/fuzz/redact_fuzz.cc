// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>

#include "conf/base/check.h"
#include "conf/base/json_text.h"
#include "conf/base/octets.h"
#include "conf/base/redact.h"
#include "tests/fuzz/fuzz_input.h"

// A text with a token in it -> the redactor. Input: one octet each for what the redactor knows of
// the token, where the token stands, how it and its name are spelled, and the name; then the text
// before it up to '|', and the text behind it.
//
// The token's letters are derived from the whole input, so that no text around it can hold it. It
// never survives, with its escapes undone neither, and redacting twice changes nothing more.

namespace larder::fuzz {
namespace {

enum class Known : std::uint8_t { registered, shape, preview_shape, name };

constexpr std::array<std::string_view, 12> kNames = {
    "access_token",     "preview_token", "Access-Token", "authorization",
    "authtoken",        "live_preview",  "LIVE-PREVIEW", "api_token",
    "management_token", "deliveryToken", "Cookie",       "x-auth-token"};

std::string random_letters(std::string_view letters, std::size_t length, DerivedNumbers& numbers) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text += letters[numbers.below(letters.size())];
  return text;
}

std::string make_token(Known known, DerivedNumbers& numbers) {
  switch (known) {
    case Known::shape:
      return "cs" + random_letters("0123456789abcdef", 24, numbers);
    case Known::preview_shape:
      return "csprev7" + random_letters("0123456789abcdefghij_-", 16, numbers);
    default:
      return "Q" + random_letters("QWZ0123456789.~+/-_", 20, numbers);
  }
}

enum class Spelling : std::uint8_t { plain, percent, all_percent, json, mixed };

void append_hex(unsigned char octet, std::string& out) {
  out += kUpperHex[octet >> 4];
  out += kLowerHex[octet & 15];
}

std::string spelled(std::string_view text, Spelling spelling, DerivedNumbers& numbers) {
  std::string out;
  for (const char c : text) {
    const std::size_t chance = numbers.below(6);
    const bool escaped =
        spelling == Spelling::all_percent || (spelling != Spelling::plain && chance < 3);
    const bool json = spelling == Spelling::json || (spelling == Spelling::mixed && chance == 0);
    if (!escaped) {
      out += c;
    } else {
      out += json ? "\\u00" : spelling == Spelling::mixed && chance == 1 ? "%25" : "%";
      append_hex(static_cast<unsigned char>(c), out);
    }
  }
  return out;
}

/// The token behind its name, in one of the ways in which larder meets them.
std::string named(std::uint8_t place, std::string_view name, const std::string& token,
                  Spelling spelling, DerivedNumbers& numbers) {
  const auto text = [&](std::string_view plain, Spelling wanted) {
    return spelled(plain, spelling == Spelling::plain ? spelling : wanted, numbers);
  };
  const std::string plain_name(name);
  switch (place % 6) {
    case 0:
      return "\n" + plain_name + ": " + token + "\r\n";
    case 1:
      return "?x=y&" + text(name, Spelling::percent) + "=" + text(token, Spelling::percent) + "&z";
    case 2:
      return "{" + json_quote(name) + ":" + json_quote(token) + "}";
    case 3:
      return "{\"" + text(name, Spelling::json) + "\": \"" + text(token, Spelling::json) + "\"}";
    case 4:
      return json_quote("{" + json_quote(name) + ":" + json_quote(token) + "}");
    default:
      return "%3F" + plain_name + "%3D" + text(token, Spelling::all_percent) + "%26";
  }
}

/// Percent and \u00XX escapes undone, three times over.
std::string undone(std::string text) {
  for (int round = 0; round < 3; ++round) {
    std::string next;
    next.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
      const bool percent = text[at] == '%';
      const bool unicode = text[at] == '\\' && text.compare(at, 4, "\\u00") == 0;
      const std::size_t digits = at + (percent ? 1 : 4);
      if ((percent || unicode) && digits + 2 <= text.size() && hex_value(text[digits]) >= 0 &&
          hex_value(text[digits + 1]) >= 0) {
        next += static_cast<char>(hex_value(text[digits]) * 16 + hex_value(text[digits + 1]));
        at = digits + 1;
      } else {
        next += text[at];
      }
    }
    text.swap(next);
  }
  return text;
}

void run(FuzzInput input) {
  DerivedNumbers numbers(input.rest());
  const auto known = static_cast<Known>(input.octet() & 3);
  const std::uint8_t place = input.octet();
  const auto spelling = static_cast<Spelling>(input.octet() % 5);
  const std::string_view name = kNames[input.octet() % kNames.size()];
  const std::string_view before = input.take_until('|');
  const std::string token = make_token(known, numbers);
  Redactor redactor;
  if (known == Known::registered) redactor.add(Secret{token});
  // What is only known by its name needs it; the others are found anywhere.
  const bool bare = known != Known::name && (place & 8) != 0;
  std::string text(before);
  text += bare ? spelled(token, spelling, numbers) : named(place, name, token, spelling, numbers);
  text += input.rest();
  const std::string once = redactor.redact(text);
  LARDER_CHECK(once.find(token) == std::string::npos);
  LARDER_CHECK(undone(once).find(token) == std::string::npos);
  LARDER_CHECK(redactor.redact(once) == once);
  LARDER_CHECK(redactor.finds_credential(text, Secret{}));
}

}  // namespace
}  // namespace larder::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  larder::fuzz::run({data, size});
  return 0;
}
