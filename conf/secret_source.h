// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "conf/base/result.h"
#include "conf/base/secret.h"

/// Where tokens come from when the configuration file only names them.
namespace larder {

/// An interface so that reading a configuration stays free of the system, and tests can say what
/// a file holds. The context of an error says what is wrong and what to do, in this form
/// "WHAT; REMEDY", and never shows what was read.
class SecretSource {
 public:
  virtual ~SecretSource() = default;

  /// The bytes as they are, with any line break at their end. Longer than `kMaxBytes` = full.
  virtual Result<Secret> read_file(const std::string& path) const = 0;
  virtual Result<Secret> read_env(const std::string& name) const = 0;
  /// A credential of the service manager (LoadCredential=, systemd.exec(5)).
  virtual Result<Secret> read_credential(const std::string& name) const = 0;

  static constexpr std::size_t kMaxBytes = 4'096;
};

/// The real thing. A secret file must belong to root or to the user that runs larder and be
/// readable by its owner alone; a credential's access is the service manager's business.
class SystemSecretSource final : public SecretSource {
 public:
  Result<Secret> read_file(const std::string& path) const override;
  Result<Secret> read_env(const std::string& name) const override;
  Result<Secret> read_credential(const std::string& name) const override;
};

}  // namespace larder
