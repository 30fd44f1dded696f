// SPDX-License-Identifier: Apache-2.0
#include "conf/region.h"

namespace larder {
namespace {

struct Region {
  std::string_view name;
  const char* delivery;
  const char* preview;
};

constexpr const char* kNaDelivery = "https://cdn.contentstack.io";
constexpr const char* kNaPreview = "https://rest-preview.contentstack.com";

constexpr Region kRegions[] = {
    {"na", kNaDelivery, kNaPreview},
    {"us", kNaDelivery, kNaPreview},
    {"aws-na", kNaDelivery, kNaPreview},
    {"eu", "https://eu-cdn.contentstack.com", "https://eu-rest-preview.contentstack.com"},
    {"au", "https://au-cdn.contentstack.com", "https://au-rest-preview.contentstack.com"},
    {"azure-na", "https://azure-na-cdn.contentstack.com",
     "https://azure-na-rest-preview.contentstack.com"},
    {"azure-eu", "https://azure-eu-cdn.contentstack.com",
     "https://azure-eu-rest-preview.contentstack.com"},
    {"gcp-na", "https://gcp-na-cdn.contentstack.com",
     "https://gcp-na-rest-preview.contentstack.com"},
    {"gcp-eu", "https://gcp-eu-cdn.contentstack.com",
     "https://gcp-eu-rest-preview.contentstack.com"},
};

}  // namespace

std::optional<Hosts> hosts_of_region(std::string_view name) {
  for (const Region& region : kRegions) {
    if (region.name == name) return Hosts{region.delivery, region.preview};
  }
  return std::nullopt;
}

std::vector<std::string_view> region_names() {
  std::vector<std::string_view> names;
  for (const Region& region : kRegions) names.push_back(region.name);
  return names;
}

}  // namespace larder
