// SPDX-License-Identifier: Apache-2.0
#include "bench/simulate/policy_choice.h"

#include <array>

#include "bench/run/command.h"
#include "bench/simulate/reference_policies.h"
#include "cache/eviction/gdsf.h"

namespace larder::bench {
namespace {

using Made = std::unique_ptr<EvictionPolicy>;

constexpr std::array<PolicyChoice, 7> kChoices{{
    {"gdsf", "larder (gdsf)", "what larderd does", false, 0,
     [](const Future*, const std::uint64_t&) -> Made {
       return make_eviction(CacheConfig::Eviction::gdsf);
     }},
    {"gdsf-unfiltered", "gdsf, no write filter", "the same, but it also stores large newcomers",
     false, 6,
     [](const Future*, const std::uint64_t&) -> Made {
       return std::make_unique<Gdsf>(GdsfOptions{.write_filter = false});
     }},
    {"fifo", "FIFO", "larderd with cache.eviction = \"fifo\"", false, 3,
     [](const Future*, const std::uint64_t&) -> Made {
       return make_eviction(CacheConfig::Eviction::fifo);
     }},
    {"lru", "LRU", "least recently used", false, 1,
     [](const Future*, const std::uint64_t&) -> Made { return make_lru(); }},
    {"sieve", "SIEVE", "first in, first out, with a second chance", false, 4,
     [](const Future*, const std::uint64_t&) -> Made { return make_sieve(); }},
    {"gdsf-plain", "plain GDSF", "gdsf without memory and admission", false, 5,
     [](const Future*, const std::uint64_t&) -> Made { return make_plain_gdsf(); }},
    {"belady", "knows the future",
     "Belady's rule weighed by size: about the least that any policy can miss", true, 2,
     [](const Future* future, const std::uint64_t& event) -> Made {
       return make_belady(*future, event);
     }},
}};

}  // namespace

std::span<const PolicyChoice> policy_choices() {
  return kChoices;
}

const PolicyChoice& policy_choice(const std::string& name) {
  std::string known;
  for (const PolicyChoice& choice : kChoices) {
    if (name == choice.name) return choice;
    known += (known.empty() ? "" : ", ") + std::string(choice.name);
  }
  throw UsageError("there is no policy '" + name + "'; the policies are " + known);
}

}  // namespace larder::bench
