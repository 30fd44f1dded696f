// SPDX-License-Identifier: Apache-2.0
#include "daemon/printable.h"

#include <cstddef>

namespace larder {

std::string printable(std::string text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (octet < 0x20 || octet == 0x7F) text[i] = '?';
    if (octet == 0xC2 && next >= 0x80 && next < 0xA0) text.replace(i, 2, "?");
  }
  return text;
}

}  // namespace larder
