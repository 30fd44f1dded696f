// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "conf/config_change.h"
#include "conf/config_reference.h"
#include "conf/config_value.h"
#include "conf/units.h"

/// The parts that the table of keys in config_table.cc is made of: each function below is a row,
/// from a key of the file to a member of a struct.
namespace larder {

/// One row. `adopt` compares the row's member in a configuration that was read with the running one
/// in `next`, notes a difference under `path`, and takes it over if its effect is at once. A row
/// whose member belongs to another row too leaves that to the other. `tell` adds what there is to
/// know of the key, or of those inside; `defaults` is a section as it is without a file.
template <class Section>
struct Key {
  using Adopt = std::function<void(const Section& read, Section& next, const std::string& path,
                                   ConfigChanges& changes)>;
  using Tell = std::function<void(const Section& defaults, const std::string& path,
                                  std::vector<KeyFacts>& facts)>;
  std::string_view name;
  std::function<void(const TomlValue&, Section&, ReadContext&)> read;
  Adopt adopt;
  Tell tell;
};

template <class Section>
using Keys = std::vector<Key<Section>>;

/// Reads the members of a table by their rows; notes those that have none.
template <class Section>
void read_section(const TomlValue& table, const Keys<Section>& keys, Section& section,
                  ReadContext& context) {
  std::vector<std::string_view> names;
  for (const Key<Section>& key : keys) names.push_back(key.name);
  for (const TomlValue& member : table.children) {
    bool known = false;
    for (const Key<Section>& key : keys) {
      if (key.name != member.key) continue;
      key.read(member, section, context);
      known = true;
    }
    if (known) continue;
    const std::string what = table.path.empty() ? "section" : "key of [" + table.path + "]:";
    mistake_unknown(member, what, member.key, names, context);
  }
}

/// Key::adopt of every row of a section; `path` ends in a dot or is empty.
template <class Section>
void adopt_changes(const Keys<Section>& keys, const Section& read, Section& next,
                   const std::string& path, ConfigChanges& changes) {
  for (const Key<Section>& key : keys) {
    if (key.adopt) key.adopt(read, next, path + std::string(key.name), changes);
  }
}

/// Key::tell of every row of a section; `path` ends in a dot or is empty.
template <class Section>
void tell_facts(const Keys<Section>& keys, const Section& defaults, const std::string& path,
                std::vector<KeyFacts>& facts) {
  for (const Key<Section>& key : keys) key.tell(defaults, path + std::string(key.name), facts);
}

/// Of a row for one value; `initial` gives its default as a text.
template <class Section, class Initial>
typename Key<Section>::Tell tell_value(std::string allowed, Effect effect, Initial initial) {
  return [allowed = std::move(allowed), effect, initial](
             const Section& defaults, const std::string& path, std::vector<KeyFacts>& facts) {
    facts.push_back({path, allowed, initial(defaults), effect});
  };
}

/// Of a row that has no default, or none that is a text of the file.
template <class Section>
typename Key<Section>::Tell tell_value(std::string allowed, Effect effect, const char* initial) {
  return tell_value<Section>(std::move(allowed), effect,
                             [initial](const Section&) { return std::string(initial); });
}

/// Of a row for one value; `part` gives it, `text` shows it.
template <class Section, class Part, class Text>
typename Key<Section>::Adopt adopt_value(Effect effect, Part part, Text text) {
  return [effect, part, text](const Section& read, Section& next, const std::string& path,
                              ConfigChanges& changes) {
    if (part(read) == part(next)) return;
    changes.of(effect).push_back({path, text(part(next)) + " -> " + text(part(read))});
    if (effect == Effect::at_once) part(next) = part(read);
  };
}

/// A row for a single value: `read` gives an optional.
template <class Section, class Member, class Read, class Text>
Key<Section> value_key(std::string_view name, Effect effect, Member Section::*member,
                       std::string allowed, Read read, Text text) {
  return {name,
          [member, read](const TomlValue& value, Section& section, ReadContext& context) {
            if (auto got = read(value, context)) {
              section.*member = static_cast<Member>(*std::move(got));
            }
          },
          adopt_value<Section>(
              effect, [member](auto& section) -> auto& { return section.*member; }, text),
          tell_value<Section>(std::move(allowed), effect, [member, text](const Section& defaults) {
            return text(defaults.*member);
          })};
}

template <class Section, class Number>
Key<Section> count(std::string_view name, Effect effect, Number Section::*member, Range range) {
  return value_key(
      name, effect, member,
      "a whole number, " + value_text(static_cast<std::uint64_t>(range.min)) + " to " +
          value_text(static_cast<std::uint64_t>(range.max)),
      [range](const TomlValue& value, ReadContext& context) {
        return read_count(value, range, context);
      },
      [](std::uint64_t number) { return value_text(number); });
}

inline std::string duration_allowed(Range range_ms) {
  return "a duration, " + duration_text(range_ms.min) + " to " + duration_text(range_ms.max);
}

template <class Section, class Number>
Key<Section> milliseconds(std::string_view name, Effect effect, Number Section::*member,
                          Range range_ms) {
  return value_key(
      name, effect, member, duration_allowed(range_ms),
      [range_ms](const TomlValue& value, ReadContext& context) {
        return read_duration(value, 1, range_ms, context);
      },
      [](Milliseconds duration) { return duration_text(duration); });
}

template <class Section>
Key<Section> seconds(std::string_view name, Effect effect, Seconds Section::*member,
                     Range range_s) {
  const Range range_ms{range_s.min * 1'000, range_s.max * 1'000};
  return value_key(
      name, effect, member, duration_allowed(range_ms),
      [range_ms](const TomlValue& value, ReadContext& context) -> std::optional<Seconds> {
        const auto duration = read_duration(value, 1'000, range_ms, context);
        if (!duration) return std::nullopt;
        return *duration / 1'000;
      },
      [](Seconds duration) { return duration_text(duration * 1'000); });
}

template <class Section>
Key<Section> size(std::string_view name, Effect effect, Bytes Section::*member, Range range) {
  return value_key(
      name, effect, member,
      "a size, " + size_text(static_cast<Bytes>(range.min)) + " to " +
          size_text(static_cast<Bytes>(range.max)),
      [range](const TomlValue& value, ReadContext& context) {
        return read_size(value, range, context);
      },
      [](Bytes bytes) { return size_text(bytes); });
}

template <class Section>
Key<Section> share(std::string_view name, Effect effect, double Section::*member) {
  return value_key(name, effect, member, kShareAllowed, read_share,
                   [](double share) { return share_text(share); });
}

template <class Section>
Key<Section> flag(std::string_view name, Effect effect, bool Section::*member) {
  return value_key(name, effect, member, "true or false", read_flag,
                   [](bool flag) { return value_text(flag); });
}

template <class Section>
Key<Section> text(std::string_view name, Effect effect, std::string Section::*member,
                  const TextForm& form) {
  return value_key(
      name, effect, member, form.expected,
      [&form](const TomlValue& value, ReadContext& context) {
        return read_text(value, form, context);
      },
      [](const std::string& text) { return value_text(text); });
}

template <class Section, class Enum>
Key<Section> choice(std::string_view name, Effect effect, Enum Section::*member,
                    std::initializer_list<std::pair<std::string_view, Enum>> choices) {
  std::vector<std::string_view> names;
  std::vector<Enum> values;
  for (const auto& [choice_name, choice_value] : choices) {
    names.push_back(choice_name);
    values.push_back(choice_value);
  }
  const auto text_of = [names, values](Enum value) {
    const auto found = std::find(values.begin(), values.end(), value);
    return std::string(names[static_cast<std::size_t>(found - values.begin())]);
  };
  std::string allowed;
  for (const std::string_view one : names) {
    if (!allowed.empty()) allowed += " or ";
    allowed += value_text(std::string(one));
  }
  return value_key(
      name, effect, member, std::move(allowed),
      [names, values](const TomlValue& value, ReadContext& context) -> std::optional<Enum> {
        const auto index = read_choice(value, names, context);
        if (!index) return std::nullopt;
        return values[*index];
      },
      text_of);
}

inline constexpr const char* kAddressAllowed = "IP:PORT, [IPv6]:PORT or unix:/PATH";
inline constexpr const char* kSecretAllowed = "a secret";

template <class Section>
Key<Section> address(std::string_view name, Effect effect, ListenAddress Section::*member) {
  Key<Section> key = value_key(name, effect, member, "", read_address,
                               [](const ListenAddress& address) { return value_text(address); });
  key.tell = tell_value<Section>(kAddressAllowed, effect, "");
  return key;
}

/// Fills both hosts: what changes, their own rows tell.
template <class Section>
Key<Section> region(std::string_view name, Hosts Section::*member) {
  return {name,
          [member](const TomlValue& value, Section& section, ReadContext& context) {
            if (auto hosts = read_region(value, context)) section.*member = *std::move(hosts);
          },
          nullptr, tell_value<Section>(allowed_regions(), Effect::at_once, "")};
}

template <class Section>
Key<Section> base_url(std::string_view name, Effect effect, Hosts Section::*hosts,
                      std::string Hosts::*member) {
  return {name,
          [hosts, member](const TomlValue& value, Section& section, ReadContext& context) {
            if (auto url = read_base_url(value, context)) section.*hosts.*member = *std::move(url);
          },
          adopt_value<Section>(
              effect, [ hosts, member ](auto& section) -> auto& { return section.*hosts.*member; },
              [](const std::string& url) { return url; }),
          tell_value<Section>("a base URL without a path", effect, "")};
}

/// A row for an array: one item is added for each value, an empty one for each mistake, so that
/// items and values have the same index. Two rows may fill the same member.
template <class Section, class Item, class Read>
Key<Section> array_key(std::string_view name, std::vector<Item> Section::*member, Read read,
                       typename Key<Section>::Adopt adopt, const std::string& allowed,
                       Effect effect) {
  return {name,
          [member, read](const TomlValue& value, Section& section, ReadContext& context) {
            if (!has_type(value, TomlValue::Type::array, context)) return;
            for (const TomlValue& child : value.children) {
              auto got = read(child, context);
              (section.*member).push_back(got ? *std::move(got) : Item{});
            }
          },
          std::move(adopt), tell_value<Section>("a list; each " + allowed, effect, "[]")};
}

template <class Section, class Item>
typename Key<Section>::Adopt adopt_list(Effect effect, std::vector<Item> Section::*member) {
  return adopt_value<Section>(
      effect, [member](auto& section) -> auto& { return section.*member; },
      [](const std::vector<Item>& list) { return value_text(list); });
}

template <class Section>
Key<Section> texts(std::string_view name, Effect effect, std::vector<std::string> Section::*member,
                   const TextForm& form) {
  return array_key(
      name, member,
      [&form](const TomlValue& value, ReadContext& context) {
        return read_text(value, form, context);
      },
      adopt_list(effect, member), form.expected, effect);
}

template <class Section>
Key<Section> addresses(std::string_view name, Effect effect,
                       std::vector<ListenAddress> Section::*member) {
  return array_key(name, member, read_address, adopt_list(effect, member), kAddressAllowed, effect);
}

template <class Section>
Key<Section> secrets(std::string_view name, Effect effect, std::vector<Secret> Section::*member) {
  return array_key(
      name, member, read_secret,
      [effect, member](const Section& read, Section& next, const std::string& path,
                       ConfigChanges& changes) {
        auto what = secrets_difference(next.*member, read.*member);
        if (what.empty()) return;
        changes.of(effect).push_back({path, std::move(what)});
        if (effect == Effect::at_once) next.*member = read.*member;
      },
      kSecretAllowed, effect);
}

/// The same, or the text "any", which sets `any`.
template <class Section>
Key<Section> secrets_or_any(std::string_view name, Effect effect,
                            std::vector<Secret> Section::*member, bool Section::*any) {
  Key<Section> key = secrets(name, effect, member);
  key.read = [any, read_list = std::move(key.read)](const TomlValue& value, Section& section,
                                                    ReadContext& context) {
    section.*any = value.type == TomlValue::Type::text && value.text == "any";
    if (section.*any) return;
    for (const TomlValue& one : value.children) {
      if (one.type != TomlValue::Type::text || one.text != "any") continue;
      return context.mistake(one, "a token of " + value.path + " is the word any",
                             "give the text \"any\" in place of the list, and every one passes");
    }
    read_list(value, section, context);
  };
  key.adopt = [any, effect, adopt_list = std::move(key.adopt)](const Section& read, Section& next,
                                                               const std::string& path,
                                                               ConfigChanges& changes) {
    adopt_list(read, next, path, changes);
    if (next.*any == read.*any) return;
    changes.of(effect).push_back({path, read.*any ? "any, before a list" : "a list, before any"});
    if (effect == Effect::at_once) next.*any = read.*any;
  };
  key.tell = tell_value<Section>("a list; each a secret; or \"any\"", effect, "[]");
  return key;
}

/// One secret; "" is none.
template <class Section>
Key<Section> secret(std::string_view name, Effect effect, Secret Section::*member) {
  return {name,
          [member](const TomlValue& value, Section& section, ReadContext& context) {
            if (value.type == TomlValue::Type::text && value.text.empty()) return;
            if (auto got = read_secret(value, context)) section.*member = *std::move(got);
          },
          [effect, member](const Section& read, Section& next, const std::string& path,
                           ConfigChanges& changes) {
            if ((next.*member).equals((read.*member).reveal())) return;
            changes.of(effect).push_back({path, "changed"});
            if (effect == Effect::at_once) next.*member = read.*member;
          },
          tell_value<Section>("a secret, or \"\" for none", effect, "\"\"")};
}

/// The row's member is told of and taken over by another row.
template <class Section>
Key<Section> with_another(Key<Section> key) {
  key.adopt = nullptr;
  return key;
}

/// `[name]`
template <class Section, class Inner>
Key<Section> table(std::string_view name, Inner Section::*member, Keys<Inner> keys) {
  return {name,
          [member, keys](const TomlValue& value, Section& section, ReadContext& context) {
            if (value.type == TomlValue::Type::table) {
              read_section(value, keys, section.*member, context);
              return;
            }
            context.mistake(value, value.path + " is " + std::string(type_name(value.type)),
                            "write it as a section: [" + value.path + "]");
          },
          [member, keys](const Section& read, Section& next, const std::string& path,
                         ConfigChanges& changes) {
            adopt_changes(keys, read.*member, next.*member, path + ".", changes);
          },
          [member, keys](const Section& defaults, const std::string& path,
                         std::vector<KeyFacts>& facts) {
            tell_facts(keys, defaults.*member, path + ".", facts);
          }};
}

template <class Inner>
using ItemName = std::function<std::string(const Inner&)>;

/// What sections of a list there were and are, by name; the `n`th of a name is the same one.
template <class Inner>
void compare_lists(const std::vector<Inner>& running, const std::vector<Inner>& read,
                   const Keys<Inner>& keys, const ItemName<Inner>& name_of, const std::string& path,
                   std::vector<ConfigChange>& changes) {
  const auto names = [&](const std::vector<Inner>& list) {
    std::map<std::pair<std::string, unsigned>, const Inner*> by_name;
    for (const Inner& item : list) {
      unsigned number = 0;
      while (!by_name.try_emplace({name_of(item), number}, &item).second) ++number;
    }
    return by_name;
  };
  const auto before = names(running);
  const auto after = names(read);
  const std::size_t told = changes.size();
  for (const auto& [name, item] : before) {
    if (!after.contains(name)) changes.push_back({path + " " + name.first, "removed"});
  }
  for (const auto& [name, item] : after) {
    const std::string item_path = path + " " + name.first;
    const auto found = before.find(name);
    if (found == before.end()) {
      changes.push_back({item_path, "added"});
      continue;
    }
    Inner scratch = *found->second;
    ConfigChanges inside;
    adopt_changes(keys, *item, scratch, item_path + ".", inside);
    for (auto* list : {&inside.at_once, &inside.at_restart}) {
      changes.insert(changes.end(), list->begin(), list->end());
    }
  }
  const auto alike = [&](const Inner& left, const Inner& right) {
    return name_of(left) == name_of(right);
  };
  if (changes.size() > told) return;
  if (!std::equal(running.begin(), running.end(), read.begin(), read.end(), alike)) {
    changes.push_back({path, "in another order"});
  }
}

/// `[[name]]`: one item for each table. An empty list is refused: without any [[stack]] larder is
/// open, which nobody should get by accident. A changed list is taken over as a whole, so `effect`
/// is that of all keys in it; `name_of` names its items where changes are told.
template <class Section, class Inner>
Key<Section> tables(std::string_view name, Effect effect, std::vector<Inner> Section::*member,
                    Keys<Inner> keys, std::type_identity_t<ItemName<Inner>> name_of) {
  return {name,
          [member, keys](const TomlValue& value, Section& section, ReadContext& context) {
            bool well_formed = value.type == TomlValue::Type::array && !value.children.empty();
            for (const TomlValue& child : value.children) {
              well_formed = well_formed && child.type == TomlValue::Type::table;
            }
            if (!well_formed) {
              context.mistake(value, value.path + " is not a list of sections",
                              "write each one as [[" + value.path + "]]");
              return;
            }
            for (const TomlValue& child : value.children) {
              read_section(child, keys, (section.*member).emplace_back(), context);
            }
          },
          [member, keys, effect, name_of](const Section& read, Section& next,
                                          const std::string& path, ConfigChanges& changes) {
            auto& found = changes.of(effect);
            const std::size_t before = found.size();
            compare_lists(next.*member, read.*member, keys, name_of, path, found);
            if (effect == Effect::at_once && found.size() > before) next.*member = read.*member;
          },
          [keys](const Section&, const std::string& path, std::vector<KeyFacts>& facts) {
            tell_facts(keys, Inner{}, path + ".", facts);
          }};
}

/// `name = { ... }`, or an array of several such tables.
template <class Section, class Inner>
Key<Section> table_or_tables(std::string_view name, Effect effect,
                             std::vector<Inner> Section::*member, Keys<Inner> keys,
                             std::type_identity_t<ItemName<Inner>> name_of) {
  Key<Section> key = tables(name, effect, member, keys, std::move(name_of));
  key.read = [member, keys, read_list = std::move(key.read)](
                 const TomlValue& value, Section& section, ReadContext& context) {
    if (value.type != TomlValue::Type::table) return read_list(value, section, context);
    read_section(value, keys, (section.*member).emplace_back(), context);
  };
  return key;
}

}  // namespace larder
