// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/webhook_signature.h"

#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "cache/request/query_json.h"
#include "conf/base/hex.h"
#include "daemon/events/base64.h"
#include "daemon/events/digest.h"

namespace larder {
namespace {

/// Of one header: a rotation needs two.
constexpr std::size_t kMaxSignatures = 4;
constexpr std::size_t kMaxTimeDigits = 12;

struct Item {
  std::string_view name;
  std::string_view value;
};

std::string_view without_blanks(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

/// `name=value` up to the next comma, which goes too. A value may hold `=` (the padding of Base64).
Item take_item(std::string_view& header) {
  const std::size_t comma = header.find(',');
  const std::string_view item = header.substr(0, comma);
  header = comma == std::string_view::npos ? std::string_view{} : header.substr(comma + 1);
  const std::size_t sign = item.find('=');
  if (sign == std::string_view::npos) return {};
  return {without_blanks(item.substr(0, sign)), without_blanks(item.substr(sign + 1))};
}

bool any_has_signed(std::span<const SigningKey> keys, std::string_view body,
                    const std::vector<std::string>& signatures) {
  const Sha256 digest = sha256(body);
  for (const SigningKey& key : keys) {
    for (const std::string& signature : signatures) {
      if (key.has_signed(digest, signature)) return true;
    }
  }
  return false;
}

std::optional<Sha256> digest_of_hex(std::string_view hex) {
  Sha256 digest{};
  if (hex.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const int octet = hex_octet(hex.substr(2 * i));
    if (octet < 0) return std::nullopt;
    digest[i] = static_cast<std::uint8_t>(octet);
  }
  return digest;
}

std::optional<std::int64_t> seconds_of(std::string_view text) {
  std::int64_t seconds = 0;
  const char* const end = text.data() + text.size();
  if (text.empty() || text.size() > kMaxTimeDigits || text.front() == '-') return std::nullopt;
  const auto read = std::from_chars(text.data(), end, seconds);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return seconds;
}

}  // namespace

bool is_signed(std::string_view header, std::string_view body, std::span<const SigningKey> keys) {
  std::vector<std::string> signatures;
  while (!header.empty()) {
    const Item item = take_item(header);
    if (item.name != "v1") continue;
    if (signatures.size() == kMaxSignatures) return false;
    if (auto octets = decode_base64(item.value)) signatures.push_back(*std::move(octets));
  }
  if (signatures.empty()) return false;
  if (any_has_signed(keys, body, signatures)) return true;
  std::string compact(body.size(), '\0');
  const std::size_t length = canonical_json(body, compact.data());
  if (length == std::string_view::npos) return false;
  compact.resize(length);
  return compact != body && any_has_signed(keys, compact, signatures);
}

HmacVerdict check_hmac(std::string_view header, std::string_view body,
                       std::span<const Secret> secrets, WallTime now, Seconds window) {
  std::string_view time;
  std::vector<Sha256> came;
  while (!header.empty()) {
    const Item item = take_item(header);
    if (item.name == "t") {
      if (!time.empty()) return HmacVerdict::wrong;  // which one was signed?
      time = item.value;
    } else if (item.name == "v1") {
      if (came.size() == kMaxSignatures) return HmacVerdict::wrong;
      if (const auto digest = digest_of_hex(item.value)) came.push_back(*digest);
    }
  }
  const auto seconds = seconds_of(time);
  if (!seconds || came.empty()) return HmacVerdict::wrong;
  bool right = false;
  for (const Secret& secret : secrets) {
    const Sha256 wanted = hmac_sha256(secret.reveal(), {time, ".", body});
    for (const Sha256& digest : came) right = equal_digests(wanted, digest) || right;
  }
  if (!right) return HmacVerdict::wrong;
  const std::int64_t apart = now.ms / 1'000 - *seconds;
  return apart > window || apart < -window ? HmacVerdict::out_of_time : HmacVerdict::right;
}

}  // namespace larder
