// SPDX-License-Identifier: Apache-2.0
#include "daemon/bus/bus_entry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <iterator>
#include <utility>

#include "cache/tags/entry_values.h"

namespace larder {
namespace {

constexpr std::string_view kVersion = "1";
constexpr std::size_t kValueDigits = 16;

template <class Value>
using Names = std::vector<std::pair<Value, std::string_view>>;

const Names<PurgeOrder::What>& purge_names() {
  using What = PurgeOrder::What;
  static const Names<What> names = {{What::path, "path"},
                                    {What::url, "url"},
                                    {What::scope, "scope"},
                                    {What::change, "change"},
                                    {What::all, "all"}};
  return names;
}

const Names<ContentChange::Action>& action_names() {
  using Action = ContentChange::Action;
  static const Names<Action> names = {
      {Action::unknown, "unknown"}, {Action::published, "published"}, {Action::gone, "gone"}};
  return names;
}

template <class Value>
std::string name_in(const Names<Value>& names, Value value) {
  for (const auto& [one, name] : names) {
    if (one == value) return std::string(name);
  }
  return "";
}

template <class Value>
bool read_name(const Names<Value>& names, std::string_view text, Value& value) {
  for (const auto& [one, name] : names) {
    if (name != text) continue;
    value = one;
    return true;
  }
  return false;
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && result.ec == std::errc() && result.ptr == text.data() + text.size();
}

BusFields entry_of(const std::string& node, std::string_view what) {
  return {"v", std::string(kVersion), "node", node, "what", std::string(what)};
}

void add(BusFields& fields, const char* name, std::string value) {
  if (value.empty()) return;
  fields.emplace_back(name);
  fields.push_back(std::move(value));
}

/// A name with the mark of change_text() in it could be read as two.
bool is_plain(const ContentChange& change) {
  const std::string* const parts[] = {&change.locale, &change.content_type, &change.uid};
  return std::all_of(std::begin(parts), std::end(parts),
                     [](const std::string* part) { return part->find('/') == std::string::npos; });
}

/// Which publishing it was can be told.
bool is_identified(const ContentChange& change) {
  std::uint64_t number = 0;
  return change.published.ms > 0 && read_number(change.version, number);
}

/// "entry/published/en-us/blog/blt1", and "/1700000000000/3" of a publishing: its time and version
std::string change_text(const ContentChange& change) {
  std::string text = name_of(change.what);
  text += "/";
  text += name_in(action_names(), change.action);
  for (const std::string& part : {change.locale, change.content_type, change.uid}) {
    text += "/";
    text += part;
  }
  if (!is_identified(change)) return text;
  return text.append("/").append(std::to_string(change.published.ms)).append("/") + change.version;
}

bool read_change(std::string_view text, ContentChange& change) {
  constexpr std::size_t kPlainParts = 5;
  std::array<std::string_view, kPlainParts + 2> parts;
  std::size_t count = 0;
  for (bool more = true; more; ++count) {
    if (count == parts.size()) return false;
    const auto end = text.find('/');
    more = end != text.npos;
    parts[count] = text.substr(0, end);
    if (more) text.remove_prefix(end + 1);
  }
  if (count != kPlainParts && count != parts.size()) return false;
  if (count == parts.size()) {
    if (!read_number(parts[5], change.published.ms)) return false;
    change.version = parts[6];
    if (!is_identified(change)) return false;
  }
  const auto what = content_named(parts[0]);
  if (!what) return false;
  change.what = *what;
  if (!read_name(action_names(), parts[1], change.action)) return false;
  change.locale = parts[2];
  change.content_type = parts[3];
  change.uid = parts[4];
  const bool entry = change.what == ContentChange::What::entry;
  return !change.uid.empty() && (!entry || !change.content_type.empty());
}

/// Each as 16 hexadecimal digits. Nobody tells of none: "" would be no field.
std::string values_text(const std::vector<FieldValue>& values) {
  std::string text;
  for (const FieldValue value : values) {
    std::array<char, 17> digits{};
    std::snprintf(digits.data(), digits.size(), "%016" PRIx64, value.hash);
    text.append(digits.data(), kValueDigits);
  }
  return text;
}

/// Of the change before them.
bool read_values(std::string_view text, std::vector<ContentChange>& changes) {
  if (changes.empty() || text.empty() || text.size() % kValueDigits != 0) return false;
  std::vector<FieldValue>& values = changes.back().values.emplace();
  for (; !text.empty(); text.remove_prefix(kValueDigits)) {
    const char* const end = text.data() + kValueDigits;
    FieldValue& value = values.emplace_back();
    const auto read = std::from_chars(text.data(), end, value.hash, 16);
    if (read.ec != std::errc{} || read.ptr != end) return false;
  }
  return values.size() <= EntryValues::kMostValues;
}

bool fits(const BusFields& fields) {
  std::size_t bytes = 0;
  for (const std::string& text : fields) {
    if (text.size() > kMaxBusValueBytes) return false;
    bytes += text.size();
  }
  return fields.size() <= kMaxBusFields && bytes <= kMaxBusEntryBytes;
}

void add_place(BusFields& fields, const PurgeOrder& order) {
  add(fields, "api_key", order.api_key);
  add(fields, "environment", order.environment);
  add(fields, "branch", order.branch);
  for (const std::string& alias : order.aliases) add(fields, "alias", alias);
}

/// False = the field is not known, or its value not right.
bool read_field(std::string_view name, const std::string& value, PurgeOrder& order) {
  if (name == "change") return read_change(value, order.changes.emplace_back());
  if (name == "values") return read_values(value, order.changes);
  if (name == "alias") return order.aliases.emplace_back(value), true;
  if (name == "happened") return read_number(value, order.happened.ms) && order.happened.ms >= 0;
  if (name == "changed") return read_number(value, order.changed.ms) && order.changed.ms >= 0;
  if (name == "hard") return order.hard = true, value == "1";
  const std::pair<std::string_view, std::string*> texts[] = {{"api_key", &order.api_key},
                                                             {"environment", &order.environment},
                                                             {"branch", &order.branch},
                                                             {"path", &order.path},
                                                             {"query", &order.query}};
  for (const auto& [known, text] : texts) {
    if (known == name) return *text = value, true;
  }
  return false;
}

bool makes_sense(const PurgeOrder& order) {
  const bool is_change = order.what == PurgeOrder::What::change;
  const bool is_url = order.what == PurgeOrder::What::url || order.what == PurgeOrder::What::path;
  return is_change == !order.changes.empty() && is_url == order.path.starts_with('/');
}

BusReading read_purge(const BusFields& fields) {
  BusReading reading;
  reading.what = BusReading::What::unreadable;
  reading.order.source = PurgeSource::bus;
  if (!read_name(purge_names(), fields[5], reading.order.what)) return reading;
  for (std::size_t i = 6; i < fields.size(); i += 2) {
    if (!read_field(fields[i], fields[i + 1], reading.order)) return reading;
  }
  if (makes_sense(reading.order)) reading.what = BusReading::What::purge;
  return reading;
}

}  // namespace

std::string to_text(const BusId& id) {
  return std::to_string(id.ms) + "-" + std::to_string(id.sequence);
}

std::optional<BusId> parse_bus_id(std::string_view text) {
  const auto dash = text.find('-');
  BusId id;
  if (dash == text.npos || !read_number(text.substr(0, dash), id.ms) ||
      !read_number(text.substr(dash + 1), id.sequence)) {
    return std::nullopt;
  }
  return id;
}

BusFields purge_entry(const std::string& node, const PurgeOrder& order) {
  BusFields fields = entry_of(node, name_in(purge_names(), order.what));
  add_place(fields, order);
  add(fields, "path", order.path);
  add(fields, "query", order.query);
  if (order.happened.ms > 0) add(fields, "happened", std::to_string(order.happened.ms));
  if (order.changed.ms > 0) add(fields, "changed", std::to_string(order.changed.ms));
  if (order.hard) add(fields, "hard", "1");
  for (const ContentChange& change : order.changes) {
    add(fields, "change", change_text(change));
    if (change.values) add(fields, "values", values_text(*change.values));
  }
  const bool plain = std::all_of(order.changes.begin(), order.changes.end(), is_plain);
  if (plain && fits(fields) && read_purge(fields).what == BusReading::What::purge) return fields;
  BusFields coarse = entry_of(node, "scope");
  add_place(coarse, order);
  if (order.hard) add(coarse, "hard", "1");
  return fits(coarse) ? coarse : gap_entry(node);
}

BusFields gap_entry(const std::string& node) {
  return entry_of(node, "gap");
}

BusFields mark_entry(const std::string& node) {
  return entry_of(node, "mark");
}

BusReading read_bus_entry(const BusFields& fields, std::string_view node) {
  const bool has_head = fields.size() >= 6 && fields.size() % 2 == 0 && fits(fields) &&
                        fields[0] == "v" && fields[1] == kVersion && fields[2] == "node" &&
                        fields[4] == "what";
  if (!has_head) return {BusReading::What::unreadable};
  if (fields[3] == node || fields[5] == "mark") return {};
  if (fields[5] == "gap") return {BusReading::What::purge, purge_of_all_scopes()};
  return read_purge(fields);
}

PurgeOrder purge_of_all_scopes() {
  PurgeOrder order;
  order.what = PurgeOrder::What::scope;
  order.source = PurgeSource::bus;
  order.missed = true;
  return order;
}

}  // namespace larder
