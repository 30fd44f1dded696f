// SPDX-License-Identifier: Apache-2.0
#include "daemon/reload.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

#include "conf/base/json_text.h"
#include "conf/base/log.h"
#include "conf/base/redact.h"
#include "conf/base/utc_text.h"
#include "conf/config_file.h"

namespace larder {
namespace {

/// Of each list in the log: more would hide the line that matters.
constexpr std::size_t kMaxTold = 20;

const char* name_of(Reload::Result result) {
  switch (result) {
    case Reload::Result::none:
      return "none";
    case Reload::Result::no_file:
      return "no file";
    case Reload::Result::failed:
      return "failed";
    case Reload::Result::unchanged:
      return "unchanged";
    case Reload::Result::applied:
      return "applied";
  }
  return "none";
}

std::string counted(std::size_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

std::string list_text(const std::vector<ConfigChange>& changes) {
  std::string text;
  for (std::size_t i = 0; i < std::min(changes.size(), kMaxTold); ++i) {
    if (i > 0) text += "; ";
    text += changes[i].key + " " + changes[i].what;
  }
  if (changes.size() > kMaxTold) {
    text += "; and " + counted(changes.size() - kMaxTold, "more change");
  }
  return text;
}

void say_mistakes(const Reload& reload, std::uint64_t generation) {
  for (std::size_t i = 0; i < std::min(reload.mistakes.size(), kMaxTold); ++i) {
    log(LogLevel::warning, "reload", reload.mistakes[i]);
  }
  log(LogLevel::warning, "reload",
      counted(reload.mistakes.size(), "mistake") +
          " in the configuration; kept the running configuration, generation " +
          std::to_string(generation));
}

void say_kept_back(const Reload& reload) {
  const auto& changes = reload.plan.needs_restart;
  for (std::size_t i = 0; i < std::min(changes.size(), kMaxTold); ++i) {
    log(LogLevel::warning, "reload",
        changes[i].key + " needs a restart: " + changes[i].what + "; kept the running value");
  }
  if (changes.size() > kMaxTold) {
    log(LogLevel::warning, "reload",
        counted(changes.size() - kMaxTold, "more change") + " need a restart");
  }
}

std::string key_list(const std::vector<ConfigChange>& changes) {
  std::string out = "[";
  for (const ConfigChange& change : changes) {
    if (out.size() > 1) out += ",";
    out += json_quote(change.key);
  }
  return out + "]";
}

/// As lines for who has ordered it.
std::string change_list(const std::vector<ConfigChange>& changes) {
  std::string out = "[";
  for (const ConfigChange& change : changes) {
    if (out.size() > 1) out += ",";
    out += json_quote(redact(change.key + " " + change.what));
  }
  return out + "]";
}

std::string text_list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ",";
    out += json_quote(redact(text));
  }
  return out + "]";
}

std::string status_of(const Reload& last) {
  std::string out = std::string("{\"result\":") + json_quote(name_of(last.result));
  if (last.result == Reload::Result::none) return out + "}";
  out += ",\"at\":" + json_quote(utc_text(last.at));
  out += ",\"mistakes\":" + std::to_string(last.mistakes.size());
  out += ",\"certificates_renewed\":" + std::to_string(last.renewed.size());
  out += ",\"certificates_kept\":" + std::to_string(last.kept.size());
  out += ",\"applied\":" + key_list(last.plan.applied);
  return out + ",\"needs_restart\":" + key_list(last.plan.needs_restart) + "}";
}

/// The configuration, or its mistakes.
std::variant<Config, std::vector<std::string>> read_again(const std::string& path) {
  std::vector<std::string> mistakes;
  try {
    ParsedConfig parsed = read_config_file(path, SystemSecretSource{});
    if (parsed.mistakes.empty()) return std::move(parsed.config);
    for (const Mistake& mistake : parsed.mistakes) {
      mistakes.push_back(format_mistakes(path, {mistake}));
      mistakes.back().pop_back();  // the line break
    }
  } catch (const std::exception& error) {
    mistakes.emplace_back(error.what());
  }
  return mistakes;
}

}  // namespace

Reloader::Reloader(std::string path, SettingsPtr running)
    : path_(std::move(path)),
      planned_(std::move(running)),
      generation_(planned_->generation),
      loaded_(wall_now()) {}

Reload Reloader::read() {
  Reload reload;
  reload.at = wall_now();
  reload.result = Reload::Result::no_file;
  if (path_.empty()) return reload;
  auto read = read_again(path_);
  if (auto* mistakes = std::get_if<std::vector<std::string>>(&read)) {
    reload.result = Reload::Result::failed;
    reload.mistakes = std::move(*mistakes);
    return reload;
  }
  reload.plan = plan_reload(*planned_, std::move(std::get<Config>(read)));
  reload.result = reload.plan.next == nullptr ? Reload::Result::unchanged : Reload::Result::applied;
  if (reload.plan.next != nullptr) planned_ = reload.plan.next;
  return reload;
}

void Reloader::settle(Reload reload) {
  switch (reload.result) {
    case Reload::Result::none:
      break;
    case Reload::Result::no_file:
      log(LogLevel::info, "reload", "there is no configuration file (--config) to read again");
      break;
    case Reload::Result::failed:
      say_mistakes(reload, generation_);
      break;
    case Reload::Result::unchanged:
      log(LogLevel::info, "reload",
          path_ + ": " +
              (reload.plan.needs_restart.empty() ? "nothing changed"
                                                 : "nothing changed that works without a restart"));
      break;
    case Reload::Result::applied:
      generation_ = reload.plan.next->generation;
      loaded_ = reload.at;
      log(LogLevel::info, "reload",
          path_ + " is in force as generation " + std::to_string(generation_) + ": " +
              list_text(reload.plan.applied));
      break;
  }
  say_kept_back(reload);
  reload.plan.next.reset();
  const auto done = std::exchange(reload.done, {});
  last_ = std::move(reload);
  if (done) done();
}

bool Reloader::has_refused() const {
  return last_.result == Reload::Result::failed || last_.result == Reload::Result::no_file ||
         !last_.kept.empty();
}

std::string Reloader::last_json() const {
  std::string out = std::string("{\"result\":") + json_quote(name_of(last_.result));
  out += ",\"generation\":" + std::to_string(generation_);
  out += ",\"applied\":" + change_list(last_.plan.applied);
  out += ",\"needs_restart\":" + change_list(last_.plan.needs_restart);
  out += ",\"mistakes\":" + text_list(last_.mistakes);
  out += ",\"certificates_renewed\":" + text_list(last_.renewed);
  return out + ",\"certificates_kept\":" + text_list(last_.kept) + "}\n";
}

std::string Reloader::status_json() const {
  return "{\"generation\":" + std::to_string(generation_) +
         ",\"loaded\":" + json_quote(utc_text(loaded_)) + ",\"last_reload\":" + status_of(last_) +
         "}";
}

}  // namespace larder
