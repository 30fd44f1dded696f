// SPDX-License-Identifier: Apache-2.0
#include "conf/config_table.h"

#include "conf/address.h"

/// The configuration file at a glance: KEY, WHEN A CHANGE TAKES EFFECT, MEMBER, ALLOWED. In the
/// file no key has a unit in its name, for durations and sizes bring theirs along. Defaults are in
/// config.h; larder.toml.example shows every key, and a test holds it to this table.
namespace larder {
namespace {

constexpr Effect kAtOnce = Effect::at_once;        // with a reload, SIGHUP
constexpr Effect kAtRestart = Effect::at_restart;  // sockets, threads and files that are open

constexpr std::int64_t kKiB = 1ll << 10;
constexpr std::int64_t kMiB = 1ll << 20;
constexpr std::int64_t kGiB = 1ll << 30;
constexpr std::int64_t kTiB = 1ll << 40;

constexpr std::int64_t kHourMs = 3'600'000;
constexpr Range kTimeoutMs = {1, kHourMs};
constexpr std::int64_t kHour = 3'600;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kYear = 365 * kDay;

Keys<TlsFiles> tls_file_keys() {
  return {
      text("certificate", kAtRestart, &TlsFiles::certificate, kAbsolutePath),
      text("key", kAtRestart, &TlsFiles::key, kAbsolutePath),
  };
}

Keys<ListenerConfig> listener_keys() {
  return {
      address("address", kAtRestart, &ListenerConfig::address),
      choice("role", kAtRestart, &ListenerConfig::role,
             {{"delivery", ListenerConfig::Role::delivery},
              {"preview", ListenerConfig::Role::preview}}),
      table_or_tables("tls", kAtRestart, &ListenerConfig::tls, tls_file_keys(),
                      [](const TlsFiles& files) { return files.certificate; }),
  };
}

Keys<TlsConfig> tls_keys() {
  return {
      milliseconds("handshake_timeout", kAtOnce, &TlsConfig::handshake_timeout_ms, kTimeoutMs),
      count("max_handshakes", kAtOnce, &TlsConfig::max_handshakes, {1, 1'000'000}),
      seconds("ticket_lifetime", kAtRestart, &TlsConfig::ticket_lifetime_s, {60, 7 * kDay}),
  };
}

Keys<AdminConfig> admin_keys() {
  return {
      text("socket", kAtRestart, &AdminConfig::socket, kSocketPath),
      addresses("metrics", kAtRestart, &AdminConfig::metrics),
      secrets("purge_tokens", kAtOnce, &AdminConfig::purge_tokens),
      flag("page", kAtOnce, &AdminConfig::page),
      count("top", kAtRestart, &AdminConfig::top, {0, 100'000}),
  };
}

Keys<ServerConfig> server_keys() {
  using S = ServerConfig;
  return {
      count("workers", kAtRestart, &S::workers, {0, 256}),
      count("max_connections", kAtOnce, &S::max_connections, {0, 10'000'000}),
      milliseconds("header_timeout", kAtOnce, &S::header_timeout_ms, kTimeoutMs),
      milliseconds("idle_timeout", kAtOnce, &S::idle_timeout_ms, kTimeoutMs),
      milliseconds("write_timeout", kAtOnce, &S::write_timeout_ms, kTimeoutMs),
      milliseconds("request_timeout", kAtOnce, &S::request_timeout_ms, kTimeoutMs),
      milliseconds("drain_timeout", kAtOnce, &S::drain_timeout_ms, {0, kHourMs}),
      size("max_target", kAtOnce, &S::max_target_bytes, {kKiB, kMiB}),
      size("max_header", kAtOnce, &S::max_header_bytes, {kKiB, kMiB}),
      count("max_requests_per_connection", kAtOnce, &S::max_requests_per_connection,
            {1, 1'000'000'000}),
      size("max_output", kAtOnce, &S::max_output_bytes, {kMiB, kTiB}),
      flag("request_id", kAtOnce, &S::request_id),
      text("instance_id", kAtRestart, &S::instance_id, kInstanceId),
  };
}

Keys<CacheConfig> cache_keys() {
  using S = CacheConfig;
  return {
      text("path", kAtRestart, &S::path, kAbsolutePath),
      size("size", kAtRestart, &S::size, {kMiB, 16 * kTiB}),
      size("max_object", kAtRestart, &S::max_object_bytes, {0, kTiB}),
      size("max_decoded", kAtOnce, &S::max_decoded_bytes, {kKiB, kTiB}),
      size("max_pending", kAtOnce, &S::max_pending_bytes, {64 * kKiB, kTiB}),
      milliseconds("commit_interval", kAtOnce, &S::commit_interval_ms, {0, 10'000}),
      milliseconds("reader_hold", kAtRestart, &S::reader_hold_ms, {0, kHourMs}),
      choice("eviction", kAtRestart, &S::eviction,
             {{"gdsf", S::Eviction::gdsf}, {"fifo", S::Eviction::fifo}}),
  };
}

Keys<TtlPolicy> ttl_policy_keys() {
  using S = TtlPolicy;
  return {
      seconds("fresh", kAtOnce, &S::fresh_s, {0, kYear}),
      seconds("stale_while_revalidate", kAtOnce, &S::stale_while_revalidate_s, {0, kYear}),
      seconds("stale_if_error", kAtOnce, &S::stale_if_error_s, {0, kYear}),
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

Keys<ProxyConfig> proxy_keys() {
  return {
      text("url", kAtOnce, &ProxyConfig::url, kProxyUrl),
      secret("credentials", kAtOnce, &ProxyConfig::credentials),
  };
}

Keys<UpstreamConfig> upstream_keys() {
  using S = UpstreamConfig;
  return {
      milliseconds("connect_timeout", kAtOnce, &S::connect_timeout_ms, kTimeoutMs),
      milliseconds("acknowledge_timeout", kAtOnce, &S::acknowledge_timeout_ms, {100, kHourMs}),
      milliseconds("idle_connection", kAtOnce, &S::idle_connection_ms, {0, kHourMs}),
      milliseconds("max_connection_age", kAtOnce, &S::max_connection_age_ms, {0, kDay * 1'000}),
      milliseconds("first_byte_timeout", kAtOnce, &S::first_byte_timeout_ms, kTimeoutMs),
      milliseconds("total_timeout", kAtOnce, &S::total_timeout_ms, kTimeoutMs),
      size("low_speed", kAtOnce, &S::low_speed_bytes_per_s, {1, kGiB}),
      seconds("low_speed_time", kAtOnce, &S::low_speed_time_s, {1, kHour}),
      count("max_connections_per_host", kAtOnce, &S::max_connections_per_host, {1, 10'000}),
      count("max_queue_per_host", kAtOnce, &S::max_queue_per_host, {0, 1'000'000}),
      milliseconds("queue_wait", kAtOnce, &S::queue_wait_ms, {0, kHourMs}),
      count("requests_per_second", kAtOnce, &S::requests_per_second, {0, 1'000'000}),
      count("request_burst", kAtOnce, &S::request_burst, {0, 1'000'000}),
      count("failures_to_open", kAtOnce, &S::failures_to_open, {1, 1'000'000}),
      milliseconds("silence_to_open", kAtOnce, &S::silence_to_open_ms, {100, kHourMs}),
      milliseconds("stale_after", kAtOnce, &S::stale_after_ms, {0, kHourMs}),
      seconds("max_hold", kAtOnce, &S::max_hold_s, {0, kDay}),
      count("max_waiters_per_fill", kAtOnce, &S::max_waiters_per_fill, {1, 10'000'000}),
      count("max_slow_relays_per_client", kAtOnce, &S::max_slow_relays_per_client, {1, 10'000}),
      size("max_response_header", kAtOnce, &S::max_response_header_bytes, {kKiB, 256 * kKiB}),
      size("max_response_body", kAtOnce, &S::max_response_body_bytes, {kKiB, kTiB}),
      seconds("dns_cache", kAtOnce, &S::dns_cache_s, {0, kDay}),
      flag("allow_private_addresses", kAtOnce, &S::allow_private_addresses),
      flag("allow_plain_http", kAtOnce, &S::allow_plain_http),
      text("ca_file", kAtOnce, &S::ca_file, kAbsolutePathOrNone),
      table("proxy", &S::proxy, proxy_keys()),
      seconds("rejected_hold", kAtOnce, &S::rejected_hold_s, {0, kHour}),
      seconds("hit_for_miss", kAtOnce, &S::hit_for_miss_s, {0, kDay}),
      texts("forward_headers", kAtOnce, &S::forward_headers, kForwardableHeader),
      texts("forward_headers_unkeyed", kAtOnce, &S::forward_headers_unkeyed, kForwardableHeader),
  };
}

Keys<PurgeConfig> purge_keys() {
  using S = PurgeConfig;
  return {choice("mode", kAtOnce, &S::mode,
                 {{"exact", S::Mode::exact}, {"content_type", S::Mode::content_type}}),
          milliseconds("soft_for", kAtOnce, &PurgeConfig::soft_for_ms, {0, kHourMs}),
          flag("fence", kAtOnce, &PurgeConfig::fence),
          milliseconds("unknown_for", kAtRestart, &PurgeConfig::unknown_for_ms, {0, kHourMs}),
          count("events", kAtOnce, &PurgeConfig::events, {0, 10'000}),
          count("warm", kAtOnce, &PurgeConfig::warm, {0, 1'000}),
          count("known_entries", kAtOnce, &PurgeConfig::known_entries, {0, 10'000'000})};
}

Keys<AuditConfig> audit_keys() {
  return {count("per_minute", kAtOnce, &AuditConfig::per_minute, {0, 600})};
}

Keys<PreviewConfig> preview_keys() {
  return {
      flag("strict_token", kAtOnce, &PreviewConfig::strict_token),
      flag("allow_authorization", kAtOnce, &PreviewConfig::allow_authorization),
  };
}

Keys<OpenModeConfig> open_keys() {
  using S = OpenModeConfig;
  return {
      region("region", &S::hosts),
      base_url("delivery", kAtOnce, &S::hosts, &Hosts::delivery),
      base_url("preview", kAtOnce, &S::hosts, &Hosts::preview),
      count("max_scopes", kAtRestart, &S::max_scopes, {1, 1'000'000}),
      count("miss_rate", kAtOnce, &S::miss_rate, {0, 1'000'000}),
      count("miss_burst", kAtOnce, &S::miss_burst, {1, 1'000'000}),
  };
}

Keys<WebhookConfig> webhook_keys() {
  using S = WebhookConfig;
  return {
      addresses("listen", kAtRestart, &S::listen),
      text("path", kAtOnce, &S::path, kUrlPath),
      text("public_key_file", kAtOnce, &S::public_key_file, kAbsolutePathOrNone),
      text("public_key_url", kAtOnce, &S::public_key_url, kUrlOrNone),
      secrets("hmac_secrets", kAtOnce, &S::hmac_secrets),
      secret("basic_auth", kAtOnce, &S::basic_auth),
      text("secret_header", kAtOnce, &S::secret_header, kHeaderNameOrNone),
      secrets("secret_header_values", kAtOnce, &S::secret_header_values),
      flag("allow_unverified", kAtOnce, &S::allow_unverified),
      size("max_body", kAtOnce, &S::max_body_bytes, {kKiB, kGiB}),
      size("max_memory", kAtOnce, &S::max_memory_bytes, {kKiB, kTiB}),
      count("max_connections", kAtRestart, &S::max_connections, {1, 10'000}),
      milliseconds("request_timeout", kAtOnce, &S::request_timeout_ms, kTimeoutMs),
      seconds("window", kAtOnce, &S::window_s, {15 * 60, kDay}),
  };
}

Keys<BusConfig> bus_keys() {
  using S = BusConfig;
  return {
      text("address", kAtRestart, &S::address, kBusAddressOrNone),
      flag("tls", kAtRestart, &S::tls),
      text("ca_file", kAtRestart, &S::ca_file, kAbsolutePathOrNone),
      text("username", kAtRestart, &S::username, kBusWordOrNone),
      secret("password", kAtRestart, &S::password),
      text("stream", kAtRestart, &S::stream, kBusWord),
      count("keep", kAtRestart, &S::keep, {100, 10'000'000}),
  };
}

Keys<LogConfig> log_keys() {
  using Level = LogLevel;
  return {
      choice("level", kAtOnce, &LogConfig::level,
             {{"error", Level::error},
              {"warning", Level::warning},
              {"info", Level::info},
              {"debug", Level::debug}}),
      text("access_log", kAtRestart, &LogConfig::access_log, kAccessLogTarget),
      choice("access_format", kAtRestart, &LogConfig::access_format,
             {{"json", LogConfig::AccessFormat::json},
              {"combined", LogConfig::AccessFormat::combined}}),
      share("access_sample", kAtOnce, &LogConfig::access_sample),
      size("buffer", kAtRestart, &LogConfig::buffer_bytes, {64 * kKiB, kGiB}),
      count("decisions", kAtRestart, &LogConfig::decisions, {0, 1'000'000}),
  };
}

Keys<ScopeConfig> scope_keys() {
  using S = ScopeConfig;
  return {
      text("environment", kAtOnce, &S::environment, kEnvironmentName),
      texts("branches", kAtOnce, &S::branches, kBranchName),
      with_another(texts("aliases", kAtOnce, &S::branches, kBranchName)),
      secrets("delivery_tokens", kAtOnce, &S::delivery_tokens),
      secrets_or_any("preview_tokens", kAtOnce, &S::preview_tokens, &S::any_preview_token),
      flag("sync", kAtOnce, &S::sync),
      milliseconds("sync_interval", kAtOnce, &S::sync_interval_ms, {100, kHourMs}),
  };
}

Keys<StackConfig> stack_keys() {
  using S = StackConfig;
  return {
      text("api_key", kAtOnce, &S::api_key, kApiKey),
      region("region", &S::hosts),
      base_url("delivery", kAtOnce, &S::hosts, &Hosts::delivery),
      base_url("preview", kAtOnce, &S::hosts, &Hosts::preview),
      tables("scope", kAtOnce, &S::scopes, scope_keys(),
             [](const ScopeConfig& scope) { return scope.environment; }),
  };
}

}  // namespace

Keys<Config> config_table() {
  return {
      tables("listener", kAtRestart, &Config::listeners, listener_keys(),
             [](const ListenerConfig& listener) { return address_text(listener.address); }),
      table("tls", &Config::tls, tls_keys()),
      table("admin", &Config::admin, admin_keys()),
      table("server", &Config::server, server_keys()),
      table("cache", &Config::cache, cache_keys()),
      table("ttl", &Config::ttl, ttl_keys()),
      table("upstream", &Config::upstream, upstream_keys()),
      table("purge", &Config::purge, purge_keys()),
      table("audit", &Config::audit, audit_keys()),
      table("preview", &Config::preview, preview_keys()),
      tables("stack", kAtOnce, &Config::stacks, stack_keys(),
             [](const StackConfig& stack) { return stack.api_key; }),
      table("open", &Config::open, open_keys()),
      table("webhook", &Config::webhook, webhook_keys()),
      table("bus", &Config::bus, bus_keys()),
      table("log", &Config::log, log_keys()),
  };
}

}  // namespace larder
