// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/sandbox/event_log.h"
#include "tests/sandbox/json.h"

/// What is published: two stacks, two environments each, three branches each.
namespace sandbox {

inline constexpr std::string_view kMasterLocale = "en-us";
inline constexpr std::string_view kAssetType = "sys_assets";  ///< as in the Sync API

/// The published objects of one content type in the order in which they were published.
struct Objects {
  std::vector<std::string> order;  ///< uids
  std::unordered_map<std::string, std::map<std::string, Json>>
      by_locale;  ///< uid -> locale -> body
};

/// All that one environment of one branch of one stack shows.
class Space {
 public:
  Space(std::string stack, std::string api_key, std::string environment, std::string branch);

  const std::string& stack() const { return stack_; }  ///< letter: "A" or "B"
  const std::string& api_key() const { return api_key_; }
  const std::string& environment() const { return environment_; }
  const std::string& environment_uid() const { return environment_uid_; }
  const std::string& branch() const { return branch_; }
  /// "A/production/main": part of every title and every body.
  const std::string& marker() const { return marker_; }

  /// nullptr when there is no such type; empty when nothing of it is published.
  const Objects* objects(std::string_view type) const;
  /// The object in that locale, or, with `fallback`, in the master locale.
  const Json* find(std::string_view type, const std::string& uid, const std::string& locale,
                   bool fallback) const;
  const std::vector<Json>& content_types() const { return content_types_; }
  const std::vector<Json>& global_fields() const { return global_fields_; }
  const std::vector<Json>& taxonomies() const { return taxonomies_; }
  /// Terms of a taxonomy, parents before children; nullptr when there is no such taxonomy.
  const std::vector<Json>* terms(const std::string& taxonomy) const;

  /// Sync items of what was published or unpublished since the start.
  const std::vector<Json>& log() const { return log_.items(); }
  EventLog& event_log() { return log_; }
  /// Times that a sized entry was published; 1 when never.
  int sized_version(std::string_view uid) const;

  /// Publishes an object again with another version, time and title, or for the first time.
  Json publish(const std::string& type, const std::string& uid, const std::string& locale,
               const Json& fields);
  /// False when it was not published.
  bool unpublish(const std::string& type, const std::string& uid, const std::string& locale);
  /// In all locales. False when it was not published.
  bool remove(const std::string& type, const std::string& uid);
  /// A content type is edited: no sync item tells, its last activity does. False = there is none.
  bool edit_schema(const std::string& type);

 private:
  friend class Seeder;

  void add(const std::string& type, const std::string& uid, const std::string& locale, Json body);
  void touch_content_type(const std::string& type, const std::string& time);
  std::string next_time();

  std::string stack_, api_key_, environment_, environment_uid_, branch_, marker_;
  std::map<std::string, Objects, std::less<>> objects_;
  std::vector<Json> content_types_, global_fields_, taxonomies_;
  std::map<std::string, std::vector<Json>> terms_;
  std::map<std::string, int, std::less<>> sized_versions_;
  EventLog log_;
  int clock_ = 0;  ///< publishes so far; the time in a body is derived from it
};

/// Who a token belongs to.
struct Token {
  std::string stack;
  std::string environment;
};

class Content {
 public:
  Content();

  /// By letter or api key; empty when unknown.
  std::string stack_letter(std::string_view stack) const;
  const Token* delivery_token(std::string_view token) const;
  const Token* preview_token(std::string_view token) const;
  /// The branch that a branch uid or an alias names; empty when there is none.
  std::string branch(const std::string& stack, const std::string& name) const;
  /// nullptr when there is no such environment or branch.
  Space* space(const std::string& stack, const std::string& environment, const std::string& branch);
  Space* space(std::size_t index) { return spaces_.at(index).get(); }
  std::size_t index_of(const Space& space) const;
  std::size_t size() const { return spaces_.size(); }

  /// Of a branch.
  std::vector<std::string> aliases(const std::string& stack, const std::string& branch) const;
  void assign_alias(const std::string& stack, const std::string& alias, const std::string& branch);

  /// Tokens of the Sync API that were given before are not known any more.
  void forget_sync_tokens() { ++sync_epoch_; }
  /// Whether lists without a wish show what was edited last first; else what was first published
  /// first. Which of them the vendor does is not known.
  void list_newest_first(bool newest_first) { newest_first_ = newest_first; }
  bool lists_newest_first() const { return newest_first_; }
  std::size_t sync_epoch() const { return sync_epoch_; }
  /// What goes wrong with sync items, see EventLog.
  void trouble_sync(const Json& order);
  /// Lets sync items come that are due. True = there were some.
  bool settle_sync();

 private:
  std::vector<std::unique_ptr<Space>> spaces_;
  std::map<std::string, std::string, std::less<>> stacks_;  ///< api key -> letter
  std::map<std::string, Token, std::less<>> delivery_tokens_, preview_tokens_;
  std::size_t sync_epoch_ = 0;
  bool newest_first_ = false;
  std::map<std::string, std::map<std::string, std::string>> aliases_;  ///< stack -> alias -> branch
};

}  // namespace sandbox
