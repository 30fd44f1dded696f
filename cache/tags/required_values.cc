// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/required_values.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cache/body/json_stream.h"
#include "cache/body/json_text_buffer.h"

namespace larder {
namespace {

/// A field that entries have as an event shows it: no operator, nothing inside of a group or of a
/// referenced entry, and nothing that depends on who looks.
bool is_own_field(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kOfTheCms{
      "ACL", "locale", "publish_details", "created_at", "updated_at", "taxonomies"};
  return !name.empty() && name.front() != '$' && name.front() != '_' &&
         name.find('.') == name.npos &&
         std::find(kOfTheCms.begin(), kOfTheCms.end(), name) == kOfTheCms.end();
}

/// As the CMS may read the value of a field that an entry does not have.
bool may_be_missing(std::string_view value) {
  const FieldValue one = field_value("", value);
  return one == field_value("", "false") || one == field_value("", "null") ||
         one == field_value("", "0");
}

/// Reads the members of the filter, each of which an entry must satisfy.
class FilterReading final : public JsonEvents {
 public:
  std::optional<RequiredValues> narrowest() {
    const RequiredValues* found = nullptr;
    for (const Member& one : members_) {
      if (!one.usable || one.required.values.empty()) continue;
      if (found == nullptr || one.required.values.size() < found->values.size()) {
        found = &one.required;
      }
    }
    return found == nullptr ? std::nullopt : std::optional(*found);
  }

  void on_open(JsonContainer container, unsigned depth) override {
    const bool array = container == JsonContainer::array;
    if (depth == 0) is_object_ = !array;
    if (depth == kMember) {
      operator_.clear();
      if (array) reject();
    }
    if (depth == kOperator && takes_values() && !(array && operator_ == "$in")) reject();
    if (depth > kOperator && takes_values()) reject();
  }
  void on_close(JsonContainer, unsigned) override {}

  void on_text(JsonText kind, std::string_view part, bool last, unsigned depth) override {
    if (!text_.add(part, last)) return;
    const std::string& text = text_.text();
    if (kind == JsonText::key && depth == kMember) return begin_member(text);
    if (kind == JsonText::key && depth == kOperator) operator_ = text;
    if (kind == JsonText::key) return;
    if (!is_value(depth)) return meet_other(depth);
    if (text_.cut() || !is_comparable(text) || may_be_missing(text)) return reject();
    take(field_value(field(), text));
  }
  void on_literal(JsonLiteral literal, unsigned depth) override {
    if (!is_value(depth)) return meet_other(depth);
    // The others are perhaps those of entries without the field, too.
    if (literal != JsonLiteral::true_value) return reject();
    take(field_value(field(), literal));
  }

 private:
  struct Member {
    RequiredValues required;
    bool usable = true;
  };

  const std::string& field() const { return members_.back().required.field; }
  void reject() {
    if (!members_.empty()) members_.back().usable = false;
  }

  /// Of two members of one name, it is not certain which one counts.
  void begin_member(const std::string& name) {
    operator_.clear();
    bool certain = members_.size() < kMostMembers;
    for (Member& one : members_) {
      if (one.required.field != name) continue;
      certain = one.usable = false;
    }
    if (members_.size() == kMostMembers) members_.pop_back();
    members_.push_back({{name, {}}, certain && !text_.cut() && is_own_field(name)});
  }

  bool takes_values() const { return operator_ == "$in" || operator_ == "$eq"; }
  /// Of the member itself, of `$eq`, or one of `$in`.
  bool is_value(unsigned depth) const {
    if (!is_object_ || members_.empty()) return false;
    return depth == kMember || (depth == kOperator && operator_ == "$eq") ||
           (depth == kListed && operator_ == "$in");
  }

  /// `$in` asks for a list.
  void meet_other(unsigned depth) {
    if (depth == kOperator && operator_ == "$in") reject();
  }

  void take(FieldValue value) {
    auto& values = members_.back().required.values;
    if (values.size() == RequiredValues::kMostValues) return reject();
    values.push_back(value);
  }

  static constexpr std::size_t kMostMembers = 64;
  // Depths: of a member of the filter, of an operator in it, of an element of `$in`.
  static constexpr unsigned kMember = 1, kOperator = 2, kListed = 3;

  JsonTextBuffer text_{kMostValueBytes};
  bool is_object_ = false;
  std::string operator_;  ///< in the last member, the last one
  std::vector<Member> members_;
};

}  // namespace

std::optional<RequiredValues> RequiredValues::of_filter(std::string_view filter) {
  FilterReading reading;
  JsonStream stream(&reading);
  if (!stream.feed(filter) || !stream.finish()) return std::nullopt;
  return reading.narrowest();
}

}  // namespace larder
