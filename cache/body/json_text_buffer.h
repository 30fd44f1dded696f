// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace larder {

/// A key or value of JsonEvents, put together from its parts in bounded memory.
class JsonTextBuffer {
 public:
  explicit JsonTextBuffer(std::size_t most) : most_(most) {}

  /// The next part. True = it was the last: text() is whole until the next call, with which another
  /// text begins.
  bool add(std::string_view part, bool last) {
    if (whole_) {
      text_.clear();
      cut_ = false;
    }
    whole_ = last;
    const std::size_t room = most_ - text_.size();
    cut_ = cut_ || part.size() > room;
    text_.append(part.substr(0, room));
    if (last && cut_) text_.clear();
    return last;
  }
  /// It is longer than fits.
  bool cut() const { return cut_; }
  /// "" where it is cut.
  const std::string& text() const { return text_; }

 private:
  std::size_t most_;
  std::string text_;
  bool whole_ = true;
  bool cut_ = false;
};

}  // namespace larder
