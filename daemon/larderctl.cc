// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemon/command_line.h"
#include "daemon/control_options.h"
#include "daemon/control_side.h"
#include "daemon/explain_text.h"
#include "daemon/hosts_text.h"
#include "daemon/live_stats.h"
#include "daemon/service_commands.h"
#include "daemon/snapshot_file.h"
#include "daemon/status_text.h"
#include "daemon/stored_commands.h"
#include "daemon/tags_text.h"
#include "daemon/top_text.h"
#include "upstream/control_client.h"
#include "upstream/curl_library.h"

namespace {

struct Options : larder::ControlSide, larder::FormOptions, larder::PlaceOptions {
  std::string url;
  std::string content_type;
  std::string uid;
  std::vector<std::string> headers;            ///< of explain, `name: value`
  std::vector<std::string> branches;           ///< of purges
  std::map<std::string, std::string> targets;  ///< of a purge without a subcommand, by field
  bool hard = false;
  bool dry_run = false;
  bool no_count = false;
  std::string by = "requests";  ///< of top
  unsigned limit = 20;          ///< of top
  double interval_s = 1;        ///< of stats
  unsigned long times = 0;      ///< of stats; 0 = once, or on a terminal without end
  std::string file;             ///< of snapshot
  long limit_s = 600;           ///< of snapshot
};

using Show = std::function<std::string(const std::string& body)>;

/// Of an answer with 404: there is such a path, but nothing of what was asked for.
bool says_nothing_found(const std::string& method, const std::string& body) {
  return method == "POST" || body.find("\"objects\":[]") != std::string::npos;
}

/// Prints the daemon's answer, a good one as `show` has it; the exit code says whether it was done.
int ask(const Options& options, const std::string& method, const std::string& target,
        const Show& show = {}) {
  const auto answer = larder::ask_daemon(options.socket, method, target, options.timeout_s);
  if (!answer) {
    std::cerr << "larderctl: " << answer.error().context << '\n';
    return larder::kExitFailure;
  }
  if (answer->status == 200) {
    std::cout << (show ? show(answer->body) : answer->body);
    return 0;
  }
  std::cerr << answer->body;
  if (answer->status == 404 && says_nothing_found(method, answer->body))
    return larder::kExitNothingFound;
  return answer->status == 400 ? larder::kExitUsage : larder::kExitFailure;
}

bool wants_colours() {
  const char* no_color = std::getenv("NO_COLOR");
  return larder::is_terminal() && (no_color == nullptr || *no_color == '\0');
}

int status(const Options& options) {
  if (larder::wants_json(options)) return ask(options, "GET", "/status");
  return ask(options, "GET", "/status", [&](const std::string& body) {
    return larder::status_text(body, wants_colours()).value_or(body);
  });
}

int hosts(const Options& options) {
  return ask(options, "GET", "/status", [&](const std::string& body) {
    const auto shown = larder::wants_json(options) ? larder::hosts_json(body)
                                                   : larder::hosts_text(body, wants_colours());
    return shown.value_or(body);
  });
}

int top(const Options& options) {
  const std::string target = "/top?by=" + options.by + "&limit=" + std::to_string(options.limit);
  if (larder::wants_json(options)) return ask(options, "GET", target);
  return ask(options, "GET", target,
             [](const std::string& body) { return larder::top_text(body).value_or(body); });
}

int stats(const Options& options) {
  return larder::show_live_stats({.socket = options.socket,
                                  .timeout_s = options.timeout_s,
                                  .interval_s = options.interval_s,
                                  .times = options.times,
                                  .json = larder::wants_json(options),
                                  .terminal = larder::is_terminal(),
                                  .colours = wants_colours()});
}

/// `what` is "" where Options::targets has it.
std::string purge_target(const Options& options, const std::string& what,
                         const std::string& branch) {
  std::string query;
  larder::add_field(query, "what", what);
  for (const auto& [name, value] : options.targets) larder::add_field(query, name, value);
  larder::add_field(query, "url", options.url);
  larder::add_field(query, "content_type", options.content_type);
  larder::add_field(query, "uid", options.uid);
  larder::add_field(query, "api_key", options.api_key);
  larder::add_field(query, "environment", options.environment);
  larder::add_field(query, "branch", branch);
  larder::add_field(query, "hard", options.hard ? "1" : "");
  larder::add_field(query, "dry_run", options.dry_run ? "1" : "");
  larder::add_field(query, "no_count", options.no_count ? "1" : "");
  return query.empty() ? "/purge" : "/purge?" + query;
}

int tags(const Options& options) {
  std::string query;
  larder::add_field(query, "url", options.url);
  larder::add_field(query, "api_key", options.api_key);
  larder::add_field(query, "environment", options.environment);
  larder::add_field(query, "branch", options.branch);
  const std::string target = "/tags?" + query;
  if (larder::wants_json(options)) return ask(options, "GET", target);
  return ask(options, "GET", target,
             [](const std::string& body) { return larder::tags_text(body).value_or(body); });
}

/// What is known is shown also where it comes to nothing.
int explain(const Options& options) {
  const bool is_url = options.url.find('/') != std::string::npos;
  std::string query;
  larder::add_field(query, is_url ? "url" : "request_id", options.url);
  larder::add_field(query, "api_key", options.api_key);
  larder::add_field(query, "environment", options.environment);
  larder::add_field(query, "branch", options.branch);
  std::string lines;
  for (const std::string& header : options.headers) lines.append(header).append("\n");
  larder::add_field(query, "headers", lines);
  const auto answer =
      larder::ask_daemon(options.socket, "GET", "/explain?" + query, options.timeout_s);
  if (!answer) {
    std::cerr << "larderctl: " << answer.error().context << '\n';
    return larder::kExitFailure;
  }
  const auto text = larder::explain_text(answer->body);
  if (!text || (answer->status != 200 && answer->status != 404)) {
    std::cerr << answer->body;
    return answer->status == 400 ? larder::kExitUsage : larder::kExitFailure;
  }
  std::cout << (larder::wants_json(options) ? answer->body : *text);
  return answer->status == 200 ? 0 : larder::kExitNothingFound;
}

/// One purge for each branch; the first that fails ends it. It is enough that one finds something.
int purge(const Options& options, const std::string& what) {
  auto branches = options.branches;
  if (branches.empty()) branches.emplace_back();
  int result = larder::kExitNothingFound;
  for (const auto& branch : branches) {
    const int code = ask(options, "POST", purge_target(options, what, branch));
    if (code == 0) result = 0;
    if (code != 0 && code != larder::kExitNothingFound) return code;
  }
  return result;
}

void add_hard_option(CLI::App& command, Options& options) {
  command.add_flag("--hard", options.hard,
                   "No answer of before is served once more, not even when the origin fails");
}

void add_count_options(CLI::App& command, Options& options) {
  auto* dry_run =
      command.add_flag("--dry-run", options.dry_run, "Purge nothing, say what would go");
  command
      .add_flag("--no-count", options.no_count,
                "Return as soon as the purge holds, without a count of what is hit, which takes a "
                "look at every object; url, path-prefix and all count all the same")
      ->excludes(dry_run);
}

void add_scope_options(CLI::App& command, Options& options) {
  command.add_option("--api-key", options.api_key, "Only the stack with this api key")
      ->check(larder::not_empty());
  command.add_option("--environment", options.environment, "Only this environment")
      ->check(larder::not_empty());
  command
      .add_option("--branch", options.branches,
                  "Only what clients asked for by this branch or alias (without one: main); may "
                  "be repeated. A branch does not take its aliases along: name them too")
      ->check(larder::not_empty())
      ->allow_extra_args(false);
}

/// `purge --entry blog/blt1` and the like: one of them.
void add_target_options(CLI::App& purges, Options& options) {
  const auto add = [&](const std::string& flag, const char* field, const char* form,
                       const char* help) {
    purges
        .add_option_function<std::string>(
            flag, [&options, field](const std::string& value) { options.targets[field] = value; },
            help)
        ->type_name(form)
        ->check(larder::not_empty());
  };
  add("--tag", "tag", "KIND:NAME", "entry:CONTENT_TYPE/UID, asset:UID, content-type:UID ...");
  add("--entry", "entry", "CONTENT_TYPE/UID", "As purge entry");
  add("--asset", "asset", "UID", "As purge asset");
  add("--content-type", "content_type", "UID", "As purge content-type");
  add("--global-field", "global_field", "UID", "As purge global-field");
  add("--taxonomy", "taxonomy", "UID", "As purge taxonomy");
  add("--url", "url", "URL", "As purge url; in single quotes");
  add("--path-prefix", "path_prefix", "PATH", "As purge path-prefix");
  purges.add_flag_callback(
      "--scope", [&options] { options.targets["scope"] = "1"; }, "As purge scope");
  purges.add_flag_callback(
      "--all", [&options] { options.targets["all"] = "1"; }, "As purge all");
}

void add_place_purges(CLI::App& purges, Options& options,
                      const std::function<void(CLI::App&, const std::string&)>& purges_what) {
  auto* url = purges.add_subcommand("url", "One URL, all its variants");
  url->add_option("url", options.url, "URL or path, with its query, in single quotes")
      ->required()
      ->check(larder::not_empty());
  add_scope_options(*url, options);
  purges_what(*url, "url");
  auto* prefix = purges.add_subcommand(
      "path-prefix", "A path and all below it, with any query; /v3/a takes /v3/a/b, not /v3/ab");
  prefix
      ->add_option_function<std::string>(
          "path", [&options](const std::string& path) { options.targets["path_prefix"] = path; },
          "As /v3/content_types/blog")
      ->required()
      ->check(larder::not_empty());
  add_scope_options(*prefix, options);
  purges_what(*prefix, "");
  auto* scope = purges.add_subcommand("scope", "All of a stack, environment or branch");
  add_scope_options(*scope, options);
  add_hard_option(*scope, options);
  purges_what(*scope, "scope");
  purges_what(*purges.add_subcommand("all", "Everything"), "all");
}

/// `purge entry blog blt1`, `purge asset blt2` ...: what shows it, and the lists that it is in.
void add_content_purges(CLI::App& purges, Options& options,
                        const std::function<void(CLI::App&, const std::string&)>& purges_what) {
  const auto add = [&](const char* name, const char* what, const char* help) {
    auto* command = purges.add_subcommand(name, help);
    if (std::string_view(what) == "entry") {
      command->add_option("content_type", options.content_type, "uid of its content type")
          ->required()
          ->check(larder::not_empty());
    }
    command->add_option("uid", options.uid, "Its uid")->required()->check(larder::not_empty());
    add_scope_options(*command, options);
    add_hard_option(*command, options);
    purges_what(*command, what);
  };
  add("entry", "entry", "What shows an entry, or refers to it, and all lists of its content type");
  add("asset", "asset", "What shows an asset, and all lists of assets");
  add("content-type", "content_type",
      "What shows entries of a content type, or its schema, and all lists of them");
  add("global-field", "global_field", "A global field, and all schemas");
  add("taxonomy", "taxonomy", "What shows or uses a taxonomy");
}

void add_stats(CLI::App& app, Options& options, std::function<int()>& action) {
  auto* command = app.add_subcommand(
      "stats",
      "Requests a second by outcome, hit rate, times to answer, fills, purges, store, memory and "
      "origins over an interval: on a terminal again and again until Ctrl-C, else once as JSON");
  command->add_option("--interval", options.interval_s, "Seconds from one sample to the next")
      ->check(CLI::Range(0.1, 3'600.0))
      ->capture_default_str();
  command
      ->add_option("--times", options.times,
                   "Show so many intervals and end; 0 = without end on a terminal, else one")
      ->capture_default_str();
  larder::add_forms(*command, options);
  command->footer(
      "Examples:\n"
      "  larderctl stats                          live, in a terminal\n"
      "  larderctl stats --times 1                one second, as text in a terminal\n"
      "  larderctl stats --json --interval 10     ten seconds, for a program");
  command->callback([&action, &options] { action = [&options] { return stats(options); }; });
}

void add_hosts(CLI::App& app, Options& options, std::function<int()>& action) {
  auto* command = app.add_subcommand(
      "hosts",
      "Each origin host: its health, why, since when, and when the next probe may go; text on a "
      "terminal, else JSON");
  larder::add_forms(*command, options);
  command->footer(
      "Examples:\n"
      "  larderctl hosts\n"
      "  larderctl hosts --json | jq '.[] | select(.state != \"closed\")'");
  command->callback([&action, &options] { action = [&options] { return hosts(options); }; });
}

void add_top(CLI::App& app, Options& options, std::function<int()>& action) {
  auto* command = app.add_subcommand(
      "top",
      "What is hot: URLs and scopes by requests, by misses, by the largest answer or by time, of "
      "samples of the last minutes (admin.top); text on a terminal, else JSON");
  command->add_option("--by", options.by, "What to sort by")
      ->check(CLI::IsMember({"requests", "misses", "bytes", "time"}))
      ->capture_default_str();
  command->add_option("--limit", options.limit, "Rows of each table")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  larder::add_forms(*command, options);
  command->footer(
      "Examples:\n"
      "  larderctl top                     what is asked for most\n"
      "  larderctl top --by misses         what costs the origin most\n"
      "  larderctl top --by time           what is slowest\n"
      "  larderctl top --by bytes          what is largest");
  command->callback([&action, &options] { action = [&options] { return top(options); }; });
}

void add_tags(CLI::App& app, Options& options, std::function<int()>& action) {
  auto* command = app.add_subcommand(
      "tags",
      "What is stored of a URL in each scope, in which state, and the tags that purges find it by; "
      "text on a terminal, else JSON. Exit code 3: nothing is stored");
  command->add_option("url", options.url, "URL or path, with its query, in single quotes")
      ->required()
      ->check(larder::not_empty());
  larder::add_place_options(*command, options, "Only this branch or alias");
  larder::add_forms(*command, options);
  command->footer(
      "Example:\n  larderctl tags '/v3/content_types/blog/entries?environment=production'");
  command->callback([&action, &options] { action = [&options] { return tags(options); }; });
}

void add_explain(CLI::App& app, Options& options, std::function<int()>& action) {
  auto* command = app.add_subcommand(
      "explain",
      "Why a request gets what it gets: its route, its key, what is stored, what the next one will "
      "get, and the last ones (log.decisions); text on a terminal, else JSON. Exit code 3: nothing "
      "is known");
  command
      ->add_option("url", options.url,
                   "URL or path, with its query, in single quotes; or a request id, as in "
                   "X-Request-Id and the access log")
      ->required()
      ->check(larder::not_empty())
      ->type_name("URL|REQUEST-ID");
  larder::add_place_options(*command, options, "This branch or alias (without one: main)");
  command
      ->add_option("--header", options.headers,
                   "A header of the request, as 'x-cs-variant-uid: cs1'; may be repeated")
      ->allow_extra_args(false)
      ->check(larder::not_empty());
  larder::add_forms(*command, options);
  command->footer(
      "Examples:\n"
      "  larderctl explain '/v3/content_types/blog/entries?environment=production'\n"
      "  larderctl explain 5f0c12ab34cd56ef\n"
      "  larderctl explain --json --branch next https://cdn.example/v3/assets\n"
      "  larderctl explain --header 'live_preview: abc' /v3/assets");
  command->callback([&action, &options] { action = [&options] { return explain(options); }; });
}

void add_snapshot(CLI::App& app, Options& options, std::function<int()>& action) {
  auto* command = app.add_subcommand(
      "snapshot",
      "Write all that is cached to a file, to warm another node with: larderd --restore-snapshot "
      "FILE. Requests and stores go on meanwhile. The file is closed to others, and appears when "
      "it is whole; it holds what the cache directory holds, and no token. For root and larderd's "
      "own user");
  command
      ->add_option("file", options.file, "A regular file there is replaced, once this one is whole")
      ->required()
      ->check(larder::not_empty())
      ->type_name("FILE");
  command
      ->add_option("--limit", options.limit_s,
                   "Give it up after so many seconds: until it is taken, the store cannot use the "
                   "pages that it frees")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  larder::add_forms(*command, options);
  command->footer("Example:\n  larderctl snapshot /root/larder.snapshot");
  command->callback([&action, &options] {
    action = [&options] {
      return larder::take_snapshot(options.socket, options.file, options.limit_s,
                                   larder::wants_json(options));
    };
  });
}

void add_purges(CLI::App& app, Options& options, std::function<int()>& action) {
  auto* purges = app.add_subcommand(
      "purge",
      "Purge cached answers, by a subcommand or one of the options, and say how many there were; "
      "returns when none is served as fresh any more. By url, path-prefix and all they are "
      "removed; else they are served once more, stale, while their refresh runs (purge.soft_for), "
      "or when the origin fails, unless --hard. Exit code 3: nothing was found");
  purges->require_subcommand(0, 1);
  purges->add_flag("--json", options.json, "JSON, its only form");
  purges->footer(
      "Examples:\n"
      "  larderctl purge entry blog blt3f1a9cd207e5b846\n"
      "  larderctl purge --content-type blog --dry-run\n"
      "  larderctl purge url '/v3/content_types/blog/entries?environment=production'");
  add_target_options(*purges, options);
  add_scope_options(*purges, options);
  add_hard_option(*purges, options);
  add_count_options(*purges, options);
  purges->callback([purges, &action, &options] {
    if (purges->get_subcommands().empty()) action = [&options] { return purge(options, ""); };
  });
  const auto purges_what = [&](CLI::App& command, const std::string& what) {
    add_count_options(command, options);
    command.callback(
        [&action, &options, what] { action = [&options, what] { return purge(options, what); }; });
  };
  add_place_purges(*purges, options, purges_what);
  add_content_purges(*purges, options, purges_what);
}

}  // namespace

int main(int count, char** words) {
  CLI::App app{"larderctl: asks a running larderd, and purges what it has cached", "larderctl"};
  app.footer(
      "Exit codes: 0 done, 1 failed or no larderd there, 2 wrong usage, 3 nothing of it is "
      "stored");
  Options options;
  app.add_option("--socket", options.socket, "The daemon's admin.socket")->capture_default_str();
  app.add_option("--timeout", options.timeout_s, "Seconds to wait")->capture_default_str();
  app.set_version_flag("--version", std::string("larderctl " LARDER_VERSION));
  app.require_subcommand(1);
  std::function<int()> action;
  auto* shown =
      app.add_subcommand("status", "What the daemon does: as text on a terminal, else as JSON");
  larder::add_forms(*shown, options);
  shown->footer("Examples:\n  larderctl status\n  larderctl status --json | jq .store.objects");
  shown->callback([&] { action = [&] { return status(options); }; });
  auto* events =
      app.add_subcommand("events", "The last purges, whoever asked, as JSON; the last one first");
  events->add_flag("--json", options.json, "JSON, its only form");
  events->footer("Example:\n  larderctl events | jq '.events[0]'");
  events->callback([&] { action = [&] { return ask(options, "GET", "/events"); }; });
  add_stats(app, options, action);
  add_hosts(app, options, action);
  add_top(app, options, action);
  add_tags(app, options, action);
  add_explain(app, options, action);
  larder::add_stored_commands(app, options, action);
  add_snapshot(app, options, action);
  add_purges(app, options, action);
  larder::add_service_commands(app, options, action);
  if (const auto code = larder::parse_command_line(app, count, words)) return *code;
  larder::start_curl_library();
  return action();
}
