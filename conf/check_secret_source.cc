// SPDX-License-Identifier: Apache-2.0
#include "conf/check_secret_source.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "conf/config_value.h"

namespace larder {
namespace {

/// The place of `text` in `list`, where it is from now on.
std::size_t place_in(std::vector<std::string>& list, const std::string& text) {
  const auto found = std::find(list.begin(), list.end(), text);
  const auto place = static_cast<std::size_t>(found - list.begin());
  if (found == list.end()) list.push_back(text);
  return place;
}

std::string joined(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& one : list) text += (text.empty() ? "" : ", ") + quoted(one);
  return text;
}

}  // namespace

bool read_by_root_alone(const std::string& path) {
  struct stat status {};
  return ::geteuid() == 0 && ::stat(path.c_str(), &status) == 0 && status.st_uid == 0 &&
         (status.st_mode & S_IROTH) == 0;
}

Result<Secret> CheckSecretSource::read_file(const std::string& path) const {
  auto secret = system_.read_file(path);
  if (secret && read_by_root_alone(path)) place_in(roots_own_, path);
  return secret;
}

Result<Secret> CheckSecretSource::read_env(const std::string& name) const {
  return system_.read_env(name);
}

Result<Secret> CheckSecretSource::read_credential(const std::string& name) const {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory != nullptr && *directory != '\0') return system_.read_credential(name);
  // Stands for it, so that one credential in two places is found; has the form USER:PASSWORD too.
  return Secret{"unread:credential-" + std::to_string(place_in(unread_, name))};
}

std::vector<std::string> CheckSecretSource::notes(const std::string& config_path) const {
  std::vector<std::string> notes;
  if (!unread_.empty()) {
    notes.push_back(
        "not checked: what is in the credential" + std::string(unread_.size() == 1 ? " " : "s ") +
        joined(unread_) +
        ", which the service alone is given (LoadCredential=NAME:PATH); to check it as well: "
        "CREDENTIALS_DIRECTORY=FOLDER larderd --check " +
        config_path + ", where FOLDER has a file of that name");
  }
  if (!roots_own_.empty()) {
    notes.push_back("warning: only root can read " + joined(roots_own_) +
                    "; a service with a user of its own (DynamicUser=) cannot: use { credential = "
                    "\"NAME\" } and LoadCredential=NAME:PATH");
  }
  if (read_by_root_alone(config_path)) {
    notes.push_back(
        "warning: only root can read " + config_path +
        "; a service with a user of its own (DynamicUser=) cannot: chmod 644 it once it holds "
        "no token");
  }
  return notes;
}

}  // namespace larder
