// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/webhook_fields.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cache/body/json_pair.h"
#include "cache/body/json_stream.h"
#include "cache/body/json_text_buffer.h"
#include "daemon/events/raw_entry_finder.h"

namespace larder {
namespace {

using Fields = WebhookFields;
using Item = WebhookFields::Item;
using Publishing = WebhookFields::Publishing;

constexpr std::size_t kMaxText = 256;
constexpr std::size_t kMaxPath = 128;
/// Containers that are looked into: the body, data, release, items and one of them.
constexpr unsigned kMaxFollowed = 5;

template <class Owner>
using Place = std::pair<std::string_view, std::string Owner::*>;

constexpr std::array<Place<Fields>, 22> kTexts{{
    {".module", &Fields::module},
    {".event", &Fields::event},
    {".api_key", &Fields::api_key},
    {".triggered_at", &Fields::triggered_at},
    {".data.status", &Fields::status},
    {".data.locale", &Fields::locale},
    {".data.environment.name", &Fields::environment},
    {".data.environment.uid", &Fields::environment_uid},
    {".data.entry._version", &Fields::version},
    {".data.asset._version", &Fields::version},
    {".data.content_type.uid", &Fields::content_type},
    {".data.entry.uid", &Fields::entry},
    {".data.entry_variant.entry_uid", &Fields::variant_entry},
    {".data.variant.entry_uid", &Fields::variant_entry},
    {".data.entry.entry_uid", &Fields::variant_entry},
    {".data.asset.uid", &Fields::asset},
    {".data.global_field.uid", &Fields::global_field},
    {".data.taxonomy.uid", &Fields::taxonomy},
    {".data.term.taxonomy_uid", &Fields::term_taxonomy},
    {".data.branch.uid", &Fields::branch},
    {".data.branch_alias.alias", &Fields::assigned_alias},
    {".data.branch_alias.uid", &Fields::assigned_branch},
}};
constexpr std::string_view kAliases = ".data.branch.alias";
constexpr std::string_view kAlias = ".data.branch.alias[]";
constexpr std::string_view kItems = ".data.release.items";
constexpr std::string_view kItem = ".data.release.items[]";
constexpr std::string_view kIsFolder = ".data.asset.is_dir";

constexpr std::array<Place<Item>, 4> kItemTexts{{
    {".data.release.items[].uid", &Item::uid},
    {".data.release.items[].content_type_uid", &Item::content_type},
    {".data.release.items[].action", &Item::action},
    {".data.release.items[].locale", &Item::locale},
}};

/// Of an entry or an asset: its publishing, or a list of them.
constexpr std::array<std::string_view, 2> kPublishings{".data.entry.publish_details",
                                                       ".data.asset.publish_details"};
constexpr std::array<Place<Publishing>, 4> kPublishingTexts{{
    {".environment", &Publishing::environment},
    {".locale", &Publishing::locale},
    {".time", &Publishing::time},
    {".version", &Publishing::version},
}};

/// What follows the path of a publishing; nothing = it leads elsewhere.
std::optional<std::string_view> path_in_publishing(std::string_view path) {
  for (const std::string_view one : kPublishings) {
    if (!path.starts_with(one)) continue;
    path.remove_prefix(one.size());
    if (path.starts_with("[]")) path.remove_prefix(2);
    return path;
  }
  return std::nullopt;
}

/// These may be numbers.
bool is_version(std::string_view path) {
  return path.ends_with("._version") || path_in_publishing(path) == ".version";
}

/// Is it what `path` leads to, or inside of that?
bool lies_in(std::string_view wanted, std::string_view path) {
  return wanted.starts_with(path) && (wanted.size() == path.size() || wanted[path.size()] == '.');
}

/// Follows the path to each value (`.data.release.items[].uid`), and keeps those that are wanted.
class FieldReader final : public JsonEvents {
 public:
  explicit FieldReader(Fields& fields) : fields_(fields) {}

  bool is_object() const { return is_object_; }

  void on_open(JsonContainer container, unsigned depth) override {
    const bool array = container == JsonContainer::array;
    if (depth == 0) is_object_ = !array;
    if (depth >= kMaxFollowed) return;
    begin_wanted(array);
    if (array) append("[]");
    ends_[depth + 1] = path_.size();
  }

  void on_close(JsonContainer, unsigned depth) override {
    if (depth < kMaxFollowed) path_.resize(ends_[depth]);
  }

