// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cache/scope/install_secret.h"
#include "conf/base/clock.h"
#include "conf/base/result.h"

/// The bytes of a snapshot: a header, blocks, the last of which says how much came before it. Each
/// block carries a checksum that is seeded with the header's and the block's number, so that no
/// block is missing, changed, moved or of another snapshot. They find damage, not forgery: whoever
/// may write the file may write to the cache. Grammar at the top of snapshot_format.cc. Pure.
namespace larder {

/// A table of the store, as a snapshot numbers it.
enum class SnapshotTable : std::uint8_t { objects, chunks, held, index, scopes, epochs, meta };
inline constexpr std::size_t kSnapshotTables = 7;

struct SnapshotHeader {
  std::uint32_t store_format = 0;  ///< kFormatVersion of the larderd that took it
  std::uint32_t page_bytes = 0;    ///< of its database: what is charged for rows depends on it
  WallTime taken;                  ///< no object in it was stored later, by its clock
  InstallSecret secret;            ///< its keys and scopes are made with it
};

struct SnapshotTotals {
  std::uint64_t objects = 0;
  std::uint64_t rows = 0;   ///< of all tables
  std::uint64_t bytes = 0;  ///< of the whole snapshot, once it has ended
};

/// What a snapshot consists of, in order.
class SnapshotEncoder {
 public:
  /// A block is as large as this, but for a single row that is larger.
  static constexpr std::size_t kBlockBytes = 256 * 1'024;

  explicit SnapshotEncoder(const SnapshotHeader& header);

  void add(SnapshotTable table, std::string_view key, std::string_view value);
  /// Bytes to be sent are gathered until somebody takes them.
  bool has_much() const { return out_.size() >= kBlockBytes; }
  std::string take();
  /// The end of a whole snapshot; nothing comes behind it.
  void end();
  /// The end of one that has failed, with the reason.
  void fail(std::string_view why);
  const SnapshotTotals& totals() const { return totals_; }

 private:
  void close_rows();
  void add_block(std::uint8_t kind, std::uint8_t table, std::string_view payload);

  std::uint64_t seed_;
  std::uint32_t number_ = 0;
  SnapshotTable table_{};
  std::string rows_;
  std::string out_;
  SnapshotTotals totals_;
};

/// Reads a snapshot in pieces of any size. The first error sticks. Holds a block at most.
class SnapshotScanner {
 public:
  /// Larger blocks are damage.
  static constexpr std::size_t kMostBlockBytes = 4 * 1'024 * 1'024;

  struct Ways {
    /// Each may end the scan by an error. Null: nobody wants to know.
    std::function<Result<void>(const SnapshotHeader&)> on_header;
    std::function<Result<void>(SnapshotTable, std::string_view key, std::string_view value)> on_row;
  };
  explicit SnapshotScanner(Ways ways) : ways_(std::move(ways)) {}

  /// Error::invalid: no snapshot, or none for this larderd; corrupt: damaged; unavailable: the
  /// larderd that took it could not end it, and says why.
  Result<void> feed(std::string_view bytes);
  /// There is nothing more. Error::corrupt: the end is missing.
  Result<SnapshotTotals> finish();

 private:
  Result<void> step(bool& more);
  Result<void> read_header(std::string_view bytes);
  Result<void> read_block(std::uint8_t kind, std::uint8_t table, std::string_view payload);
  Result<void> read_rows(SnapshotTable table, std::string_view payload);
  Result<void> read_end(std::string_view payload);
  Result<void> damaged(const char* what) const;

  Ways ways_;
  std::string waiting_;
  std::uint64_t at_ = 0;  ///< where `waiting_` begins in the snapshot
  std::uint64_t seed_ = 0;
  std::uint32_t number_ = 0;
  bool has_header_ = false;
  bool ended_ = false;
  SnapshotTotals totals_;
  std::optional<Error> error_;
};

}  // namespace larder
