// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conf/config_value.h"

/// The parts that the table of keys in config_table.cc is made of: each function below is a row,
/// from a key of the file to a member of a struct.
namespace larder {

template <class Section>
struct Key {
  std::string_view name;
  std::function<void(const TomlValue&, Section&, ReadContext&)> read;
  std::vector<std::string> below;  ///< the keys inside, with their path from here
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

/// A row for a single value: `read` gives an optional.
template <class Section, class Member, class Read>
Key<Section> value_key(std::string_view name, Member Section::*member, Read read) {
  return {name,
          [member, read](const TomlValue& value, Section& section, ReadContext& context) {
            if (auto got = read(value, context)) {
              section.*member = static_cast<Member>(*std::move(got));
            }
          },
          {}};
}

template <class Section, class Number>
Key<Section> count(std::string_view name, Number Section::*member, Range range) {
  return value_key(name, member, [range](const TomlValue& value, ReadContext& context) {
    return read_count(value, range, context);
  });
}

template <class Section, class Number>
Key<Section> milliseconds(std::string_view name, Number Section::*member, Range range_ms) {
  return value_key(name, member, [range_ms](const TomlValue& value, ReadContext& context) {
    return read_duration(value, 1, range_ms, context);
  });
}

template <class Section>
Key<Section> seconds(std::string_view name, Seconds Section::*member, Range range_s) {
  const Range range_ms{range_s.min * 1'000, range_s.max * 1'000};
  return value_key(
      name, member,
      [range_ms](const TomlValue& value, ReadContext& context) -> std::optional<Seconds> {
        const auto duration = read_duration(value, 1'000, range_ms, context);
        if (!duration) return std::nullopt;
        return *duration / 1'000;
      });
}

template <class Section>
Key<Section> size(std::string_view name, Bytes Section::*member, Range range) {
  return value_key(name, member, [range](const TomlValue& value, ReadContext& context) {
    return read_size(value, range, context);
  });
}

template <class Section>
Key<Section> flag(std::string_view name, bool Section::*member) {
  return value_key(name, member, read_flag);
}

template <class Section>
Key<Section> text(std::string_view name, std::string Section::*member, const TextForm& form) {
  return value_key(name, member, [&form](const TomlValue& value, ReadContext& context) {
    return read_text(value, form, context);
  });
}

template <class Section, class Enum>
Key<Section> choice(std::string_view name, Enum Section::*member,
                    std::initializer_list<std::pair<std::string_view, Enum>> choices) {
  std::vector<std::string_view> names;
  std::vector<Enum> values;
  for (const auto& [choice_name, choice_value] : choices) {
    names.push_back(choice_name);
    values.push_back(choice_value);
  }
  return value_key(
      name, member,
      [names, values](const TomlValue& value, ReadContext& context) -> std::optional<Enum> {
        const auto index = read_choice(value, names, context);
        if (!index) return std::nullopt;
        return values[*index];
      });
}

template <class Section>
Key<Section> address(std::string_view name, ListenAddress Section::*member) {
  return value_key(name, member, read_address);
}

template <class Section>
Key<Section> region(std::string_view name, Hosts Section::*member) {
  return value_key(name, member, read_region);
}

template <class Section>
Key<Section> base_url(std::string_view name, Hosts Section::*hosts, std::string Hosts::*member) {
  return {name,
          [hosts, member](const TomlValue& value, Section& section, ReadContext& context) {
            if (auto url = read_base_url(value, context)) section.*hosts.*member = *std::move(url);
          },
          {}};
}

/// A row for an array: one item is added for each value, an empty one for each mistake, so that
/// items and values have the same index. Two rows may fill the same member.
template <class Section, class Item, class Read>
Key<Section> array_key(std::string_view name, std::vector<Item> Section::*member, Read read) {
  return {name,
          [member, read](const TomlValue& value, Section& section, ReadContext& context) {
            if (!has_type(value, TomlValue::Type::array, context)) return;
            for (const TomlValue& child : value.children) {
              auto got = read(child, context);
              (section.*member).push_back(got ? *std::move(got) : Item{});
            }
          },
          {}};
}

template <class Section>
Key<Section> texts(std::string_view name, std::vector<std::string> Section::*member,
                   const TextForm& form) {
  return array_key(name, member, [&form](const TomlValue& value, ReadContext& context) {
    return read_text(value, form, context);
  });
}

template <class Section>
Key<Section> addresses(std::string_view name, std::vector<ListenAddress> Section::*member) {
  return array_key(name, member, read_address);
}

template <class Section>
Key<Section> secrets(std::string_view name, std::vector<Secret> Section::*member) {
  return array_key(name, member, read_secret);
}

template <class Inner>
std::vector<std::string> names_below(std::string_view name, const Keys<Inner>& keys) {
  std::vector<std::string> names;
  for (const Key<Inner>& key : keys) {
    const std::string path = std::string(name) + "." + std::string(key.name);
    if (key.below.empty()) names.push_back(path);
    for (const std::string& inner : key.below) names.push_back(std::string(name) + "." + inner);
  }
  return names;
}

/// `[name]`
template <class Section, class Inner>
Key<Section> table(std::string_view name, Inner Section::*member, Keys<Inner> keys) {
  std::vector<std::string> below = names_below(name, keys);
  return {name,
          [member, keys](const TomlValue& value, Section& section, ReadContext& context) {
            if (value.type == TomlValue::Type::table) {
              read_section(value, keys, section.*member, context);
              return;
            }
            context.mistake(value, value.path + " is " + std::string(type_name(value.type)),
                            "write it as a section: [" + value.path + "]");
          },
          std::move(below)};
}

/// `[[name]]`: one item for each table. An empty list is refused: without any [[stack]] larder is
/// open, which nobody should get by accident.
template <class Section, class Inner>
Key<Section> tables(std::string_view name, std::vector<Inner> Section::*member, Keys<Inner> keys) {
  std::vector<std::string> below = names_below(name, keys);
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
          std::move(below)};
}

}  // namespace larder
