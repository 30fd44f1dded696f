// SPDX-License-Identifier: Apache-2.0
#include "daemon/status_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "daemon/json_fields.h"
#include "daemon/printable.h"

namespace larder {
namespace {

using Json = nlohmann::ordered_json;

enum class Colour { none, bold, good, bad };

constexpr std::size_t kNameWidth = 22;
constexpr std::size_t kNumberWidth = 15;

/// 1234567 -> 1,234,567
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%",
                100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text.data();
}

std::string rounded_size(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < std::size(kUnits); ++unit) size /= 1024;
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), unit == 0 || size >= 100 ? "%.0f %s" : "%.1f %s", size,
                kUnits[unit]);
  return text.data();
}

std::string duration(std::uint64_t seconds) {
  const auto days = seconds / 86'400, hours = seconds / 3'600 % 24, minutes = seconds / 60 % 60;
  if (days > 0) return std::to_string(days) + " d " + std::to_string(hours) + " h";
  if (hours > 0) return std::to_string(hours) + " h " + std::to_string(minutes) + " min";
  if (minutes > 0) return std::to_string(minutes) + " min " + std::to_string(seconds % 60) + " s";
  return std::to_string(seconds) + " s";
}

std::string listed(const Json& names) {
  std::string text;
  for (const Json& name : names) {
    if (!name.is_string()) continue;
    text += (text.empty() ? "" : ", ") + printable(name.get<std::string>());
  }
  return text;
}

/// Lines of names and values under headings.
class Page {
 public:
  explicit Page(bool colours) : colours_(colours) {}

  std::string coloured(const std::string& text, Colour colour) const {
    constexpr const char* kCodes[] = {"", "\x1b[1m", "\x1b[32m", "\x1b[31m"};
    if (!colours_ || colour == Colour::none) return text;
    return kCodes[static_cast<int>(colour)] + text + "\x1b[0m";
  }
  void heading(const std::string& text) { out_ += "\n" + coloured(text, Colour::bold) + "\n"; }
  void line(const std::string& name, const std::string& value, Colour colour = Colour::none) {
    if (value.empty()) return;
    out_ += "  " + padded(name, kNameWidth) + coloured(value, colour) + "\n";
  }
  void count(const std::string& name, std::uint64_t number, const std::string& note = "",
             Colour colour = Colour::none) {
    std::string value = before(grouped(number), kNumberWidth);
    if (!note.empty()) value += before(note, 11);
    line(name, value, colour);
  }
  void add(const std::string& text) { out_ += text; }
  std::string take() { return std::move(out_); }

  static std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(width, text.size() + 2), ' ');
    return text;
  }
  static std::string before(const std::string& text, std::size_t width) {
    return std::string(width - std::min(width, text.size()), ' ') + text;
  }

 private:
  bool colours_;
  std::string out_;
};

void add_settings(const Json& status, Page& page) {
  for (const Json& listener : list_of(status, "listeners")) {
    if (!listener.is_object()) continue;
    page.line("listens on", text_of(listener, "address") + ", " + text_of(listener, "role") +
                                (is_set(listener, "tls") ? ", TLS" : ""));
  }
  const Json& settings = part_of(status, "settings");
  page.line("settings", "generation " + std::to_string(number_of(settings, "generation")) +
                            ", loaded " + text_of(settings, "loaded"));
  const Json& reload = part_of(settings, "last_reload");
  const std::string result = text_of(reload, "result");
  if (result != "none") {
    page.line("last reload", result + (result == "failed" ? ": see the log" : ""),
              result == "failed" ? Colour::bad : Colour::none);
  }
  page.line("needs a restart", listed(list_of(reload, "needs_restart")), Colour::bad);
}

void add_requests(const Json& requests, Page& page) {
  std::uint64_t sum = 0;
  for (const auto& [name, number] : requests.items()) sum += number_of(requests, name.c_str());
  page.heading("Requests");
  page.count("all", sum);
  for (const auto& [name, number] : requests.items()) {
    const std::uint64_t one = number_of(requests, name.c_str());
    if (one == 0) continue;
    page.count(printable(name), one, percent(one, sum),
               name == "failed" ? Colour::bad : Colour::none);
  }
}

void add_store(const Json& store, Page& page) {
  const std::string state = text_of(store, "state");
  const std::string trouble = text_of(store, "trouble");
  const std::uint64_t size = number_of(store, "size_bytes");
  const std::uint64_t used = number_of(store, "live_bytes");
  page.heading("Store");
  page.line("state", state + (trouble.empty() ? "" : ": " + trouble),
            state == "writes" ? Colour::good : Colour::bad);
  page.line("in use", rounded_size(used) + " of " + rounded_size(size) +
                          (size > 0 ? ", " + percent(used, size) : ""));
  for (const char* name : {"objects", "scopes", "evicted", "purged"}) {
    page.count(name, number_of(store, name));
  }
  const std::uint64_t corrupt = number_of(store, "corrupt");
  page.count("corrupt", corrupt, "", corrupt > 0 ? Colour::bad : Colour::none);
}

