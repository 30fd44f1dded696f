// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include "bench/simulate/belady.h"
#include "cache/eviction/eviction.h"

namespace larder::bench {

/// A policy by its name on the command line.
struct PolicyChoice {
  const char* name;
  const char* title;    ///< in reports
  const char* purpose;  ///< in the help
  bool clairvoyant;     ///< needs the Future
  int colour;           ///< of its curve in every report: `--line-N`
  std::unique_ptr<EvictionPolicy> (*make)(const Future* future, const std::uint64_t& event);
};

std::span<const PolicyChoice> policy_choices();
/// UsageError when there is none of that name.
const PolicyChoice& policy_choice(const std::string& name);

}  // namespace larder::bench
