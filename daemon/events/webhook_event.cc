// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/webhook_event.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cache/tags/event_time.h"
#include "daemon/events/webhook_fields.h"

namespace larder {
namespace {

using What = ContentChange::What;
using Action = ContentChange::Action;

enum class Module {
  entry,
  variant,
  asset,
  folder,
  content_type,
  global_field,
  taxonomy,
  release,
  alias,
  job,
  other,
};

constexpr std::array<std::pair<std::string_view, Module>, 16> kModules{{
    {"entry", Module::entry},
    {"entry_variant", Module::variant},
    {"entry_variants", Module::variant},
    {"variant", Module::variant},
    {"asset", Module::asset},
    {"asset_folder", Module::folder},
    {"folder", Module::folder},
    {"content_type", Module::content_type},
    {"global_field", Module::global_field},
    {"taxonomy", Module::taxonomy},
    {"term", Module::taxonomy},
    {"taxonomy_term", Module::taxonomy},
    {"release", Module::release},
    {"branch_alias", Module::alias},
    {"job", Module::job},
    {"jobs", Module::job},
}};

Module module_of(const WebhookFields& fields) {
  const auto at = std::find_if(kModules.begin(), kModules.end(),
                               [&](const auto& row) { return row.first == fields.module; });
  if (at == kModules.end()) return Module::other;
  return at->second == Module::asset && fields.is_folder ? Module::folder : at->second;
}

bool has_failed(const WebhookFields& fields) {
  return fields.status == "fail" || fields.status == "failed" || fields.status == "failure";
}

/// Reads one event; each step adds to `event_`.
class EventReading {
 public:
  EventReading(const WebhookFields& fields, WallTime now) : fields_(fields) {
    const auto word = [](const std::string& text) { return text.empty() ? "?" : text; };
    event_.name = word(fields.module) + "." + word(fields.event);
    event_.triggered = parse_event_time(fields.triggered_at).value_or(WallTime{});
    order_.happened = event_.triggered.ms == 0 ? now : std::min(event_.triggered, now);
    order_.changed = event_.triggered.ms == 0 ? now : event_.triggered;
    order_.api_key = fields.api_key;
  }

  WebhookEvent read() {
    const Module module = module_of(fields_);
    if (has_failed(fields_) && (is("publish") || is("unpublish") || is("deploy"))) {
      return nothing("it failed");
    }
    switch (module) {
      case Module::entry:
        return item(What::entry, fields_.entry, fields_.content_type);
      case Module::variant:
        return variant();
      case Module::asset:
        return item(What::asset, fields_.asset, {});
      case Module::folder:
        return folder();
      case Module::content_type:
        return schema(What::content_type, fields_.content_type);
      case Module::global_field:
        return schema(What::global_field, fields_.global_field);
      case Module::taxonomy:
        return taxonomy();
      case Module::release:
        return release();
      case Module::alias:
        return alias();
      case Module::job:
        return nothing("a summary of events that come by themselves");
      case Module::other:
        break;
    }
    return coarse("larder knows no more of such events");
  }

 private:
  bool is(std::string_view event) const { return fields_.event == event; }
  bool names_environment() const { return is("publish") || is("unpublish") || is("deploy"); }

  WebhookEvent nothing(std::string_view why) {
    event_.subject = "nothing to purge: " + std::string(why);
    return std::move(event_);
  }

  /// Everything of the stack.
  WebhookEvent coarse(std::string_view why) {
    event_.coarse = true;
    event_.subject = "all of " + fields_.api_key + ": " + std::string(why);
    order_.what = PurgeOrder::What::scope;
    order_.environment.clear();
    order_.branch.clear();
    order_.aliases.clear();
    order_.changes.clear();
    event_.order = std::move(order_);
    return std::move(event_);
  }

  WebhookEvent exact(std::string subject) {
    event_.subject = std::move(subject);
    event_.order = std::move(order_);
    return std::move(event_);
  }

  /// An alias that is not listed may name the branch as well.
  void take_branch() {
    if (fields_.branch.empty() || !fields_.lists_aliases) return;
    order_.branch = fields_.branch;
    order_.aliases = fields_.aliases;
  }
  void take_environment() {
    if (names_environment()) order_.environment = fields_.environment;
  }

  WebhookEvent change(ContentChange change, const std::string& subject) {
    order_.what = PurgeOrder::What::change;
    order_.changes.push_back(std::move(change));
    return exact(subject);
  }

  Action action() const {
    if (is("publish")) return Action::published;
    return is("unpublish") || is("delete") ? Action::gone : Action::unknown;
  }

  /// What the CMS has written into what it published; null = it is not there, or not certain.
  const WebhookFields::Publishing* publishing() const {
    if (!is("publish") || fields_.environment_uid.empty() || fields_.locale.empty()) return nullptr;
    const WebhookFields::Publishing* found = nullptr;
    for (const WebhookFields::Publishing& one : fields_.publishings) {
      if (one.environment != fields_.environment_uid || one.locale != fields_.locale) continue;
      if (found != nullptr) return nullptr;
      found = &one;
    }
    return found;
  }
  WallTime published_at() const {
    const auto* const found = publishing();
    return found == nullptr ? WallTime{} : parse_event_time(found->time).value_or(WallTime{});
  }
  /// The entry may be shown in a later version than the one that was published.
  bool shows_what_was_published() const {
    const auto* const found = publishing();
    if (found == nullptr) return fields_.publishings.empty();
    return found->version.empty() || found->version == fields_.version;
  }

