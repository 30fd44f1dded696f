// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "conf/base/clock.h"
#include "conf/settings.h"

namespace larder {

/// What one order to reload came to.
struct Reload {
  enum class Result {
    none,       ///< there was no order yet
    no_file,    ///< the daemon runs without a configuration file
    failed,     ///< the file has mistakes: nothing changes
    unchanged,  ///< nothing that changes at once
    applied,
  };
  Result result = Result::none;
  WallTime at{};
  std::vector<std::string> mistakes;  ///< `FILE:LINE: message; remedy` each
  std::vector<std::string> renewed;   ///< certificates, a sentence each
  std::vector<std::string> kept;      ///< certificates that are wrong in their files, likewise
  ReloadPlan plan;                    ///< `next` with `applied`
  std::function<void()> done = {};    ///< told once it is settled; may be empty
};

/// Reads the configuration file again when told to, and keeps account of what came of it. Main
/// thread only; reading the file and the secrets that it names may block it.
class Reloader {
 public:
  /// `path` empty = there is no file. `running`: those of the start.
  Reloader(std::string path, SettingsPtr running);

  /// Reads and checks. Changes nothing but what the next plan starts from.
  Reload read();

  /// `reload` is done: with `applied`, every thread works by its settings. Says so in the log, and
  /// to who waits for it.
  void settle(Reload reload);

  /// Of the last settled one something was not taken: there are mistakes, a certificate is wrong,
  /// or there is no file.
  bool has_refused() const;
  /// `{"result":…,"generation":…,"applied":[…],"needs_restart":[…],"mistakes":[…],
  /// "certificates_renewed":[…],"certificates_kept":[…]}` of it; redacted.
  std::string last_json() const;

  /// `{"generation":…,"loaded":…,"last_reload":…}` of what is settled; no secrets.
  std::string status_json() const;

 private:
  const std::string path_;
  SettingsPtr planned_;  ///< what all threads have or will have
  std::uint64_t generation_;
  WallTime loaded_;
  Reload last_;
};

}  // namespace larder
