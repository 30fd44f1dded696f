// SPDX-License-Identifier: Apache-2.0
#include "conf/config_table.h"

/// The configuration file at a glance: KEY, MEMBER, ALLOWED. In the file no key has a unit in its
/// name, for durations and sizes bring theirs along. Defaults are in config.h; larder.toml.example
/// shows every key, and a test holds it to this table.
namespace larder {
namespace {

constexpr std::int64_t kKiB = 1ll << 10;
constexpr std::int64_t kMiB = 1ll << 20;
constexpr std::int64_t kGiB = 1ll << 30;
constexpr std::int64_t kTiB = 1ll << 40;

constexpr std::int64_t kHourMs = 3'600'000;
constexpr Range kTimeoutMs = {1, kHourMs};
constexpr std::int64_t kHour = 3'600;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kYear = 365 * kDay;

Keys<ListenerConfig> listener_keys() {
  return {
      address("address", &ListenerConfig::address),
      choice("role", &ListenerConfig::role,
             {{"delivery", ListenerConfig::Role::delivery},
              {"preview", ListenerConfig::Role::preview}}),
  };
}

Keys<AdminConfig> admin_keys() {
  return {
      text("socket", &AdminConfig::socket, kSocketPath),
      addresses("metrics", &AdminConfig::metrics),
  };
}

Keys<ServerConfig> server_keys() {
  using S = ServerConfig;
  return {
      count("workers", &S::workers, {0, 256}),
      count("max_connections", &S::max_connections, {0, 10'000'000}),
      milliseconds("header_timeout", &S::header_timeout_ms, kTimeoutMs),
      milliseconds("idle_timeout", &S::idle_timeout_ms, kTimeoutMs),
      milliseconds("write_timeout", &S::write_timeout_ms, kTimeoutMs),
      milliseconds("request_timeout", &S::request_timeout_ms, kTimeoutMs),
      milliseconds("drain_timeout", &S::drain_timeout_ms, {0, kHourMs}),
      size("max_target", &S::max_target_bytes, {kKiB, kMiB}),
      size("max_header", &S::max_header_bytes, {kKiB, kMiB}),
      count("max_requests_per_connection", &S::max_requests_per_connection, {1, 1'000'000'000}),
      size("max_output", &S::max_output_bytes, {64 * kKiB, kTiB}),
  };
}

Keys<CacheConfig> cache_keys() {
  using S = CacheConfig;
  return {
      text("path", &S::path, kAbsolutePath),
      size("size", &S::size, {kMiB, 16 * kTiB}),
      size("max_object", &S::max_object_bytes, {0, kTiB}),
      size("max_decoded", &S::max_decoded_bytes, {kKiB, kTiB}),
      size("max_pending", &S::max_pending_bytes, {64 * kKiB, kTiB}),
      milliseconds("commit_interval", &S::commit_interval_ms, {0, 10'000}),
      choice("eviction", &S::eviction, {{"gdsf", S::Eviction::gdsf}, {"fifo", S::Eviction::fifo}}),
  };
}

Keys<TtlPolicy> ttl_policy_keys() {
  using S = TtlPolicy;
  return {
      seconds("fresh", &S::fresh_s, {0, kYear}),
      seconds("stale_while_revalidate", &S::stale_while_revalidate_s, {0, kYear}),
      seconds("stale_if_error", &S::stale_if_error_s, {0, kYear}),
  };
}

Keys<TtlConfig> ttl_keys() {
  using S = TtlConfig;
  return {
      table("entry", &S::entry, ttl_policy_keys()),
      table("list", &S::list, ttl_policy_keys()),
      table("asset", &S::asset, ttl_policy_keys()),
      table("content_type", &S::content_type, ttl_policy_keys()),
      table("taxonomy", &S::taxonomy, ttl_policy_keys()),
      table("sync", &S::sync, ttl_policy_keys()),
      table("negative", &S::negative, ttl_policy_keys()),
  };
}

Keys<UpstreamConfig> upstream_keys() {
  using S = UpstreamConfig;
  return {
      milliseconds("connect_timeout", &S::connect_timeout_ms, kTimeoutMs),
      milliseconds("first_byte_timeout", &S::first_byte_timeout_ms, kTimeoutMs),
      milliseconds("total_timeout", &S::total_timeout_ms, kTimeoutMs),
      size("low_speed", &S::low_speed_bytes_per_s, {1, kGiB}),
      seconds("low_speed_time", &S::low_speed_time_s, {1, kHour}),
      count("max_connections_per_host", &S::max_connections_per_host, {1, 10'000}),
      count("max_queue_per_host", &S::max_queue_per_host, {0, 1'000'000}),
      milliseconds("queue_wait", &S::queue_wait_ms, {0, kHourMs}),
      count("max_waiters_per_fill", &S::max_waiters_per_fill, {1, 10'000'000}),
      size("max_response_header", &S::max_response_header_bytes, {kKiB, 256 * kKiB}),
      size("max_response_body", &S::max_response_body_bytes, {kKiB, kTiB}),
      seconds("dns_cache", &S::dns_cache_s, {0, kDay}),
      flag("allow_private_addresses", &S::allow_private_addresses),
      flag("allow_plain_http", &S::allow_plain_http),
      text("ca_file", &S::ca_file, kAbsolutePathOrNone),
      seconds("rejected_hold", &S::rejected_hold_s, {0, kHour}),
      seconds("hit_for_miss", &S::hit_for_miss_s, {0, kDay}),
      texts("forward_headers", &S::forward_headers, kForwardableHeader),
      texts("forward_headers_unkeyed", &S::forward_headers_unkeyed, kForwardableHeader),
  };
}

Keys<PreviewConfig> preview_keys() {
  return {
      flag("strict_token", &PreviewConfig::strict_token),
      flag("allow_authorization", &PreviewConfig::allow_authorization),
  };
}

Keys<OpenModeConfig> open_keys() {
  using S = OpenModeConfig;
  return {
      region("region", &S::hosts),
      base_url("delivery", &S::hosts, &Hosts::delivery),
      base_url("preview", &S::hosts, &Hosts::preview),
      count("max_scopes", &S::max_scopes, {1, 1'000'000}),
  };
}

Keys<LogConfig> log_keys() {
  using Level = LogLevel;
  return {
      choice("level", &LogConfig::level,
             {{"error", Level::error},
              {"warning", Level::warning},
              {"info", Level::info},
              {"debug", Level::debug}}),
      text("access_log", &LogConfig::access_log, kAccessLogTarget),
  };
}

Keys<ScopeConfig> scope_keys() {
  using S = ScopeConfig;
  return {
      text("environment", &S::environment, kEnvironmentName),
      texts("branches", &S::branches, kBranchName),
      texts("aliases", &S::branches, kBranchName),
      secrets("delivery_tokens", &S::delivery_tokens),
      secrets("preview_tokens", &S::preview_tokens),
  };
}

Keys<StackConfig> stack_keys() {
  using S = StackConfig;
  return {
      text("api_key", &S::api_key, kApiKey),
      region("region", &S::hosts),
      base_url("delivery", &S::hosts, &Hosts::delivery),
      base_url("preview", &S::hosts, &Hosts::preview),
      tables("scope", &S::scopes, scope_keys()),
  };
}

}  // namespace

Keys<Config> config_table() {
  return {
      tables("listener", &Config::listeners, listener_keys()),
      table("admin", &Config::admin, admin_keys()),
      table("server", &Config::server, server_keys()),
      table("cache", &Config::cache, cache_keys()),
      table("ttl", &Config::ttl, ttl_keys()),
      table("upstream", &Config::upstream, upstream_keys()),
      table("preview", &Config::preview, preview_keys()),
      tables("stack", &Config::stacks, stack_keys()),
      table("open", &Config::open, open_keys()),
      table("log", &Config::log, log_keys()),
  };
}

}  // namespace larder
