// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/query.h"

#include <regex.h>

#include <algorithm>
#include <cctype>
#include <vector>

namespace sandbox {
namespace {

int rank(const Json& value) {
  if (value.is_null()) return 0;
  if (value.is_number()) return 1;
  if (value.is_string()) return 2;
  return 3;
}

bool equal(const Json& value, const Json& wanted) {
  if (value.is_array() && !wanted.is_array()) {
    return std::any_of(value.begin(), value.end(), [&](const Json& v) { return v == wanted; });
  }
  return value == wanted;
}

/// True when any value (the value itself, or an element of it) compares as wanted.
template <class Holds>
bool any_compares(const Json& value, const Json& wanted, Holds holds) {
  const auto one = [&](const Json& v) {
    return rank(v) == rank(wanted) && !v.is_null() && holds(compare(v, wanted));
  };
  if (!value.is_array()) return one(value);
  return std::any_of(value.begin(), value.end(), one);
}

bool matches_regex(const Json& value, const Json& pattern, const Json& options) {
  if (value.is_array()) {
    return std::any_of(value.begin(), value.end(),
                       [&](const Json& v) { return matches_regex(v, pattern, options); });
  }
  if (!value.is_string() || !pattern.is_string()) return false;
  int flags = REG_EXTENDED | REG_NOSUB;
  if (options.is_string() && options.get<std::string>().find('i') != std::string::npos) {
    flags |= REG_ICASE;
  }
  regex_t compiled;
  if (regcomp(&compiled, pattern.get_ref<const std::string&>().c_str(), flags) != 0) return false;
  const int found = regexec(&compiled, value.get_ref<const std::string&>().c_str(), 0, nullptr, 0);
  regfree(&compiled);
  return found == 0;
}

/// Uids of the terms of a taxonomy that an object bears.
std::vector<std::string> terms_of(const Json& object, const std::string& taxonomy) {
  std::vector<std::string> terms;
  if (!object.contains("taxonomies")) return terms;
  for (const Json& term : object["taxonomies"]) {
    if (term.value("taxonomy_uid", "") == taxonomy) terms.push_back(term.value("term_uid", ""));
  }
  return terms;
}

/// How many levels `term` lies below `ancestor`; -1 when it does not.
int levels_below(const std::vector<Json>& terms, std::string term, const std::string& ancestor) {
  for (int levels = 0;; ++levels) {
    if (term == ancestor) return levels;
    const auto found =
        std::find_if(terms.begin(), terms.end(), [&](const Json& t) { return t["uid"] == term; });
    if (found == terms.end() || (*found)["parent_uid"].is_null()) return -1;
    term = (*found)["parent_uid"];
  }
}

bool taxonomy_operator(const std::vector<Json>& terms, const std::string& borne,
                       const std::string& name, const Json& operand, int max_levels) {
  if (name == "$in" && operand.is_array()) {
    return std::find(operand.begin(), operand.end(), borne) != operand.end();
  }
  const std::string wanted = operand.is_string() ? operand.get<std::string>() : std::string();
  const bool below = name == "$below" || name == "$eq_below";
  const bool or_equal = name == "$eq_below" || name == "$eq_above";
  const int levels =
      below ? levels_below(terms, borne, wanted) : levels_below(terms, wanted, borne);
  return levels >= (or_equal ? 0 : 1) && levels <= max_levels;
}

bool matches_taxonomy(const Space& space, const Json& object, const std::string& taxonomy,
                      const Json& condition) {
  const std::vector<Json>* terms = space.terms(taxonomy);
  const std::vector<std::string> borne = terms_of(object, taxonomy);
  if (terms == nullptr) return false;
  if (condition.is_string()) {
    return std::find(borne.begin(), borne.end(), condition.get<std::string>()) != borne.end();
  }
  if (!condition.is_object()) return false;
  const int max_levels = condition.value("levels", 100);
  for (const auto& [name, operand] : condition.items()) {
    if (name == "levels") continue;
    if (name == "$exists") {
      if (borne.empty() == operand.get<bool>()) return false;
      continue;
    }
    const auto holds = [&, &key = name, &value = operand](const std::string& term) {
      return taxonomy_operator(*terms, term, key, value, max_levels);
    };
    if (std::none_of(borne.begin(), borne.end(), holds)) return false;
  }
  return true;
}

/// Whether one of the entries that `value` refers to fulfils the condition.
bool matches_reference(const Space& space, const Json& value, const Json& condition) {
  if (!value.is_array()) return false;
  return std::any_of(value.begin(), value.end(), [&](const Json& stub) {
    if (!stub.is_object() || !stub.contains("_content_type_uid")) return false;
    const Json* entry = space.find(stub["_content_type_uid"].get<std::string>(), stub["uid"],
                                   std::string(kMasterLocale), false);
    return entry != nullptr && matches(space, *entry, condition);
  });
}

bool in(const Json& value, const Json& list) {
  return list.is_array() && std::any_of(list.begin(), list.end(),
                                        [&](const Json& wanted) { return equal(value, wanted); });
}

bool operator_holds(const Space& space, const Json& value, const std::string& name,
                    const Json& operand, const Json& all) {
  if (name == "$in") return in(value, operand);
  if (name == "$nin") return !in(value, operand);
  if (name == "$eq") return equal(value, operand);
  if (name == "$ne") return !equal(value, operand);
  if (name == "$lt") return any_compares(value, operand, [](int c) { return c < 0; });
  if (name == "$lte") return any_compares(value, operand, [](int c) { return c <= 0; });
  if (name == "$gt") return any_compares(value, operand, [](int c) { return c > 0; });
  if (name == "$gte") return any_compares(value, operand, [](int c) { return c >= 0; });
  if (name == "$exists") return operand.is_boolean() && value.is_null() != operand.get<bool>();
  if (name == "$regex") return matches_regex(value, operand, all.value("$options", Json()));
  if (name == "$options") return true;
  if (name == "$in_query") return matches_reference(space, value, operand);
  if (name == "$nin_query") return !matches_reference(space, value, operand);
  return false;
}

bool field_matches(const Space& space, const Json& object, const std::string& path,
                   const Json& condition) {
  constexpr std::string_view taxonomies = "taxonomies.";
  if (path.starts_with(taxonomies)) {
    return matches_taxonomy(space, object, path.substr(taxonomies.size()), condition);
  }
  const Json value = value_at(object, path);
  const bool operators =
      condition.is_object() && !condition.empty() && condition.begin().key().starts_with("$");
  if (!operators) return equal(value, condition);
  for (const auto& [name, operand] : condition.items()) {
    if (!operator_holds(space, value, name, operand, condition)) return false;
  }
  return true;
}

}  // namespace

int compare(const Json& a, const Json& b) {
  if (rank(a) != rank(b)) return rank(a) < rank(b) ? -1 : 1;
  return a < b ? -1 : (b < a ? 1 : 0);
}

Json value_at(const Json& object, std::string_view path) {
  if (path.empty()) return object;
  if (object.is_array()) {
    Json values = Json::array();
    for (const Json& element : object) {
      Json value = value_at(element, path);
      if (!value.is_null()) values.push_back(std::move(value));
    }
    return values.empty() ? Json() : values;
  }
  const auto dot = path.find('.');
  const std::string name(path.substr(0, dot));
  if (!object.is_object() || !object.contains(name)) return {};
  return value_at(object[name], dot == std::string_view::npos ? "" : path.substr(dot + 1));
}

bool matches(const Space& space, const Json& object, const Json& condition) {
  for (const auto& [name, operand] : condition.items()) {
    const auto holds = [&](const Json& one) { return matches(space, object, one); };
    if (name == "$and") {
      if (!std::all_of(operand.begin(), operand.end(), holds)) return false;
    } else if (name == "$or") {
      if (!std::any_of(operand.begin(), operand.end(), holds)) return false;
    } else if (!field_matches(space, object, name, operand)) {
      return false;
    }
  }
  return true;
}

bool mentions(const Json& object, std::string_view text) {
  if (object.is_string()) {
    const auto& value = object.get_ref<const std::string&>();
    const auto same = [](unsigned char a, unsigned char b) {
      return std::tolower(a) == std::tolower(b);
    };
    return std::search(value.begin(), value.end(), text.begin(), text.end(), same) != value.end();
  }
  if (!object.is_structured()) return false;
  return std::any_of(object.begin(), object.end(),
                     [&](const Json& element) { return mentions(element, text); });
}

}  // namespace sandbox
