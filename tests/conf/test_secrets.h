// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "conf/secret_source.h"

namespace larder {

/// Secrets as a test lays them out; what it does not hold does not exist.
class MapSecretSource final : public SecretSource {
 public:
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> variables;
  std::map<std::string, std::string> credentials;

  Result<Secret> read_file(const std::string& path) const override { return find(files, path); }
  Result<Secret> read_env(const std::string& name) const override { return find(variables, name); }
  Result<Secret> read_credential(const std::string& name) const override {
    return find(credentials, name);
  }

 private:
  static Result<Secret> find(const std::map<std::string, std::string>& in,
                             const std::string& name) {
    const auto found = in.find(name);
    if (found == in.end()) return fail(Error::Code::not_found, name + " does not exist; create it");
    return Secret{found->second};
  }
};

}  // namespace larder
