// SPDX-License-Identifier: Apache-2.0
#include "daemon/get_text.h"

#include <algorithm>
#include <vector>

#include "daemon/json_fields.h"
#include "daemon/object_lines.h"
#include "daemon/printable.h"

namespace larder {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostTold = 20;

bool is_usable(const Json& object) {
  return text_of(object, "state") != "unused";
}

/// Scope and variant, whoever's token it is.
std::string place_of_object(const Json& object) {
  std::string place = scope_text_of(object);
  for (const char* name : {"variants", "early_access", "headers"}) {
    const std::string value = text_of(object, name);
    if (!value.empty()) place.append(", ").append(name).append(" ").append(value);
  }
  return place;
}

std::string told(const std::vector<const Json*>& objects) {
  std::string out =
      "several are stored of it: give --branch, --environment or --api-key, or one by "
      "--object:";
  for (std::size_t i = 0; i < std::min(objects.size(), kMostTold); ++i) {
    const Json& one = *objects[i];
    out.append("\n  --object ").append(std::to_string(number_of(one, "object")));
    out.append("  ").append(place_of_object(one)).append(", ").append(text_of(one, "coding"));
    out.append(", ").append(text_of(one, "state"));
  }
  if (objects.size() > kMostTold) out.append("\n  and more");
  return out;
}

PickedObject picked(const Json& all, const Json& object) {
  PickedObject out;
  Json one = object;
  one["path"] = text_of(all, "path");
  one["query"] = text_of(all, "query");
  out.json = one.dump(-1, ' ', false, Json::error_handler_t::replace);
  out.number = number_of(object, "object");
  out.pieces = number_of(object, "pieces");
  out.bytes = number_of(object, "bytes");
  out.gzip = text_of(object, "coding") == "gzip";
  out.usable = is_usable(object);
  return out;
}

}  // namespace

Result<PickedObject> pick_object(std::string_view json, std::optional<std::uint64_t> number) {
  const Json all = Json::parse(json, nullptr, false);
  if (!all.is_object() || !all.contains("objects")) {
    return fail(Error::Code::invalid, "the daemon's answer is none to get");
  }
  std::vector<const Json*> usable, others;
  for (const Json& object : list_of(all, "objects")) {
    if (!object.is_object()) continue;
    if (number && number_of(object, "object") == *number) return picked(all, object);
    (is_usable(object) ? usable : others).push_back(&object);
  }
  if (number) return fail(Error::Code::invalid, "none of those that are stored has this number");
  const auto& some = usable.empty() ? others : usable;
  if (some.empty()) return fail(Error::Code::invalid, "nothing is stored of it");
  const bool alike = std::all_of(some.begin(), some.end(), [&](const Json* one) {
    return place_of_object(*one) == place_of_object(*some.front());
  });
  if (!alike) return fail(Error::Code::invalid, told(some));
  const auto last = std::max_element(some.begin(), some.end(), [](const Json* a, const Json* b) {
    return number_of(*a, "object") < number_of(*b, "object");
  });
  return picked(all, **last);
}

std::string get_text(const PickedObject& object) {
  const Json one = Json::parse(object.json, nullptr, false);
  std::string out = scope_text_of(one) + "\n";
  append_label(out, "url", url_text_of(one));
  append_label(out, "object", std::to_string(object.number) + ", key " + text_of(one, "key"));
  append_label(out, "state", state_text_of(one));
  append_label(out, "answer",
               answer_text_of(one) + ", used " + std::to_string(number_of(one, "uses")) + " times");
  append_label(out, "stored",
               text_of(one, "stored") + ", age " + seconds_of(one, "age_s") + ", after purge " +
                   std::to_string(number_of(one, "epoch")));
  append_label(out, "fresh", left_of(one, "fresh_for_s"));
  append_label(out, "stale",
               left_of(one, "stale_for_s") + " while its refresh runs, " +
                   left_of(one, "on_error_for_s") + " when the origin fails");
  append_label(out, "variants", text_of(one, "variants"));
  append_label(out, "access", text_of(one, "early_access"));
  append_label(out, "headers", text_of(one, "headers"));
  const char* name = "head";
  for (const Json& line : list_of(one, "head")) {
    if (!line.is_string()) continue;
    append_label(out, name, printable(line.get<std::string>()));
    name = "";
  }
  return out;
}

std::string get_json_of(const PickedObject& object, const std::string* body) {
  Json one = Json::parse(object.json, nullptr, false);
  if (body != nullptr) {
    one["body"] = *body;
    try {
      return one.dump() + "\n";
    } catch (const Json::type_error&) {
      one.erase("body");
      one["body_error"] = "the body is no UTF-8; --body prints it as it is";
    }
  }
  return one.dump() + "\n";
}

std::string for_terminal(std::string body) {
  std::replace_if(
      body.begin(), body.end(),
      [](char c) {
        const auto octet = static_cast<unsigned char>(c);
        return (octet < 0x20 && c != '\n' && c != '\t' && c != '\r') || octet == 0x7F;
      },
      '?');
  return body;
}

}  // namespace larder
