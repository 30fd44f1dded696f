// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include "conf/address.h"
#include "conf/config_check.h"
#include "conf/config_value.h"

namespace larder {
namespace {

constexpr const char* kHostRemedy =
    "give a region like \"eu\", or both delivery and preview as https://HOST";

class StackChecker {
 public:
  StackChecker(const Config& config, const TomlValue& file, std::vector<Mistake>& mistakes)
      : config_(config), file_(file), mistakes_(mistakes) {}

  void check_open() {
    const TomlValue* open = file_.find("open");
    if (open == nullptr) return;
    if (!config_.stacks.empty()) {
      add(open->line, "[open] has no effect beside [[stack]]",
          "remove it, or every [[stack]] to let any token of any stack in");
    }
    check_hosts(*open, config_.open.hosts, "[open]", false);
  }

  void check_stack(std::size_t index, const TomlValue& section) {
    const StackConfig& stack = config_.stacks[index];
    check_hosts(section, stack.hosts, "this [[stack]]", true);
    if (section.find("api_key") == nullptr) {
      add(section.line, "this [[stack]] has no api_key", "give the stack's API key");
    }
    for (std::size_t i = 0; i < index; ++i) {
      if (stack.api_key.empty() || config_.stacks[i].api_key != stack.api_key) continue;
      add(line_at(file_, {"stack", index, "api_key"}),
          "the stack " + stack.api_key + " is already in line " +
              std::to_string(line_at(file_, {"stack", i, "api_key"})),
          "put its scopes into one [[stack]]");
      break;
    }
    if (section.find("scope") == nullptr) {
      add(section.line, "this [[stack]] has no [[stack.scope]], so no token may use it",
          "add one with an environment and its delivery_tokens");
      return;
    }
    for (std::size_t i = 0; i < stack.scopes.size(); ++i) check_scope(index, i);
    check_tokens(index);
  }

 private:
  void add(int line, std::string message, std::string remedy) {
    mistakes_.push_back({line, std::move(message), std::move(remedy)});
  }

  void check_hosts(const TomlValue& section, const Hosts& hosts, const std::string& what,
                   bool needed) {
    const bool region = section.find("region") != nullptr;
    const bool delivery = section.find("delivery") != nullptr;
    const bool preview = section.find("preview") != nullptr;
    if (region && (delivery || preview)) {
      add(section.line, what + " has a region and hosts of its own",
          "give either region or both delivery and preview");
    } else if (delivery != preview) {
      add(section.line, what + " has no " + (delivery ? "preview" : "delivery") + " host",
          kHostRemedy);
    } else if (needed && !region && !delivery) {
      add(section.line, what + " has neither a region nor hosts", kHostRemedy);
    }
    if (const auto* url = section.find("delivery")) check_url(*url, hosts.delivery);
    if (const auto* url = section.find("preview")) check_url(*url, hosts.preview);
  }

  void check_url(const TomlValue& value, const std::string& url) {
    if (url.starts_with("http://") && !config_.upstream.allow_plain_http) {
      add(value.line, value.path + " is " + quoted(url) + ": tokens would travel in plain text",
          "use https://, or set allow_plain_http = true in [upstream] for a sandbox");
    }
    if (names_private_host(url) && !config_.upstream.allow_private_addresses) {
      add(value.line, value.path + " is " + quoted(url) + ", a private address",
          "use a public host, or set allow_private_addresses = true in [upstream]");
    }
  }

  void check_scope(std::size_t stack_index, std::size_t index) {
    const TomlValue& section =
        file_.find("stack")->children[stack_index].find("scope")->children[index];
    const ScopeConfig& scope = config_.stacks[stack_index].scopes[index];
    if (section.find("environment") == nullptr) {
      add(section.line, "this [[stack.scope]] has no environment",
          "give the environment that its tokens see");
    }
    if (scope.delivery_tokens.empty() && scope.preview_tokens.empty() && !scope.any_preview_token) {
      add(section.line, "this [[stack.scope]] has no tokens",
          "list its delivery_tokens, its preview_tokens or both");
    }
    check_sync(section, scope);
    for (std::size_t i = 0; i < scope.branches.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (scope.branches[i].empty() || scope.branches[i] != scope.branches[j]) continue;
        add(section.line, "the branch or alias " + quoted(scope.branches[i]) + " is listed twice",
            "list it once; a branch and an alias never share a uid");
        break;
      }
    }
  }

  void check_sync(const TomlValue& section, const ScopeConfig& scope) {
    const TomlValue* const sync = section.find("sync");
    if (!scope.sync || sync == nullptr) return;
    if (scope.delivery_tokens.empty()) {
      add(sync->line, "this [[stack.scope]] has sync and no delivery token to ask with",
          "list its delivery_tokens, or remove sync");
    }
    if (scope.branches.empty()) {
      add(sync->line, "this [[stack.scope]] has sync, and any branch may be asked for",
          "list the branches and aliases that are used, as in branches = [\"main\"]: each is "
          "followed by itself");
    }
  }

  /// Where a token of one stack was given.
  struct Place {
    const Secret* token;
    int line;
    bool delivery;
  };

  void check_tokens(std::size_t stack_index) {
    std::vector<Place> places;
    const std::vector<ScopeConfig>& scopes = config_.stacks[stack_index].scopes;
    for (std::size_t i = 0; i < scopes.size(); ++i) {
      const auto collect = [&](const char* key, const std::vector<Secret>& tokens, bool delivery) {
        for (std::size_t k = 0; k < tokens.size(); ++k) {
          if (tokens[k].empty()) continue;
          const int line = line_at(file_, {"stack", stack_index, "scope", i, key, k});
          places.push_back({&tokens[k], line, delivery});
        }
      };
      collect("delivery_tokens", scopes[i].delivery_tokens, true);
      collect("preview_tokens", scopes[i].preview_tokens, false);
    }
    for (std::size_t i = 0; i < places.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (!places[i].token->equals(places[j].token->reveal())) continue;
        add_repeated(places[j], places[i]);
        break;
      }
    }
  }

  void add_repeated(const Place& first, const Place& again) {
    if (first.delivery != again.delivery) {
      add(again.line,
          "the same token is a delivery token and a preview token (line " +
              std::to_string(first.line) + ")",
          "a preview token is shown beside its delivery token and differs from it");
      return;
    }
    add(again.line, "this token of the stack is already in line " + std::to_string(first.line),
        "give each token once, in the scope of its own environment");
  }

  const Config& config_;
  const TomlValue& file_;
  std::vector<Mistake>& mistakes_;
};

}  // namespace

void check_stacks(const Config& config, const TomlValue& file, std::vector<Mistake>& mistakes) {
  StackChecker checker(config, file, mistakes);
  checker.check_open();
  const TomlValue* stacks = file.find("stack");
  for (std::size_t i = 0; i < config.stacks.size(); ++i) {
    checker.check_stack(i, stacks->children[i]);
  }
}

}  // namespace larder
