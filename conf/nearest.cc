// SPDX-License-Identifier: Apache-2.0
#include "conf/nearest.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace larder {
namespace {

constexpr std::size_t kMaxWordBytes = 64;
constexpr std::size_t kMinAbbreviation = 3;

/// Optimal string alignment, row by row.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string_view nearest_name(std::string_view word, std::span<const std::string_view> names) {
  std::string_view nearest;
  if (word.size() > kMaxWordBytes) return nearest;
  std::size_t least = std::max<std::size_t>(2, (word.size() + 2) / 3) + 1;
  for (const std::string_view name : names) {
    const bool abbreviated = word.size() >= kMinAbbreviation && name.starts_with(word);
    const std::size_t distance = abbreviated ? 1 : edit_distance(word, name);
    // A short word is near to everything: something of it must remain.
    if (distance < least && distance < name.size()) {
      least = distance;
      nearest = name;
    }
  }
  return nearest;
}

}  // namespace larder
