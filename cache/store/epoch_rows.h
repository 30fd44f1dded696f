// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cache/store/epochs.h"
#include "cache/store/lmdb.h"

/// The table `epochs` and what the table `meta` says of it. The writer thread's.
namespace larder {

/// Adds what the database knows to `epochs`. Error::corrupt: a row is damaged or missing, so that
/// something purged could be served.
Result<void> load_epochs(const Environment& environment, Epochs& epochs);

/// Writes what a purge has changed.
void write_epochs(WriteTxn& txn, const EpochChange& change, const Epochs& epochs);
/// Writes all of it, in the place of what was there.
void write_all_epochs(WriteTxn& txn, const Epochs& epochs);

/// FeedPosition of a feed; nullopt = none is known.
std::optional<std::string> load_position(const Environment& environment, const std::string& feed);
/// The key of its row in `meta`.
std::string position_key(const std::string& feed);
void write_position(WriteTxn& txn, const std::string& feed, const std::string& value);

}  // namespace larder
