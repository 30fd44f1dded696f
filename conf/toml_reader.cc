// SPDX-License-Identifier: Apache-2.0
#include "conf/toml_reader.h"

// Some texts that are no TOML break an assertion of toml++ (`[=` does, in 3.3 and 3.4). That must
// be a mistake in the file, not the end of a daemon that reads its file anew.
namespace larder {
struct BrokenAssertion {};
[[noreturn]] static void break_assertion() {
  throw BrokenAssertion{};
}
}  // namespace larder
#define TOML_ASSERT(expression) \
  (static_cast<bool>(expression) ? static_cast<void>(0) : larder::break_assertion())

#include <toml++/toml.h>

#include <algorithm>
#include <vector>

namespace larder {
namespace {

int line_of(const toml::source_region& source) {
  return static_cast<int>(source.begin.line);
}

TomlValue convert(const toml::node& node, std::string path);

TomlValue::Type type_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return TomlValue::Type::text;
    case toml::node_type::integer:
      return TomlValue::Type::integer;
    case toml::node_type::floating_point:
      return TomlValue::Type::real;
    case toml::node_type::boolean:
      return TomlValue::Type::boolean;
    case toml::node_type::array:
      return TomlValue::Type::array;
    case toml::node_type::table:
      return TomlValue::Type::table;
    default:
      return TomlValue::Type::other;
  }
}

void convert_members(const toml::table& table, TomlValue& value) {
  for (const auto& [key, node] : table) {
    std::string path = value.path.empty() ? "" : value.path + ".";
    path += key.str();
    TomlValue member = convert(node, std::move(path));
    member.key = key.str();
    if (key.source().begin.line > 0) member.line = line_of(key.source());
    value.children.push_back(std::move(member));
  }
  std::stable_sort(value.children.begin(), value.children.end(),
                   [](const TomlValue& a, const TomlValue& b) { return a.line < b.line; });
}

TomlValue convert(const toml::node& node, std::string path) {
  TomlValue value;
  value.type = type_of(node);
  value.line = line_of(node.source());
  value.path = std::move(path);
  if (const auto* text = node.as_string()) value.text = text->get();
  if (const auto* integer = node.as_integer()) value.integer = integer->get();
  if (const auto* real = node.as_floating_point()) value.real = real->get();
  if (const auto* boolean = node.as_boolean()) value.boolean = boolean->get();
  if (const auto* array = node.as_array()) {
    for (const toml::node& item : *array) value.children.push_back(convert(item, value.path));
  }
  if (const auto* table = node.as_table()) convert_members(*table, value);
  return value;
}

/// The library's message quotes what it stumbled over, which may be a part of a token: only
/// single characters and the names of TOML's own things stay.
std::string without_quotations(std::string_view message) {
  std::string out;
  while (!message.empty()) {
    const std::size_t open = message.find('\'');
    if (open == message.npos) break;
    const std::size_t close = message.find('\'', open + 1);
    if (close == message.npos) {
      message = message.substr(0, open);
      break;
    }
    out += message.substr(0, open);
    out += close - open <= 2 ? message.substr(open, close - open + 1) : "'...'";
    message.remove_prefix(close + 1);
  }
  return out.append(message);
}

/// The line of the first octet beyond ASCII that stands neither in a text nor in a comment, where
/// TOML has none and toml++ comes to code that it calls unreachable; 0 = there is none.
int line_of_stray_octet(std::string_view text) {
  int line = 1;
  std::string_view quote;  // what ends the text that is open
  bool comment = false;
  for (std::size_t at = text.starts_with("\xef\xbb\xbf") ? 3 : 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n') {
      ++line;
      comment = false;
      if (quote.size() == 1) quote = {};
    } else if (comment) {
      continue;
    } else if (quote.empty()) {
      if (static_cast<unsigned char>(c) >= 0x80) return line;
      comment = c == '#';
      if (c != '"' && c != '\'') continue;
      quote = text.substr(at, text.substr(at + 1, 2) == std::string(2, c) ? 3 : 1);
      at += quote.size() - 1;
    } else if (c == '\\' && quote.front() == '"') {
      if (text.substr(at + 1, 1) != "\n") ++at;
    } else if (text.substr(at).starts_with(quote)) {
      at += quote.size() - 1;
      quote = {};
    }
  }
  return 0;
}

bool breaks_assertion(std::string_view text) {
  try {
    static_cast<void>(toml::parse(text));
    return false;
  } catch (const toml::parse_error&) {
    return false;
  } catch (const BrokenAssertion&) {
    return true;
  }
}

/// The line at which `text` breaks an assertion: the last of the fewest that do.
int line_of_assertion(std::string_view text) {
  std::vector<std::size_t> ends;  // of the lines
  for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) {
    ends.push_back(at + 1);
  }
  const auto first = std::partition_point(ends.begin(), ends.end(), [text](std::size_t end) {
    return !breaks_assertion(text.substr(0, end));
  });
  return static_cast<int>(first - ends.begin()) + 1;
}

constexpr const char* kTomlRemedy =
    "texts go in double quotes, one key or [table] a line, each key once";

}  // namespace

const TomlValue* TomlValue::find(std::string_view member) const {
  for (const TomlValue& child : children) {
    if (child.key == member) return &child;
  }
  return nullptr;
}

std::variant<TomlValue, Mistake> read_toml(std::string_view text) {
  if (const int line = line_of_stray_octet(text); line > 0) {
    return Mistake{line, "this is no TOML: a character beyond ASCII outside of a text",
                   kTomlRemedy};
  }
  try {
    return convert(toml::parse(text), "");
  } catch (const toml::parse_error& error) {
    return Mistake{line_of(error.source()),
                   "this is no TOML: " + without_quotations(error.description()), kTomlRemedy};
  } catch (const BrokenAssertion&) {
    return Mistake{line_of_assertion(text), "this is no TOML", kTomlRemedy};
  }
}

std::string_view type_name(TomlValue::Type type) {
  switch (type) {
    case TomlValue::Type::text:
      return "a text";
    case TomlValue::Type::integer:
      return "a whole number";
    case TomlValue::Type::real:
      return "a fraction";
    case TomlValue::Type::boolean:
      return "true or false";
    case TomlValue::Type::array:
      return "an array";
    case TomlValue::Type::table:
      return "a table";
    case TomlValue::Type::other:
      return "a date";
  }
  return "another type";
}

}  // namespace larder
