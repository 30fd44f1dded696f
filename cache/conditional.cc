// SPDX-License-Identifier: Apache-2.0
#include "cache/conditional.h"

#include <openssl/evp.h>

#include <algorithm>

#include "cache/octets.h"
#include "conf/check.h"

namespace larder {
namespace {

/// etagc of RFC 9110 section 8.8.3.
bool is_tag_char(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet == 0x21 || (octet >= 0x23 && octet != 0x7f);
}

/// Takes one entity tag off the front, without its `W/`; empty = there is none.
std::string_view take_tag(std::string_view& list) {
  if (list.substr(0, 2) == "W/") list.remove_prefix(2);
  if (list.empty() || list.front() != '"') return {};
  std::size_t end = 1;
  while (end < list.size() && is_tag_char(list[end])) ++end;
  if (end == list.size() || list[end] != '"') return {};
  const std::string_view tag = list.substr(0, end + 1);
  list.remove_prefix(end + 1);
  return tag;
}

void skip(std::string_view& list, std::string_view octets) {
  list.remove_prefix(std::min(list.find_first_not_of(octets), list.size()));
}

}  // namespace

// SHA-256, cut to 128 bits: bodies are written by people who may want two to look alike.
struct EntityTagBuilder::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

EntityTagBuilder::EntityTagBuilder(const ScopeMac& scope, std::uint8_t representation)
    : state_(new State) {
  LARDER_CHECK(state_->context != nullptr);
  LARDER_CHECK(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1);
  add({reinterpret_cast<const char*>(scope.bytes.data()), scope.bytes.size()});
  add({reinterpret_cast<const char*>(&representation), 1});
}

EntityTagBuilder::~EntityTagBuilder() {
  delete state_;
}

void EntityTagBuilder::add(std::string_view piece) {
  LARDER_CHECK(EVP_DigestUpdate(state_->context, piece.data(), piece.size()) == 1);
}

EntityTag EntityTagBuilder::finish() const {
  State copy;
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  LARDER_CHECK(EVP_MD_CTX_copy_ex(copy.context, state_->context) == 1);
  LARDER_CHECK(EVP_DigestFinal_ex(copy.context, digest.data(), nullptr) == 1);
  EntityTag tag;
  std::copy_n(digest.begin(), tag.bytes.size(), tag.bytes.begin());
  return tag;
}

std::string format_entity_tag(const EntityTag& tag) {
  std::string text = "\"";
  for (const std::uint8_t octet : tag.bytes) {
    text.push_back(kLowerHex[octet >> 4]);
    text.push_back(kLowerHex[octet & 15]);
  }
  text.push_back('"');
  return text;
}

bool none_match_hits(std::string_view if_none_match, std::string_view quoted_tag) {
  std::string_view list = trim(if_none_match);
  if (list == "*") return true;
  bool hit = false;
  skip(list, ", \t");  // empty elements are legal (RFC 9110 section 5.6.1.2)
  while (!list.empty()) {
    const std::string_view tag = take_tag(list);
    if (tag.empty()) return false;
    hit = hit || tag == quoted_tag;
    skip(list, " \t");
    if (!list.empty() && list.front() != ',') return false;
    skip(list, ", \t");
  }
  return hit;
}

}  // namespace larder
