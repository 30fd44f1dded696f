// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/sync_page.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "cache/tags/event_time.h"

namespace larder {
namespace {

using What = ContentChange::What;
using Action = ContentChange::Action;

struct ItemType {
  std::string_view name;
  What what;
  Action action;
};

constexpr std::array<ItemType, 7> kItemTypes{{
    {"entry_published", What::entry, Action::published},
    {"entry_unpublished", What::entry, Action::gone},
    {"entry_deleted", What::entry, Action::gone},
    {"asset_published", What::asset, Action::published},
    {"asset_unpublished", What::asset, Action::gone},
    {"asset_deleted", What::asset, Action::gone},
    {"content_type_deleted", What::content_type, Action::gone},
}};

}  // namespace

void SyncReading::on_open(JsonContainer container, unsigned depth) {
  const bool object = container == JsonContainer::object;
  if (depth == 0) is_object_ = object;
  if (depth == 1 && keys_[1] == "items") {
    in_items_ = !object;
    page_.lists_items = in_items_;
  }
  if (depth == 1 && keys_[1] == "errors") in_errors_ = object;
  if (!in_items(depth)) return;
  if (depth == 2) {
    item_ = {};
    page_.coarse = page_.coarse || !object;
  }
  if (depth == 3) in_data_ = object && keys_[3] == "data";
  if (depth == 4) in_details_ = object && in_data_ && keys_[4] == "publish_details";
}

void SyncReading::on_close(JsonContainer, unsigned depth) {
  if (depth == 1) in_items_ = in_errors_ = false;
  if (!in_items(depth)) return;
  if (depth == 4) in_details_ = false;
  if (depth == 3) in_data_ = false;
  if (depth == 2) take_item();
}

void SyncReading::on_text(JsonText kind, std::string_view part, bool last, unsigned depth) {
  if (depth == 0 || depth > kMaxFollowed) return;
  if (!text_.add(part, last)) return;
  const std::string& text = text_.text();
  if (kind == JsonText::key) {
    keys_[depth] = text;
    const bool blames = in_errors_ && depth == 2 &&
                        (text == "access_token" || text == "api_key" || text == "environment");
    page_.blames_credential = page_.blames_credential || blames;
  } else {
    take_value(depth);
  }
}

void SyncReading::on_literal(JsonLiteral, unsigned depth) {
  if (depth == 2 && in_items_) page_.coarse = true;  // no item
}

void SyncReading::take_value(unsigned depth) {
  const std::string& text = text_.text();
  if (depth == 2 && in_items_) page_.coarse = true;  // no item
  if (depth == 1 && keys_[1] == "error_code") {
    std::from_chars(text.data(), text.data() + text.size(), page_.error_code);
  }
  if (std::string* const place = place_of(depth)) *place = text;
}

std::string* SyncReading::place_of(unsigned depth) {
  const std::string& key = keys_[depth];
  if (depth == 1 && key == "pagination_token") return &page_.pagination_token;
  if (depth == 1 && key == "sync_token") return &page_.sync_token;
  if (!in_items(depth)) return nullptr;
  if (depth == 3 && key == "type") return &item_.type;
  if (depth == 3 && key == "content_type_uid") return &item_.content_type;
  if (depth == 3 && key == "event_at") return &item_.at;
  if (depth == 4 && in_data_ && key == "uid") return &item_.uid;
  if (depth == 4 && in_data_ && key == "_version") return &item_.version;
  if (depth == 4 && in_data_ && key == "locale") return &item_.locale;
  if (depth == 5 && in_details_ && key == "locale") return &item_.publish_locale;
  if (depth == 5 && in_details_ && key == "time") return &item_.published;
  return nullptr;
}

void SyncReading::take_item() {
  const auto type = std::find_if(kItemTypes.begin(), kItemTypes.end(),
                                 [this](const ItemType& row) { return row.name == item_.type; });
  const bool known = type != kItemTypes.end();
  const bool needs_type = known && type->what != What::asset;
  const bool needs_uid = known && type->what != What::content_type;
  if (!known || (needs_type && item_.content_type.empty()) || (needs_uid && item_.uid.empty()) ||
      page_.events.size() == SyncPage::kMaxEvents) {
    page_.coarse = true;
    return;
  }
  SyncEvent event;
  event.at = parse_event_time(item_.at).value_or(WallTime{});
  event.change = {type->what, {}, item_.uid, type->action, {}};
  if (type->what == What::entry) event.change.content_type = item_.content_type;
  if (type->what == What::content_type) event.change.uid = item_.content_type;
  // An entry may be published to another locale than its own. A deletion is in all locales.
  if (!item_.publish_locale.empty()) {
    event.change.locale = item_.publish_locale;
    event.change.published = parse_event_time(item_.published).value_or(WallTime{});
    event.change.version = item_.version;
  } else if (item_.type.ends_with("_unpublished")) {
    event.change.locale = item_.locale;
  }
  const bool shows_entry = item_.type == "entry_published";
  auto values = raw_.take_values();
  if (shows_entry && raw_.names_creator()) event.change.values = std::move(values);
  page_.events.push_back(std::move(event));
  if (!shows_entry) return;
  if (auto entry = raw_.take()) {
    entry->content_type = content_tag(item_.content_type);
    page_.entries.push_back(std::move(*entry));
  }
}

std::optional<SyncPage> SyncReading::finish() {
  if (!sound_ || !stream_.finish() || !is_object_) return std::nullopt;
  return std::move(page_);
}

}  // namespace larder
