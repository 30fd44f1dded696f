// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/sized.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace sandbox {
namespace {

constexpr std::size_t kBlockBytes = 64;
constexpr std::size_t kDigits = 8;

std::array<char, kBlockBytes> first_block(std::string_view uid) {
  std::array<char, kBlockBytes> block;
  std::fill_n(block.begin(), kDigits, '0');
  block[kDigits] = ':';
  for (std::size_t i = kDigits + 1; i < kBlockBytes; ++i) {
    block[i] = uid[(i - kDigits - 1) % uid.size()];
  }
  return block;
}

void fill(char* to, std::size_t bytes, std::string_view uid) {
  constexpr char hex[] = "0123456789abcdef";
  std::array<char, kBlockBytes> block = first_block(uid);
  for (unsigned index = 0; bytes > 0; ++index) {
    for (std::size_t i = 0; i < kDigits; ++i) block[kDigits - 1 - i] = hex[index >> (4 * i) & 15];
    const std::size_t part = std::min(bytes, kBlockBytes);
    std::memcpy(to, block.data(), part);
    to += part;
    bytes -= part;
  }
}

}  // namespace

std::optional<std::size_t> sized_bytes(std::string_view uid) {
  if (!uid.starts_with('s')) return std::nullopt;
  std::size_t bytes = 0;
  const char* const end = uid.data() + uid.size();
  const auto [rest, problem] = std::from_chars(uid.data() + 1, end, bytes);
  if (problem != std::errc() || rest == end || *rest != '_') return std::nullopt;
  if (bytes < 2 || bytes > kMaxSizedBytes) return std::nullopt;
  return bytes;
}

void SizeTable::set(const std::string& uid, std::size_t bytes) {
  if (!uid.starts_with('t'))
    throw std::invalid_argument("a uid with a length begins with t: " + uid);
  if (bytes < 2 || bytes > kMaxSizedBytes) {
    throw std::invalid_argument("a length of 2 to " + std::to_string(kMaxSizedBytes) +
                                " bytes: " + uid);
  }
  bytes_[uid] = bytes;
}

std::optional<std::size_t> SizeTable::bytes_of(std::string_view uid) const {
  if (!uid.starts_with('t')) return sized_bytes(uid);
  const auto found = bytes_.find(std::string(uid));
  if (found == bytes_.end()) return std::nullopt;
  return found->second;
}

std::string sized_body(std::size_t bytes, std::string_view uid, std::string_view marker,
                       int version) {
  std::string body = R"({"entry":{"uid":")";
  body.append(uid).append(R"(","_marker":")").append(marker).append(R"(","_version":)");
  body.append(std::to_string(version)).append(R"(,"fill":")");
  constexpr std::string_view tail = R"("}})";
  if (body.size() + tail.size() > bytes) {
    body.assign(bytes, ' ');
    body.front() = '{';
    body.back() = '}';
    return body;
  }
  const std::size_t start = body.size();
  body.resize(bytes);
  fill(body.data() + start, bytes - tail.size() - start, uid);
  tail.copy(body.data() + bytes - tail.size(), tail.size());
  return body;
}

}  // namespace sandbox
