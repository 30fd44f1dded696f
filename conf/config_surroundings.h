// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conf/config.h"
#include "conf/mistake.h"

namespace larder {

/// What the machine lacks for this configuration, so that a start would fail: directories that are
/// missing, files of the wrong kind, a disk smaller than cache.size, an address that it has not.
/// Reads the file system, and binds sockets of its own for a moment.
std::vector<Mistake> check_surroundings(const Config& config);

/// upstream.ca_file must be a file with a certificate in it. "" = the system's, which is fine.
std::vector<Mistake> check_ca_file(const std::string& path);

/// webhook.public_key_file must hold keys that a signature can be verified with. "" = none.
std::vector<Mistake> check_public_key_file(const std::string& path);

/// What differs between larderd.service and a start by hand, so that one of them would fail: a text
/// for each, for --check.
std::vector<std::string> only_for_service(const Config& config);

/// What works but may not be meant: a text for each, for --check and the log.
std::vector<std::string> warnings_of(const Config& config);

}  // namespace larder