void add_webhook(const Json& webhook, Page& page) {
  if (webhook.empty()) return;
  page.heading("Webhooks");
  const auto ago = webhook.find("last_seen_ago_s");
  const bool seen = ago != webhook.end() && ago->is_number_unsigned();
  page.line("last genuine one", seen ? duration(ago->get<std::uint64_t>()) + " ago" : "never",
            seen ? Colour::none : Colour::bad);
  page.line("public key", text_of(webhook, "key_trouble"), Colour::bad);
  const Json& last = part_of(webhook, "last");
  if (!last.empty()) {
    page.line("last event", text_of(last, "at") + " " + text_of(last, "event") + ", " +
                                text_of(last, "result") + ": " + text_of(last, "subject"));
  }
  const Json& results = part_of(webhook, "results");
  for (const auto& [name, number] : results.items()) {
    std::string shown = printable(name);
    std::replace(shown.begin(), shown.end(), '_', ' ');
    page.count(shown, number_of(results, name.c_str()));
  }
}

void add_logs(const Json& logs, Page& page) {
  if (logs.empty()) return;
  page.heading("Logs");
  for (const auto& [name, log] : logs.items()) {
    const std::string trouble = text_of(log, "trouble");
    const std::uint64_t lost = number_of(log, "lost");
    page.line(printable(name),
              (trouble.empty() ? "written" : trouble) +
                  (lost > 0 ? "; " + grouped(lost) + " lines lost" : ""),
              !trouble.empty() ? Colour::bad : Colour::none);
  }
}

void add_origin(const Json& origin, Page& page) {
  page.heading("Origin");
  for (const auto& [name, number] : origin.items()) {
    std::string shown = printable(name);
    std::replace(shown.begin(), shown.end(), '_', ' ');
    if (number.is_number()) page.count(shown, number_of(origin, name.c_str()));
  }
}

void add_host(const Json& host, std::size_t name_width, Page& page) {
  const std::string state = text_of(host, "state");
  page.add("  " + Page::padded(text_of(host, "name"), name_width) +
           Page::padded(text_of(host, "for"), 10) +
           page.coloured(Page::padded(state, 9), state == "closed" ? Colour::good : Colour::bad));
  for (const std::uint64_t number :
       {sum_of(part_of(host, "running")), sum_of(part_of(host, "queued")),
        number_of(host, "successes"), number_of(host, "failures")}) {
    page.add(Page::before(grouped(number), 10));
  }
  page.add("\n");
  const std::uint64_t held_s = number_of(host, "held_for_s");
  if (held_s > 0) {
    page.add("    not asked for " + page.coloured(duration(held_s), Colour::bad) + "\n");
  }
  const Json& error = part_of(host, "last_error");
  if (error.empty()) return;
  page.add("    last error, " + duration(number_of(error, "ago_s")) +
           " ago: " + page.coloured(text_of(error, "text"), Colour::bad) + "\n");
}

void add_hosts(const Json& hosts, Page& page) {
  page.heading("Hosts");
  if (hosts.empty()) return page.add("  none was asked yet\n");
  std::size_t width = kNameWidth;
  for (const Json& host : hosts) {
    if (host.is_object()) width = std::max(width, text_of(host, "name").size() + 2);
  }
  page.add("  " + Page::padded("name", width) + Page::padded("for", 10) + Page::padded("state", 9));
  for (const char* title : {"running", "queued", "good", "failed"}) {
    page.add(Page::before(title, 10));
  }
  page.add("\n");
  for (const Json& host : hosts) {
    if (host.is_object()) add_host(host, width, page);
  }
}

void add_feeds(const Json& feeds, Page& page) {
  if (feeds.empty()) return;
  page.heading("Sync");
  for (const Json& feed : feeds) {
    if (!feed.is_object()) continue;
    const std::string trouble = text_of(feed, "trouble");
    const auto complete = feed.find("complete_ago_ms");
    const bool known = complete != feed.end() && complete->is_number_unsigned();
    page.add("  " + text_of(feed, "stack") + "/" + text_of(feed, "environment") + "/" +
             text_of(feed, "branch") + "\n");
    page.line("  up to date",
              known ? duration(complete->get<std::uint64_t>() / 1'000) + " ago" : "not yet",
              trouble.empty() ? Colour::good : Colour::bad);
    page.line("  trouble", trouble, Colour::bad);
    if (is_set(feed, "learning")) {
      page.line("  references", "being asked for; until then purges take along what may refer");
    }
    page.count("  purges", number_of(feed, "purges"));
  }
}

void add_audit(const Json& audit, Page& page) {
  const std::uint64_t checked = number_of(audit, "checked");
  if (checked == 0 && number_of(audit, "failed") == 0) return;
  const std::uint64_t differing = number_of(audit, "differing");
  page.heading("Audit");
  page.count("  checked", checked);
  page.line("  differing", grouped(differing), differing > 0 ? Colour::bad : Colour::good);
  page.count("  failed", number_of(audit, "failed"));
}

}  // namespace

std::optional<std::string> status_text(std::string_view json, bool colours) {
  const Json status = Json::parse(json, nullptr, false);
  if (!status.is_object()) return std::nullopt;
  Page page(colours);
  page.add(page.coloured("larderd " + text_of(status, "version"), Colour::bold) + ", mode " +
           text_of(status, "mode") + ", up " + duration(number_of(status, "uptime_s")) +
           (text_of(status, "state") == "draining" ? ", draining" : "") + "\n\n");
  add_settings(status, page);
  add_requests(part_of(status, "requests"), page);
  add_store(part_of(status, "store"), page);
  add_webhook(part_of(status, "webhook"), page);
  add_logs(part_of(status, "logs"), page);
  add_origin(part_of(status, "origin"), page);
  add_hosts(list_of(status, "hosts"), page);
  add_feeds(list_of(status, "sync"), page);
  add_audit(part_of(status, "audit"), page);
  return page.take();
}

}  // namespace larder
