// SPDX-License-Identifier: Apache-2.0
#include "conf/secret_source.h"

#include <openssl/crypto.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "conf/base/private_file.h"

namespace larder {
namespace {

Secret take_secret(std::string& bytes) {
  Secret secret{bytes};
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return secret;
}

/// What is no usual name may be the secret itself.
std::string shown_variable(const std::string& name) {
  const bool is_name = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  return is_name ? name + " " : "that env names ";
}

}  // namespace

Result<Secret> SystemSecretSource::read_file(const std::string& path) const {
  auto content = read_regular_file(path, kMaxBytes);
  if (!content && ::access(path.c_str(), R_OK) != 0 && errno == EACCES) {
    return fail(Error::Code::io,
                path +
                    " cannot be read: Permission denied; a service with a user of its own "
                    "(DynamicUser=) gets it as { credential = \"NAME\" } with "
                    "LoadCredential=NAME:" +
                    path);
  }
  if (!content) return tl::unexpected<Error>(content.error());
  Secret secret = take_secret(content->bytes);
  if (auto checked = check_private(path, content->status); !checked) {
    return tl::unexpected<Error>(checked.error());
  }
  return secret;
}

Result<Secret> SystemSecretSource::read_env(const std::string& name) const {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) {
    return fail(Error::Code::not_found, "the environment variable " + shown_variable(name) +
                                            "is not set; set it for the daemon");
  }
  return Secret{value};
}

Result<Secret> SystemSecretSource::read_credential(const std::string& name) const {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || *directory == '\0') {
    return fail(Error::Code::not_found,
                "the credential " + name +
                    " cannot be looked up, for CREDENTIALS_DIRECTORY is "
                    "not set; run larder as a service with LoadCredential=" +
                    name + ":PATH, or use { file = \"PATH\" }");
  }
  auto content = read_regular_file(std::string(directory) + "/" + name, kMaxBytes);
  if (!content && content.error().code == Error::Code::not_found) {
    return fail(Error::Code::not_found,
                "the credential " + name + " is not in " + directory +
                    "; give the service LoadCredential=" + name +
                    ":PATH and restart it, for it gets its credentials at the start");
  }
  if (!content) return tl::unexpected<Error>(content.error());
  return take_secret(content->bytes);
}

}  // namespace larder
