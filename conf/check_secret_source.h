// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conf/secret_source.h"

namespace larder {

/// The secrets of a `--check`, which seldom runs as the service does. Where CREDENTIALS_DIRECTORY
/// is not set, a credential passes unread. A file that root reads here may be out of the service's
/// reach.
class CheckSecretSource final : public SecretSource {
 public:
  Result<Secret> read_file(const std::string& path) const override;
  Result<Secret> read_env(const std::string& name) const override;
  Result<Secret> read_credential(const std::string& name) const override;

  /// What the check could not see, a text for each. `config_path`: the file being checked.
  std::vector<std::string> notes(const std::string& config_path) const;

 private:
  SystemSecretSource system_;
  mutable std::vector<std::string> unread_;     ///< names of credentials, each once
  mutable std::vector<std::string> roots_own_;  ///< files that root alone may read, read as root
};

/// Whether this process is root's, and others may not read the file at `path`.
bool read_by_root_alone(const std::string& path);

}  // namespace larder
