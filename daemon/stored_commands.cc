// SPDX-License-Identifier: Apache-2.0
#include "daemon/stored_commands.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "daemon/command_line.h"
#include "daemon/control_options.h"
#include "daemon/get_text.h"
#include "daemon/list_text.h"
#include "daemon/stored_fetch.h"
#include "upstream/control_client.h"

namespace larder {
namespace {

struct GetOptions : FormOptions, PlaceOptions {
  std::string url;
  std::optional<std::uint64_t> object;
  bool head = false, body = false;
};

struct ListOptions : FormOptions {
  std::string scope, tag;
  unsigned limit = 100;
};

/// What is wrong goes to stderr; the exit code.
int complain(const ControlAnswer& answer) {
  std::cerr << answer.body;
  if (answer.status == 404) return kExitNothingFound;
  return answer.status == 400 ? kExitUsage : kExitFailure;
}

int complain(const Error& error) {
  std::cerr << "larderctl: " << error.context << '\n';
  return kExitFailure;
}

std::string get_target(const GetOptions& options) {
  std::string query;
  add_field(query, "url", options.url);
  add_field(query, "api_key", options.api_key);
  add_field(query, "environment", options.environment);
  add_field(query, "branch", options.branch);
  return "/get?" + query;
}

/// All or nothing goes to stdout: a body that changes on the way is fetched anew, not mixed.
int get(const ControlSide& side, const GetOptions& options) {
  const StoredFetch fetch(side, get_target(options));
  for (int tries = 0; tries < StoredFetch::kTries; ++tries) {
    const auto heads = fetch.heads();
    if (!heads) return complain(heads.error());
    if (heads->status != 200) return complain(*heads);
    const auto picked = pick_object(heads->body, options.object);
    if (!picked) return complain(picked.error());
    std::string body;
    if (!options.head) {
      auto read = fetch.body(*picked);
      if (!read && read.error().code == Error::Code::not_found) continue;
      if (!read) return complain(read.error());
      body = std::move(*read);
    }
    if (options.body) {
      std::cout << (is_terminal() ? for_terminal(body) : body);
    } else if (wants_json(options)) {
      std::cout << get_json_of(*picked, options.head ? nullptr : &body);
    } else {
      std::cout << get_text(*picked);
      if (!options.head) std::cout << '\n' << (is_terminal() ? for_terminal(body) : body) << '\n';
    }
    return std::cout.flush() ? 0 : kExitFailure;
  }
  return complain(
      Error{Error::Code::unavailable, "it was replaced again and again while it was read"});
}

int list(const ControlSide& side, const ListOptions& options) {
  std::string query;
  if (!options.scope.empty()) {
    const auto scope = scope_of_text(options.scope);
    if (!scope) {
      std::cerr << "larderctl: a scope is API_KEY/ENVIRONMENT or API_KEY/ENVIRONMENT/BRANCH\n";
      return kExitUsage;
    }
    add_field(query, "api_key", scope->api_key);
    add_field(query, "environment", scope->environment);
    add_field(query, "branch", scope->branch);
  }
  add_field(query, "tag", options.tag);
  add_field(query, "limit", std::to_string(options.limit));
  const auto answer = ask_daemon(side.socket, "GET", "/list?" + query, side.timeout_s);
  if (!answer) return complain(answer.error());
  if (answer->status != 200) return complain(*answer);
  std::cout << (wants_json(options) ? answer->body
                                    : list_text(answer->body).value_or(answer->body));
  return 0;
}

void add_get(CLI::App& app, const ControlSide& side, ControlAction& action) {
  auto* command = app.add_subcommand(
      "get",
      "Print what is stored of a URL: status, state, age and lifetimes, fields of its head, and "
      "the body, inflated; text on a terminal, else JSON. Where several are stored, that differ in "
      "scope or variant, it names them instead. Exit code 3: nothing is stored");
  const auto options = std::make_shared<GetOptions>();
  command->add_option("url", options->url, "URL or path, with its query, in single quotes")
      ->required()
      ->check(not_empty());
  add_place_options(*command, *options, "Only this branch or alias");
  command->add_option("--object", options->object, "The one with this number, of several")
      ->type_name("NUMBER");
  auto* head = command->add_flag("--head", options->head, "All but the body");
  command->add_flag("--body", options->body, "Nothing but the body")->excludes(head);
  add_forms(*command, *options);
  command->footer(
      "Examples:\n"
      "  larderctl get '/v3/content_types/blog/entries?environment=production'\n"
      "  larderctl get --head --branch next /v3/assets\n"
      "  larderctl get --body /v3/content_types/blog | jq .content_type.title");
  command->callback(
      [&side, &action, options] { action = [&side, options] { return get(side, *options); }; });
}

void add_list(CLI::App& app, const ControlSide& side, ControlAction& action) {
  auto* command = app.add_subcommand(
      "list",
      "The stored objects of a scope, or those that carry a tag: URL, size, age, state and how "
      "often they were used; text on a terminal, else JSON. Exit code 3: nothing is stored");
  const auto options = std::make_shared<ListOptions>();
  auto* scope = command
                    ->add_option("--scope", options->scope,
                                 "Stack, environment and branch; without a branch those of all")
                    ->type_name("API_KEY/ENVIRONMENT[/BRANCH]")
                    ->check(not_empty());
  auto* tag = command->add_option("--tag", options->tag, "As larderctl tags shows it")
                  ->type_name("KIND:NAME")
                  ->check(not_empty());
  command->add_option("--limit", options->limit, "So many at most; it says when there are more")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  add_forms(*command, *options);
  command->footer(
      "Examples:\n"
      "  larderctl list --scope blt0123456789abcdef/production/main\n"
      "  larderctl list --tag entry:bltaaaa1111\n"
      "  larderctl list --scope blt0123456789abcdef/production --tag content-type:blog --limit "
      "1000");
  command->callback([&side, &action, options, scope, tag] {
    if (scope->empty() && tag->empty()) {
      throw CLI::ValidationError("list takes --scope or --tag, or both");
    }
    action = [&side, options] { return list(side, *options); };
  });
}

}  // namespace

void add_stored_commands(CLI::App& app, const ControlSide& side, ControlAction& action) {
  add_get(app, side, action);
  add_list(app, side, action);
}

}  // namespace larder
