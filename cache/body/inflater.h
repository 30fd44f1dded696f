// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace larder {

/// Inflates a series of gzip members (RFC 1952) that comes in pieces, through a window of fixed
/// size: no bomb takes more memory than another body (some 60 KiB, zlib's included).
class Inflater {
 public:
  static constexpr std::size_t kWindowBytes = 16 * 1024;

  Inflater();
  ~Inflater();
  Inflater(Inflater&&) noexcept;
  Inflater& operator=(Inflater&&) noexcept;

  /// The next piece, once take() has given all of the one before. It must live until then.
  void give(std::string_view piece);
  /// What the piece inflates to, a window at a time; good until the next call. nullopt = that was
  /// all of the piece, or it is broken().
  std::optional<std::string_view> take();
  /// This is no gzip, or there was no memory for it.
  bool broken() const;
  /// The last member is whole, and nothing came behind it.
  bool at_end() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace larder
