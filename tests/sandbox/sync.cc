// SPDX-License-Identifier: Apache-2.0
// The Sync API. A token holds all that it stands for, so that it is the same on every run.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "tests/sandbox/api.h"

namespace sandbox {
namespace {

constexpr std::size_t kPageSize = 100;
constexpr unsigned char kVeil = 0x5a;  ///< tokens should look opaque

/// Tokens that hold in every environment: the second page of everything, and all since the start.
constexpr std::string_view kKnownPage = "blt_page";
constexpr std::string_view kKnownSync = "blt_sync";

/// Where a client stands in its synchronisation, and the filters that it began with.
struct Position {
  enum Kind : char { page = 'p', delta = 'd' } kind = page;
  std::size_t space = 0;  ///< index in Content
  std::size_t at = 0;     ///< next item, of the snapshot or of the log
  std::size_t log = 0;    ///< page: length of the log when the snapshot was begun
  std::size_t epoch = 0;  ///< of the content: tokens of an earlier one are forgotten
  std::string type, content_type, locale, start_from;
};

std::string to_token(const Position& position) {
  std::string plain(1, position.kind);
  for (const std::size_t number : {position.space, position.at, position.log, position.epoch}) {
    plain += std::to_string(number) + "|";
  }
  plain += position.type + "|" + position.content_type + "|" + position.locale + "|" +
           position.start_from + "|";
  constexpr char hex[] = "0123456789abcdef";
  std::string token = "blt";
  for (const char c : plain) {
    const unsigned char byte = static_cast<unsigned char>(c) ^ kVeil;
    token += hex[byte >> 4];
    token += hex[byte & 15];
  }
  return token;
}

std::optional<std::string> unveil(std::string_view token) {
  if (!token.starts_with("blt") || token.size() % 2 == 0) return std::nullopt;
  std::string plain;
  for (token.remove_prefix(3); !token.empty(); token.remove_prefix(2)) {
    unsigned byte = 0;
    const auto [end, problem] = std::from_chars(token.data(), token.data() + 2, byte, 16);
    if (problem != std::errc() || end != token.data() + 2) return std::nullopt;
    plain += static_cast<char>(byte ^ kVeil);
  }
  return plain;
}

std::optional<Position> from_token(std::string_view token) {
  std::optional<std::string> plain = unveil(token);
  if (!plain || plain->empty()) return std::nullopt;
  if ((*plain)[0] != Position::page && (*plain)[0] != Position::delta) return std::nullopt;
  std::array<std::string, 8> parts;
  std::string_view rest = std::string_view(*plain).substr(1);
  for (std::string& part : parts) {
    const auto bar = rest.find('|');
    if (bar == std::string_view::npos) return std::nullopt;
    part = rest.substr(0, bar);
    rest.remove_prefix(bar + 1);
  }
  Position position;
  position.kind = static_cast<Position::Kind>((*plain)[0]);
  std::size_t* const numbers[] = {&position.space, &position.at, &position.log, &position.epoch};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto result =
        std::from_chars(parts[i].data(), parts[i].data() + parts[i].size(), *numbers[i]);
    if (result.ec != std::errc()) return std::nullopt;
  }
  position.type = parts[4];
  position.content_type = parts[5];
  position.locale = parts[6];
  position.start_from = parts[7];
  return position;
}

bool names(const std::string& list, const std::string& name) {
  return ("," + list + ",").find("," + name + ",") != std::string::npos;
}

bool passes(const Position& filter, const Json& item) {
  const Json& data = item["data"];
  std::string locale = data.value("locale", "");
  if (data.contains("publish_details")) locale = data["publish_details"].value("locale", locale);
  if (!filter.type.empty() && !names(filter.type, item["type"])) return false;
  if (!filter.content_type.empty() && item["content_type_uid"] != filter.content_type) return false;
  if (!filter.locale.empty() && locale != filter.locale) return false;
  return filter.start_from.empty() ||
         item["event_at"].get_ref<const std::string&>() >= filter.start_from;
}

/// Everything that is published, as sync items.
std::vector<Json> snapshot(const Space& space, const Position& filter) {
  std::vector<Json> items;
  std::vector<std::string> types;
  for (const Json& content_type : space.content_types()) types.push_back(content_type["uid"]);
  types.emplace_back(kAssetType);
  for (const std::string& type : types) {
    const Objects* objects = space.objects(type);
    if (objects == nullptr) continue;
    for (const std::string& uid : objects->order) {
      for (const auto& [locale, body] : objects->by_locale.at(uid)) {
        Json item = {{"type", type == kAssetType ? "asset_published" : "entry_published"},
                     {"event_at", body["publish_details"]["time"]},
                     {"content_type_uid", type},
                     {"data", body}};
        if (passes(filter, item)) items.push_back(std::move(item));
      }
    }
  }
  return items;
}

Reply answer_page(const Space& space, Position position) {
  const std::vector<Json> all = snapshot(space, position);
  const std::size_t begin = std::min(position.at, all.size());
  const std::size_t end = std::min(all.size(), begin + kPageSize);
  Json body = {{"items", Json(Json::array_t(all.begin() + static_cast<long>(begin),
                                            all.begin() + static_cast<long>(end)))},
               {"skip", begin},
               {"limit", kPageSize},
               {"total_count", all.size()}};
  if (end < all.size()) {
    position.at = end;
    body["pagination_token"] = to_token(position);
  } else {
    position.kind = Position::delta;
    position.at = position.log;
    position.start_from.clear();  // all that follows is later
    body["sync_token"] = to_token(position);
  }
  return {200, body, ""};
}

Reply answer_delta(const Space& space, Position position, const std::string& token) {
  std::vector<Json> items;
  std::size_t total = 0;
  std::size_t end = space.log().size();
  for (std::size_t i = position.at; i < space.log().size(); ++i) {
    if (!passes(position, space.log()[i])) continue;
    if (++total <= kPageSize) items.push_back(space.log()[i]);
    if (total == kPageSize + 1) end = i;
  }
  Json body = {{"items", items}, {"skip", 0}, {"limit", kPageSize}, {"total_count", total}};
  position.at = end;
  body[total > kPageSize ? "pagination_token" : "sync_token"] =
      total == 0 ? token : to_token(position);
  return {200, body, ""};
}

/// A parameter, also in the spelling `params[name]` of some releases of one library.
std::string parameter(const Question& question, const std::string& name) {
  const std::string plain = question.params.text(name);
  return plain.empty() ? question.params.text("params[" + name + "]") : plain;
}

std::optional<Position> position_of(const Question& question, const std::string& token) {
  const std::size_t space = question.content.index_of(question.space);
  Position position;
  position.space = space;
  if (token == kKnownPage) {
    position.at = kPageSize;
    position.log = question.space.log().size();
    return position;
  }
  if (token == kKnownSync) {
    position.kind = Position::delta;
    return position;
  }
  std::optional<Position> parsed = from_token(token);
  if (!parsed || parsed->space != space) return std::nullopt;
  if (parsed->epoch != question.content.sync_epoch()) return std::nullopt;
  return parsed;
}

}  // namespace

Reply answer_sync(const Question& question) {
  for (const char* name : {"sync_token", "pagination_token"}) {
    const std::string token = parameter(question, name);
    if (token.empty()) continue;
    const std::optional<Position> position = position_of(question, token);
    if (!position) return error(422, 141, "The requested object doesn't exist.", name);
    return position->kind == Position::page ? answer_page(question.space, *position)
                                            : answer_delta(question.space, *position, token);
  }
  if (parameter(question, "init") != "true") {
    return error(422, 141, "The requested object doesn't exist.", "init", "is required.");
  }
  Position position;
  position.space = question.content.index_of(question.space);
  position.log = question.space.log().size();
  position.epoch = question.content.sync_epoch();
  position.type = parameter(question, "type");
  position.content_type = parameter(question, "content_type_uid");
  position.locale = parameter(question, "locale");
  position.start_from = parameter(question, "start_from");
  if (position.start_from.empty()) position.start_from = parameter(question, "start_date");
  return answer_page(question.space, position);
}

}  // namespace sandbox