  void on_text(JsonText kind, std::string_view part, bool last, unsigned depth) override {
    if (depth == 0 || depth > kMaxFollowed) return;
    if (!text_.add(part, last)) return;
    const std::string& text = text_.text();
    if (kind == JsonText::key) {
      path_.resize(ends_[depth]);
      append(".");
      // A name with a mark of paths in it is none of those that are wanted.
      const bool plain = !text_.cut() && text.find_first_of(".[") == std::string::npos;
      append(plain ? std::string_view(text) : "?");
      forget();
    } else if (kind == JsonText::string || is_version(path_)) {
      take();
    } else {
      take_other();
    }
  }

  void on_literal(JsonLiteral literal, unsigned depth) override {
    if (depth > kMaxFollowed) return;
    if (path_ == kIsFolder) fields_.is_folder = literal == JsonLiteral::true_value;
    take_other();
  }

 private:
  void append(std::string_view part) { path_.append(part.substr(0, kMaxPath - path_.size())); }

  /// Of a name that is there twice, the last one counts, as for other parsers.
  void forget() {
    if (lies_in(kAliases, path_)) {
      fields_.lists_aliases = false;
      fields_.aliases.clear();
    }
    if (lies_in(kItems, path_)) {
      fields_.lists_items = false;
      fields_.items.clear();
    }
    if (lies_in(kIsFolder, path_)) fields_.is_folder = false;
    for (const auto& [path, member] : kItemTexts) {
      if (path == path_ && !fields_.items.empty()) (fields_.items.back().*member).clear();
    }
    for (const std::string_view one : kPublishings) {
      if (lies_in(one, path_)) fields_.publishings.clear();
    }
    if (std::string* const text = text_of_publishing()) text->clear();
    for (const auto& [path, member] : kTexts) {
      if (lies_in(path, path_)) (fields_.*member).clear();
    }
  }

  /// Which the path leads to, in the last publishing.
  std::string* text_of_publishing() {
    const auto rest = path_in_publishing(path_);
    if (!rest || fields_.publishings.empty()) return nullptr;
    for (const auto& [name, member] : kPublishingTexts) {
      if (*rest == name) return &(fields_.publishings.back().*member);
    }
    return nullptr;
  }

  void begin_wanted(bool array) {
    if (path_in_publishing(path_) == "") {
      if (!array && fields_.publishings.size() < Fields::kMaxPublishings) {
        fields_.publishings.emplace_back();
      }
    } else if (path_ == kAliases) {
      fields_.lists_aliases = array;
    } else if (path_ == kItems) {
      fields_.lists_items = array;
    } else if (path_ == kItem && fields_.items.size() < Fields::kMaxItems) {
      fields_.items.emplace_back();
    } else {
      take_other();
    }
  }

  void take() {
    if (path_ == kAlias) {
      const bool fits = !text_.cut() && fields_.aliases.size() < Fields::kMaxAliases;
      if (fits) fields_.aliases.push_back(text_.text());
      fields_.lists_aliases = fields_.lists_aliases && fits;
      return;
    }
    take_other();
    for (const auto& [path, member] : kItemTexts) {
      if (path == path_ && !fields_.items.empty()) fields_.items.back().*member = text_.text();
    }
    if (std::string* const text = text_of_publishing()) *text = text_.text();
    for (const auto& [path, member] : kTexts) {
      if (path == path_) fields_.*member = text_.text();
    }
  }

  /// What does not belong into a list, or not any more, leaves what it lists unknown.
  void take_other() {
    if (path_ == kAlias) fields_.lists_aliases = false;
    if (path_ == kItem) fields_.lists_items = false;
  }

  Fields& fields_;
  bool is_object_ = false;
  std::string path_;                                  ///< of the value that comes next
  std::array<std::size_t, kMaxFollowed + 1> ends_{};  ///< by depth: the path of that container
  JsonTextBuffer text_{kMaxText};                     ///< of the key or value
};

}  // namespace

std::optional<WebhookFields> WebhookFields::read(std::string_view body) {
  WebhookFields fields;
  FieldReader reader(fields);
  RawEntryFinder raw({"data", "entry"});
  JsonPair readers(reader, raw);
  JsonStream stream(&readers);
  if (!stream.feed(body) || !stream.finish() || !reader.is_object()) return std::nullopt;
  // Of a webhook with concise payload this is missing, and who knows what else.
  if (!raw.names_creator()) return fields;
  fields.raw_entry = raw.take();
  fields.values = raw.take_values();
  return fields;
}

}  // namespace larder
