// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// What a fuzz target makes of its input. Every target defines
///
///   extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
///
/// and aborts by LARDER_CHECK where a promise of the code under test does not hold. The result
/// depends on the input alone, so that a file of the corpus always does the same.
namespace larder::fuzz {

/// Takes choices off the front of the input; the text to test is what remains. Beyond its end all
/// choices are 0.
class FuzzInput {
 public:
  FuzzInput(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  std::uint8_t octet() {
    if (rest_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return first;
  }
  std::string_view take(std::size_t length) {
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  /// Up to the next `end`, which is taken too.
  std::string_view take_until(char end) {
    const std::string_view taken = rest_.substr(0, rest_.find(end));
    rest_.remove_prefix(std::min(taken.size() + 1, rest_.size()));
    return taken;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

/// Numbers that follow from the input but cannot be steered by it: places to cut, letters of
/// tokens.
class DerivedNumbers {
 public:
  explicit DerivedNumbers(std::string_view input) {
    for (const char c : input) {  // FNV-1a
      state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3U;
    }
  }
  /// 0 <= number < bound.
  std::size_t below(std::size_t bound) {
    state_ += 0x9e37'79b9'7f4a'7c15U;  // SplitMix64
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58'476d'1ce4'e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d0'49bb'1331'11ebU;
    return static_cast<std::size_t>((mixed ^ (mixed >> 31)) % bound);
  }

 private:
  std::uint64_t state_ = 0xcbf2'9ce4'8422'2325U;
};

}  // namespace larder::fuzz
