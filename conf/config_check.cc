// SPDX-License-Identifier: Apache-2.0
#include "conf/config_check.h"

#include <algorithm>
#include <string>
#include <utility>

#include "conf/config_value.h"
#include "conf/units.h"

namespace larder {
namespace {

void check_cache(const Config& config, const TomlValue& file, std::vector<Mistake>& mistakes) {
  const CacheConfig& cache = config.cache;
  // An object must leave room for others, or each one stored empties the cache.
  if (cache.max_object_bytes > cache.size / 4) {
    mistakes.push_back({line_at(file, {"cache", "max_object"}),
                        "cache.max_object is " + size_text(cache.max_object_bytes) +
                            ", more than a quarter of cache.size, " + size_text(cache.size),
                        "lower it, raise cache.size, or leave it out for 1.5 % of the size"});
  }
  if (cache.max_object_bytes > cache.max_pending_bytes) {
    mistakes.push_back({line_at(file, {"cache", "max_pending"}),
                        "cache.max_pending is " + size_text(cache.max_pending_bytes) +
                            ", less than one object of cache.max_object, " +
                            size_text(cache.max_object_bytes),
                        "raise cache.max_pending to several times cache.max_object"});
  }
}

void check_header_lists(const UpstreamConfig& upstream, const TomlValue& file,
                        std::vector<Mistake>& mistakes) {
  const auto folded = [](std::string name) {
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      if (c == '-') c = '_';
    }
    return name;
  };
  std::vector<std::string> seen;
  const auto check = [&](const char* key, const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string name = folded(names[i]);
      if (!name.empty() && std::find(seen.begin(), seen.end(), name) != seen.end()) {
        mistakes.push_back({line_at(file, {"upstream", key, i}),
                            "the header " + quoted(names[i]) + " is listed twice",
                            "list it once, in forward_headers or in forward_headers_unkeyed"});
      }
      seen.push_back(name);
    }
  };
  check("forward_headers", upstream.forward_headers);
  check("forward_headers_unkeyed", upstream.forward_headers_unkeyed);
}

void check_timeouts(const UpstreamConfig& upstream, const TomlValue& file,
                    std::vector<Mistake>& mistakes) {
  const auto check = [&](const char* key, Milliseconds value) {
    const TomlValue* section = file.find("upstream");
    const bool written = section != nullptr && section->find(key) != nullptr;
    if (!written || value <= upstream.total_timeout_ms) return;
    mistakes.push_back({line_at(file, {"upstream", key}),
                        std::string("upstream.") + key + " is " + duration_text(value) +
                            ", longer than upstream.total_timeout, " +
                            duration_text(upstream.total_timeout_ms),
                        "lower it or raise upstream.total_timeout"});
  };
  check("connect_timeout", upstream.connect_timeout_ms);
  check("first_byte_timeout", upstream.first_byte_timeout_ms);
}

void check_proxy(const ProxyConfig& proxy, const TomlValue& file, std::vector<Mistake>& mistakes) {
  const int line = line_at(file, {"upstream", "proxy", "credentials"});
  if (proxy.credentials.empty()) return;
  if (proxy.url.empty()) {
    mistakes.push_back({line, "upstream.proxy has credentials and no url",
                        "give the proxy's url, or remove the credentials"});
  } else if (proxy.credentials.reveal().find(':') == std::string_view::npos) {
    mistakes.push_back(
        {line, "the credentials of upstream.proxy have no `:`", "write them as USER:PASSWORD"});
  }
}

}  // namespace

int line_at(const TomlValue& file, std::initializer_list<PathStep> path) {
  const TomlValue* at = &file;
  int line = 0;
  for (const PathStep& step : path) {
    const TomlValue* next = nullptr;
    if (!step.key.empty()) {
      next = at->find(step.key);
    } else if (step.index < at->children.size()) {
      next = &at->children[step.index];
    }
    if (next == nullptr) break;
    at = next;
    line = at->line;
  }
  return line;
}

void check_config(const Config& config, const TomlValue& file, std::vector<Mistake>& mistakes) {
  check_addresses(config, file, mistakes);
  check_tls(config, file, mistakes);
  check_cache(config, file, mistakes);
  check_timeouts(config.upstream, file, mistakes);
  check_header_lists(config.upstream, file, mistakes);
  check_proxy(config.upstream.proxy, file, mistakes);
  check_stacks(config, file, mistakes);
  check_webhook(config, file, mistakes);
  check_bus(config.bus, file, mistakes);
}

}  // namespace larder
