// SPDX-License-Identifier: Apache-2.0
#include "conf/config_change.h"

#include <algorithm>

#include "conf/address.h"
#include "conf/config_value.h"

namespace larder {
namespace {

std::size_t count_missing(const std::vector<Secret>& some, const std::vector<Secret>& from) {
  return static_cast<std::size_t>(
      std::count_if(some.begin(), some.end(), [&](const Secret& secret) {
        return std::none_of(from.begin(), from.end(),
                            [&](const Secret& other) { return other.equals(secret.reveal()); });
      }));
}

template <class List, class Text>
std::string list_text(const List& list, Text text) {
  std::string out = "[";
  for (const auto& item : list) {
    if (out.size() > 1) out += ", ";
    out += text(item);
  }
  return out + "]";
}

}  // namespace

std::string value_text(std::uint64_t number) {
  return std::to_string(number);
}

std::string value_text(bool flag) {
  return flag ? "true" : "false";
}

std::string value_text(const std::string& text) {
  return quoted(text);
}

std::string value_text(const std::vector<std::string>& texts) {
  return list_text(texts, [](const std::string& text) { return quoted(text); });
}

std::string value_text(const ListenAddress& address) {
  return address_text(address);
}

std::string value_text(const std::vector<ListenAddress>& addresses) {
  return list_text(addresses, address_text);
}

std::string secrets_difference(const std::vector<Secret>& running,
                               const std::vector<Secret>& read) {
  const std::size_t added = count_missing(read, running);
  const std::size_t removed = count_missing(running, read);
  if (added == 0 && removed == 0) {
    const bool same = std::equal(
        running.begin(), running.end(), read.begin(), read.end(),
        [](const Secret& left, const Secret& right) { return left.equals(right.reveal()); });
    return same ? "" : "in another order";
  }
  std::string text;
  if (added > 0) text = std::to_string(added) + " added";
  if (added > 0 && removed > 0) text += ", ";
  if (removed > 0) text += std::to_string(removed) + " removed";
  return text;
}

}  // namespace larder
