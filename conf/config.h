// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "conf/base/log_level.h"
#include "conf/base/secret.h"

/// The whole configuration as one plain struct: every member has its default and its unit. Read
/// from TOML by `conf/config_file.h`; held as a snapshot that never changes, `Settings`. What has
/// no secret in it compares by value.
namespace larder {

using Milliseconds = std::int64_t;
using Seconds = std::int64_t;
using Bytes = std::uint64_t;

/// One address that larder listens on.
struct ListenAddress {
  enum class Family { tcp, unix_socket };
  Family family = Family::tcp;
  std::string host;  ///< IP literal (v4, or v6 without brackets), or the path of a unix socket
  std::uint16_t port = 0;  ///< tcp only; 0 = any free port
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

/// PEM files of one certificate.
struct TlsFiles {
  std::string certificate;  ///< the server's own first, then those that it is signed by
  std::string key;          ///< its private key, without a passphrase
  friend auto operator<=>(const TlsFiles&, const TlsFiles&) = default;
};

/// `[[listener]]`
struct ListenerConfig {
  enum class Role {
    delivery,  ///< classified: delivery traffic from the cache, preview traffic to the preview host
    preview,   ///< everything goes to the preview host
  };
  ListenAddress address;
  Role role = Role::delivery;
  std::vector<TlsFiles> tls;  ///< empty = plain HTTP; the first is for names that none is for
};

/// `[tls]`: of all listeners with `tls`.
struct TlsConfig {
  Milliseconds handshake_timeout_ms = 10'000;  ///< from the connection to the end of the handshake
  unsigned max_handshakes = 1'000;     ///< under way, of each worker; then the oldest is cut off
  Seconds ticket_lifetime_s = 43'200;  ///< of session tickets; their keys change as often
  friend bool operator==(const TlsConfig&, const TlsConfig&) = default;
};

/// `[admin]`
struct AdminConfig {
  std::string socket;                  ///< path of the unix socket for larderctl; empty = none
  std::vector<ListenAddress> metrics;  ///< TCP listeners for GET /metrics and /healthz
  /// with one of them `metrics` takes purges as well; empty = it takes none
  std::vector<Secret> purge_tokens;
  bool page = false;   ///< `metrics` shows the status page and its figures without a token
  unsigned top = 500;  ///< URLs that are counted for what is hot; 0 = none
};

/// `[server]`: clients and their bounds.
struct ServerConfig {
  unsigned workers = 0;          ///< event loops; 0 = one for each core, within the cgroup
  unsigned max_connections = 0;  ///< all workers together; 0 = see daemon/start_limits.h
  Milliseconds header_timeout_ms =
      5'000;  ///< from the first byte of a request to the end of its header
  Milliseconds idle_timeout_ms = 15'000;     ///< between two requests
  Milliseconds write_timeout_ms = 10'000;    ///< without progress of a write
  Milliseconds request_timeout_ms = 30'000;  ///< a client's wait for an answer from the origin
  Milliseconds drain_timeout_ms = 10'000;    ///< from SIGTERM to the end
  Bytes max_target_bytes = 16 * 1024;        ///< request target
  Bytes max_header_bytes = 16 * 1024;        ///< header block without the request line
  unsigned max_requests_per_connection = 10'000;
  /// bytes waiting for slow clients, the kernel's among them, all connections together
  Bytes max_output_bytes = 256ull << 20;
  bool request_id = true;   ///< answers carry X-Request-Id
  std::string instance_id;  ///< this larder's among others in a row; empty = drawn at the start
  friend bool operator==(const ServerConfig&, const ServerConfig&) = default;
};

/// `[cache]`
struct CacheConfig {
  enum class Eviction {
    gdsf,  ///< by use and size, what was seen once has to earn its place
    fifo,  ///< in the order of storing
  };
  std::string path = "/var/cache/larder";  ///< directory, created with mode 0700
  Bytes size = 1ull << 30;                 ///< bound of the database file
  Bytes max_object_bytes = 0;              ///< largest stored body; 0 = 1.5 % of `size`
  Bytes max_pending_bytes =
      64ull << 20;  ///< bodies in flight or waiting for their commit, together
  Bytes max_decoded_bytes = 32ull << 20;  ///< largest body, decoded, that is checked and so stored
  unsigned commit_interval_ms = 50;       ///< a group commit gathers stores at most this long
  /// rows of a large object that is gone are kept so long for who still sends them
  Milliseconds reader_hold_ms = 300'000;
  Eviction eviction = Eviction::gdsf;  ///< what leaves when the database is full
  friend bool operator==(const CacheConfig&, const CacheConfig&) = default;
};

/// How long one kind of resource may be used. Directives of the origin win where it sends any.
struct TtlPolicy {
  Seconds fresh_s = 60;                    ///< answered without asking the origin
  Seconds stale_while_revalidate_s = 300;  ///< answered at once while one refresh runs
  Seconds stale_if_error_s = 86'400;       ///< answered when the origin fails
  friend bool operator==(const TtlPolicy&, const TtlPolicy&) = default;
};

/// `[ttl.KIND]`
struct TtlConfig {
  TtlPolicy entry{60, 300, 86'400};
  TtlPolicy list{30, 300, 86'400};
  TtlPolicy asset{300, 600, 86'400};
  TtlPolicy content_type{300, 600, 86'400};  ///< also global fields
  TtlPolicy taxonomy{300, 600, 86'400};
  TtlPolicy sync{2, 0, 0};            ///< a repeated sync poll
  TtlPolicy negative{10, 0, 86'400};  ///< 404 and 422
  friend bool operator==(const TtlConfig&, const TtlConfig&) = default;
};

/// `[upstream.proxy]`: the way to every origin.
struct ProxyConfig {
  std::string url;     ///< `http`, `https` or `socks5h`, `://host[:port]`; empty = none
  Secret credentials;  ///< `user:password`; empty = none
  friend bool operator==(const ProxyConfig& a, const ProxyConfig& b) {
    return a.url == b.url && a.credentials.equals(b.credentials.reveal());
  }
};

/// `[upstream]`: both hosts of every stack.
struct UpstreamConfig {
  Milliseconds connect_timeout_ms = 2'000;
  /// a kept connection on which a request is not acknowledged for this long is dead
  Milliseconds acknowledge_timeout_ms = 1'000;
  Milliseconds idle_connection_ms = 60'000;      ///< kept between two requests
  Milliseconds max_connection_age_ms = 300'000;  ///< then no further request goes on it
  Milliseconds first_byte_timeout_ms = 20'000;   ///< from the start of a transfer to its header
  Milliseconds total_timeout_ms = 60'000;
  Bytes low_speed_bytes_per_s = 1'024;  ///< slower than this for `low_speed_time_s` = failed
  Seconds low_speed_time_s = 10;
  unsigned max_connections_per_host = 32;   ///< also the transfers at work for one host
  unsigned max_queue_per_host = 256;        ///< transfers waiting for a place
  Milliseconds queue_wait_ms = 1'000;       ///< then stale or 503
  unsigned requests_per_second = 0;         ///< of each stack to its delivery host; 0 = any
  unsigned request_burst = 0;               ///< of these, in one go; 0 = a quarter of them
  unsigned failures_to_open = 5;            ///< in a row: then only probes ask the host
  Milliseconds silence_to_open_ms = 3'000;  ///< each waiting transfer has failed after it
  Milliseconds stale_after_ms = 1'000;      ///< who waits so long and has a stale object gets it
  Seconds max_hold_s = 60;                  ///< a Retry-After is obeyed so long at most
  unsigned max_waiters_per_fill = 1'000;    ///< clients joined on one fill; more get 503
  unsigned max_slow_relays_per_client = 8;  ///< relays that wait for one client address
  Bytes max_response_header_bytes = 64 * 1024;
  Bytes max_response_body_bytes = 64ull << 20;  ///< a larger body is cut off, with an error
  Seconds dns_cache_s = 60;
  bool allow_private_addresses = false;  ///< origins in loopback and private ranges
  bool allow_plain_http = false;         ///< origins with http:// (sandboxes and tests)
  std::string ca_file;                   ///< PEM bundle; empty = the system's
  ProxyConfig proxy;
  Seconds rejected_hold_s = 5;               ///< a 401 is answered from memory this long
  Seconds hit_for_miss_s = 60;               ///< an uncacheable URL is not queued on this long
  std::vector<std::string> forward_headers;  ///< more request headers to pass on, part of the key
  std::vector<std::string>
      forward_headers_unkeyed;  ///< ditto, not part of the key (the operator vouches)
  friend bool operator==(const UpstreamConfig&, const UpstreamConfig&) = default;
};

/// `[purge]`
struct PurgeConfig {
  enum class Mode {
    exact,         ///< an entry takes what may show it
    content_type,  ///< and what shows, lists or refers to any entry of its content type
  };
  Mode mode = Mode::exact;
  /// so long after a change what shows it is served once more while its refresh runs
  Milliseconds soft_for_ms = 2'000;
  /// an answer that a cache on the way had since before a change is not fresh
  bool fence = true;
  /// from a start on, what is stored counts as fresh so long before its feed is caught up
  Milliseconds unknown_for_ms = 0;
  unsigned events = 256;  ///< purges that are remembered for `larderctl events`
  unsigned warm = 0;      ///< objects, the most used ones, that a purge has refreshed at once
  /// Versions of entries of which it is remembered what they refer to.
  unsigned known_entries = 0;
  friend bool operator==(const PurgeConfig&, const PurgeConfig&) = default;
};

/// `[audit]`
struct AuditConfig {
  unsigned per_minute = 0;  ///< fresh objects that are compared with the origin's
  friend bool operator==(const AuditConfig&, const AuditConfig&) = default;
};

/// `[preview]`
struct PreviewConfig {
  bool strict_token = false;  ///< every request that bears a preview token goes to the preview host
  bool allow_authorization =
      false;  ///< pass requests with `authorization` and no preview hash on, uncached
  friend bool operator==(const PreviewConfig&, const PreviewConfig&) = default;
};

/// The two hosts of a stack, as `https://host[:port]` without a path.
struct Hosts {
  std::string delivery;
  std::string preview;
  friend bool operator==(const Hosts&, const Hosts&) = default;
};

/// `[[stack.scope]]`: the tokens that see one environment, declared equivalent.
struct ScopeConfig {
  std::string environment;
  std::vector<std::string> branches;  ///< branch and alias uids; empty = any
  std::vector<Secret> delivery_tokens;
  std::vector<Secret> preview_tokens;
  bool any_preview_token = false;         ///< `preview_tokens = "any"`
  bool sync = false;                      ///< its branches and aliases are followed by the Sync API
  Milliseconds sync_interval_ms = 2'000;  ///< between two polls of each
};

/// `[[stack]]`
struct StackConfig {
  std::string api_key;
  Hosts hosts;  ///< from `region` or given
  std::vector<ScopeConfig> scopes;
};

/// `[open]`: without any [[stack]], every (api key, token, environment, branch) is a scope of its
/// own, proven by nothing but the origin's own 200.
struct OpenModeConfig {
  Hosts hosts;                  ///< of `region`, "na" unless given, or explicit
  unsigned max_scopes = 1'024;  ///< distinct scopes in the store and in memory
  unsigned miss_rate = 100;  ///< requests per second that one token may send to the origin; 0 = any
  unsigned miss_burst = 200;  ///< of these, in one go
  friend bool operator==(const OpenModeConfig&, const OpenModeConfig&) = default;
};

/// `[webhook]`: the receiver of the CMS's events. A webhook has to pass every proof that is given a
/// key or secret here.
struct WebhookConfig {
  std::vector<ListenAddress> listen;  ///< empty = no receiver
  std::string path = "/webhooks/contentstack";
  std::string public_key_url;        ///< where the CMS shows its key; empty = see public_key_file
  std::string public_key_file;       ///< PEM, one or more keys, any of which may have signed
  std::vector<Secret> hmac_secrets;  ///< any of which may have been used
  Secret basic_auth;                 ///< `user:password`
  std::string secret_header;         ///< name of a header that the CMS is told to send
  std::vector<Secret> secret_header_values;  ///< any of which it may have
  bool allow_unverified = false;             ///< take webhooks though no proof is required
  Bytes max_body_bytes = 8ull << 20;
  Bytes max_memory_bytes = 64ull << 20;      ///< bodies that are being received, together
  unsigned max_connections = 64;             ///< all listeners together
  Milliseconds request_timeout_ms = 10'000;  ///< from the connection to the end of the request
  /// how old an event may be, and how long it is known again (up to twice as long)
  Seconds window_s = 3'600;

  bool requires_signature() const { return !public_key_file.empty() || !public_key_url.empty(); }
  bool requires_proof() const {
    return requires_signature() || !hmac_secrets.empty() || !basic_auth.empty() ||
           !secret_header.empty();
  }
};

/// `[bus]`: a Redis or Valkey Stream by which the larderds of a fleet tell each other of purges.
struct BusConfig {
  std::string address;  ///< `host:port` or `unix:/path`; empty = no bus
  bool tls = false;
  std::string ca_file;  ///< of who has signed the server's certificate; empty = the system's
  std::string username;
  Secret password;
  std::string stream = "larder";
  unsigned keep = 100'000;  ///< entries that stay in the stream, about
};

/// `[log]`
struct LogConfig {
  enum class AccessFormat {
    json,      ///< one object a line
    combined,  ///< NCSA's, as Apache and nginx write it
  };
  LogLevel level = LogLevel::info;
  std::string access_log;  ///< see log_target()
  AccessFormat access_format = AccessFormat::json;
  double access_sample = 1;  ///< the share of requests that are lines, 0 to 1; errors always are
  Bytes buffer_bytes =
      8ull << 20;              ///< lines of each log that wait to be written; beyond, they are lost
  unsigned decisions = 4'096;  ///< remembered for `larderctl explain`, all workers together
  friend bool operator==(const LogConfig&, const LogConfig&) = default;
};

struct Config {
  std::vector<ListenerConfig> listeners;  ///< 127.0.0.1:8080 when none is given
  TlsConfig tls;
  AdminConfig admin;
  ServerConfig server;
  CacheConfig cache;
  TtlConfig ttl;
  UpstreamConfig upstream;
  PurgeConfig purge;
  AuditConfig audit;
  PreviewConfig preview;
  std::vector<StackConfig> stacks;  ///< empty = open mode
  OpenModeConfig open;
  WebhookConfig webhook;
  BusConfig bus;
  LogConfig log;

  bool open_mode() const { return stacks.empty(); }
};

}  // namespace larder