  /// An entry or an asset.
  WebhookEvent item(What what, const std::string& uid, const std::string& content_type) {
    if (is("create") || is("update")) return nothing("it is not published");
    const bool entry = what == What::entry;
    if (uid.empty() || (entry && content_type.empty())) return coarse("the event names no uid");
    take_branch();
    take_environment();
    const std::string locale = names_environment() ? fields_.locale : std::string();
    ContentChange what_changed{what,           content_type,   uid, action(), locale,
                               published_at(), fields_.version};
    if (entry && is("publish") && shows_what_was_published()) what_changed.values = fields_.values;
    return change(std::move(what_changed),
                  entry ? "entry " + content_type + "/" + uid : "asset " + uid);
  }

  /// The entry itself stays, whatever becomes of a variant.
  WebhookEvent variant() {
    if (is("create") || is("update")) return nothing("it is not published");
    const std::string& uid = fields_.variant_entry.empty() ? fields_.entry : fields_.variant_entry;
    if (uid.empty() || fields_.content_type.empty()) return coarse("the event names no uid");
    take_branch();
    take_environment();
    return change({What::entry, fields_.content_type, uid, Action::unknown, {}},
                  "entry " + fields_.content_type + "/" + uid);
  }

  /// What lies in a folder goes with it, and is not listed.
  WebhookEvent folder() {
    if (is("create") || is("update")) return nothing("a folder is not published");
    return coarse("what lies in the folder is not listed");
  }

  WebhookEvent schema(What what, const std::string& uid) {
    if (uid.empty()) return coarse("the event names no uid");
    take_branch();
    if (what == What::global_field && !is("create")) {
      // Which content types use it the event does not say, and their entries show its fields.
      order_.what = PurgeOrder::What::scope;
      return exact("global field " + uid + ": all of its branch");
    }
    return change({what, {}, uid, is("delete") ? Action::gone : Action::unknown, {}},
                  (what == What::content_type ? "content type " : "global field ") + uid);
  }

  /// With its terms.
  WebhookEvent taxonomy() {
    const std::string& uid =
        fields_.term_taxonomy.empty() ? fields_.taxonomy : fields_.term_taxonomy;
    if (uid.empty()) return coarse("the event names no uid");
    return change({What::taxonomy, {}, uid, Action::unknown, {}}, "taxonomy " + uid);
  }

  WebhookEvent release() {
    if (is("create") || is("update") || is("delete")) return nothing("it is not deployed");
    if (!fields_.lists_items) return coarse("the release does not list what is in it");
    take_branch();
    take_environment();
    order_.what = PurgeOrder::What::change;
    for (const WebhookFields::Item& one : fields_.items) {
      if (one.uid.empty() || one.content_type.empty()) return coarse("the release names no uid");
      const bool asset = one.content_type == "built_io_upload";
      const Action what_happens = one.action == "publish"     ? Action::published
                                  : one.action == "unpublish" ? Action::gone
                                                              : Action::unknown;
      order_.changes.push_back({asset ? What::asset : What::entry,
                                asset ? std::string() : one.content_type, one.uid, what_happens,
                                one.locale});
    }
    if (order_.changes.empty()) return nothing("the release is empty");
    return exact("a release of " + std::to_string(order_.changes.size()));
  }

  /// Everything under its name, whichever branch that was and is. Also what goes by the branch's
  /// own name, for the names of the fields are those of the management API, and nobody has said
  /// that events have the same.
  WebhookEvent alias() {
    if (fields_.assigned_alias.empty()) return coarse("the event names no alias");
    order_.what = PurgeOrder::What::scope;
    order_.branch = fields_.assigned_alias;
    if (!fields_.assigned_branch.empty()) order_.aliases.push_back(fields_.assigned_branch);
    if (is("assigned")) order_.moved_to = fields_.assigned_branch;
    return exact("alias " + fields_.assigned_alias);
  }

  const WebhookFields& fields_;
  WebhookEvent event_;
  PurgeOrder order_;
};

}  // namespace

void WebhookEvent::distrust() {
  entry.reset();
  if (!order) return;
  order->moved_to.clear();
  for (ContentChange& change : order->changes) change.values.reset();
}

Result<WebhookEvent> read_webhook_event(std::string_view body, WallTime now) {
  const auto fields = WebhookFields::read(body);
  if (!fields) return fail(Error::Code::invalid, "the body is no JSON object");
  if (fields->api_key.empty()) {
    return fail(Error::Code::invalid, "the body names no stack: it has no api_key");
  }
  WebhookEvent event = EventReading(*fields, now).read();
  const bool published = fields->module == "entry" && fields->event == "publish";
  if (published && event.order && fields->raw_entry && !fields->content_type.empty()) {
    event.entry = fields->raw_entry;
    event.entry->content_type = content_tag(fields->content_type);
  }
  return event;
}

}  // namespace larder
