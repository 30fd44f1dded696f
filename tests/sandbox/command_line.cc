// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/command_line.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox {

const char* const kHelp =
    R"(larder-sandbox: an origin that looks like Contentstack, for trials and tests

usage: larder-sandbox [OPTION...]
  --listen ADDRESS    of all three servers (127.0.0.1)
  --delivery-port N   of the delivery host; 0 = any that is free (0)
  --preview-port N    of the preview host (0)
  --control-port N    of the control server (0)
  --remember N        requests that GET /requests can show (4096)
  --die-with-parent   end when the process that started it ends
  --version, --help
It prints its ports as one line of JSON when it is ready. Exit codes: 0 ended by SIGTERM or SIGINT, 1 failed,
2 wrong usage.

Who may ask for what:
  stack A  api_key blt0123456789abcdef
    production  access_token cs0123456789abcdef01234567 or cs1123456789abcdef01234567
                preview_token csprev0123456789abcdef0123
    staging     access_token cs2123456789abcdef01234567
                preview_token csprev2123456789abcdef0123
  stack B  api_key bltfedcba9876543210
    production  access_token cs3123456789abcdef01234567
                preview_token csprev3123456789abcdef0123
    staging     access_token cs4123456789abcdef01234567
                preview_token csprev4123456789abcdef0123
  Each environment has the branches main, develop and release, and the alias live (of main). A preview takes
  any hash: live_preview: HASH.

What is in each branch:
  blog     bltaaaa1111 to bltaaaa1170, some in fr-fr and en-gb
  author   bltauthor0 to bltauthor9        page    bltpage0 to bltpage9
  org      bltorg0 and bltorg1             header  blthead
  page     bltstaging (staging only), bltdevelop (branch develop only)
  sized    s1000_ANY: an entry of 1000 bytes; tANY: of those told by /sizes
  assets   bltasset1 to bltasset12         taxonomies  color, appliances

The control server, bodies are JSON (stack A or B; env, branch, ct and uid name an entry):
  GET    /counts, /requests, /faults, /held, /healthz
  POST   /reset, /requests/clear
  POST   /publish {stack, env, branch, ct, uid, locale?, fields?}, /unpublish, /alias {stack, alias, branch}
  POST   /delete {stack, branch, ct, uid}, /schema {stack, env, branch, ct}, /forget_sync
  POST   /list_order {newest_first}, /sizes {UID: BYTES, ...}
  POST   /edge {lag_ms?, cache_buster?}, /sync {lose?, repeat?, reverse?, delay_ms?}
  GET    /webhook, /webhook/key, /edge
  POST   /webhook {url, hmac?, basic?, header?, lose?, repeat?, delay_ms?, reverse?}, /webhook/sign {body}, /event
  POST   /fault {host?, match?, times?, status?, delay_ms?, stall?, reset?, ...}
  POST   /hold {name, match?, ...}, /release {name}: requests wait there
  POST   /down {host?, reset?}, /up {host?}
  DELETE /faults, /faults/ID

Try it:
  curl -H 'api_key: blt0123456789abcdef' -H 'access_token: cs0123456789abcdef01234567' \
    'http://127.0.0.1:DELIVERY/v3/content_types/blog/entries/bltaaaa1111?environment=production'
  curl -d '{"host": "delivery", "times": 1, "status": 500}' http://127.0.0.1:CONTROL/fault
)";

namespace {

constexpr std::string_view kOptions[] = {"--listen",       "--delivery-port", "--preview-port",
                                         "--control-port", "--remember",      "--die-with-parent",
                                         "--version",      "--help"};

/// Octets to insert, delete or replace.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::string unknown(std::string_view word) {
  const auto nearest =
      std::min_element(std::begin(kOptions), std::end(kOptions),
                       [&](auto a, auto b) { return distance(word, a) < distance(word, b); });
  const std::string text = "unknown option \"" + std::string(word) + "\"";
  if (distance(word, *nearest) > 4) return text + "; --help lists them";
  return text + "; did you mean " + std::string(*nearest) + "?";
}

template <typename Number>
Number number_of(std::string_view option, std::string_view text, Number most) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > most) {
    throw UsageError(std::string(option) + " \"" + std::string(text) +
                     "\" is no whole number up to " + std::to_string(most));
  }
  return number;
}

}  // namespace

Options parse_command_line(int count, char** words) {
  constexpr unsigned kLastPort = 65'535;
  constexpr std::size_t kMostRemembered = 100'000'000;
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = words[i];
    const auto value = [&]() -> std::string_view {
      if (i + 1 >= count) throw UsageError(std::string(name) + " needs a value");
      return words[++i];
    };
    const auto port = [&] { return static_cast<int>(number_of(name, value(), kLastPort)); };
    if (name == "--listen") {
      options.listen = value();
    } else if (name == "--delivery-port") {
      options.delivery_port = port();
    } else if (name == "--preview-port") {
      options.preview_port = port();
    } else if (name == "--control-port") {
      options.control_port = port();
    } else if (name == "--remember") {
      options.remembered_requests = number_of(name, value(), kMostRemembered);
    } else if (name == "--die-with-parent") {
      options.die_with_parent = true;
    } else {
      throw UsageError(unknown(name));
    }
  }
  return options;
}

}  // namespace sandbox
