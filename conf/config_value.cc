// SPDX-License-Identifier: Apache-2.0
#include "conf/config_value.h"

#include <array>
#include <charconv>
#include <utility>

#include "conf/address.h"
#include "conf/base/json_text.h"
#include "conf/base/whole_number.h"
#include "conf/nearest.h"
#include "conf/region.h"
#include "conf/units.h"

namespace larder {
namespace {

constexpr std::size_t kMaxQuotedBytes = 60;
constexpr const char* kDurationForms =
    "durations are texts with a unit: \"500ms\", \"60s\", \"5m\", \"24h\", \"7d\"";
constexpr const char* kSizeForms =
    "sizes are \"64KiB\", \"10MB\", \"1GiB\" and so on, or a whole number of bytes";

std::string join(std::span<const std::string_view> names) {
  std::string joined;
  for (const std::string_view name : names) {
    if (!joined.empty()) joined += ", ";
    joined += name;
  }
  return joined;
}

void mistake_out_of_range(const TomlValue& value, const std::string& given, const std::string& min,
                          const std::string& max, ReadContext& context) {
  context.mistake(value, value.path + " is " + given, "give " + min + " to " + max);
}

}  // namespace

void ReadContext::mistake(const TomlValue& at, std::string message, std::string remedy) {
  mistakes.push_back(Mistake{at.line, std::move(message), std::move(remedy)});
}

std::string quoted(std::string_view text) {
  // As in redis://user:password@host: what stands there may be a secret.
  const std::size_t at = text.rfind('@');
  if (at != text.npos && !text.starts_with("...@")) {
    return quoted("..." + std::string(text.substr(at)));
  }
  if (text.size() <= kMaxQuotedBytes) return json_quote(text);
  return "a text of " + std::to_string(text.size()) + " bytes";
}

void mistake_unknown(const TomlValue& at, std::string_view what, std::string_view name,
                     std::span<const std::string_view> names, ReadContext& context) {
  const std::string_view nearest = nearest_name(name, names);
  std::string message = "unknown " + std::string(what) + " " + quoted(name);
  std::string remedy =
      nearest.empty() ? "known are: " + join(names) : "did you mean " + quoted(nearest) + "?";
  context.mistake(at, std::move(message), std::move(remedy));
}

bool has_type(const TomlValue& value, TomlValue::Type type, ReadContext& context) {
  if (value.type == type) return true;
  context.mistake(value, value.path + " is " + std::string(type_name(value.type)),
                  "give " + std::string(type_name(type)));
  return false;
}

std::optional<std::int64_t> read_count(const TomlValue& value, Range range, ReadContext& context) {
  if (!has_type(value, TomlValue::Type::integer, context)) return std::nullopt;
  if (value.integer < range.min || value.integer > range.max) {
    mistake_out_of_range(value, std::to_string(value.integer), std::to_string(range.min),
                         std::to_string(range.max), context);
    return std::nullopt;
  }
  return value.integer;
}

namespace {

std::optional<double> share_of(const TomlValue& value) {
  if (value.type == TomlValue::Type::real) return value.real;
  if (value.type == TomlValue::Type::integer) return static_cast<double>(value.integer);
  constexpr std::string_view kLead = "1 in ";
  if (value.type != TomlValue::Type::text || !value.text.starts_with(kLead)) return std::nullopt;
  const auto number =
      whole_number<std::uint32_t>(std::string_view(value.text).substr(kLead.size()));
  if (number.value_or(0) == 0) return std::nullopt;
  return 1.0 / *number;
}

}  // namespace

std::optional<double> read_share(const TomlValue& value, ReadContext& context) {
  const auto share = share_of(value);
  if (share && *share >= 0 && *share <= 1) return share;  // not of what is no number
  context.mistake(value, value.path + " is no share", std::string("give ") + kShareAllowed);
  return std::nullopt;
}

std::string share_text(double share) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), share).ptr;
  return {text.data(), end};
}

std::optional<bool> read_flag(const TomlValue& value, ReadContext& context) {
  if (!has_type(value, TomlValue::Type::boolean, context)) return std::nullopt;
  return value.boolean;
}

std::optional<std::string> read_text(const TomlValue& value, const TextForm& form,
                                     ReadContext& context) {
  if (!has_type(value, TomlValue::Type::text, context)) return std::nullopt;
  if (!form.accepts(value.text)) {
    context.mistake(value, value.path + " is " + (form.quotable ? quoted(value.text) : "not right"),
                    std::string("give ") + form.expected);
    return std::nullopt;
  }
  return value.text;
}

std::optional<Milliseconds> read_duration(const TomlValue& value, Milliseconds unit_ms, Range range,
                                          ReadContext& context) {
  if (value.type == TomlValue::Type::integer) {
    const std::string number = std::to_string(value.integer);
    context.mistake(value, value.path + " is " + number + ", a number without a unit",
                    std::string(kDurationForms));
    return std::nullopt;
  }
  if (!has_type(value, TomlValue::Type::text, context)) return std::nullopt;
  const auto duration = parse_duration(value.text);
  if (!duration) {
    context.mistake(value, value.path + " is " + quoted(value.text), kDurationForms);
    return std::nullopt;
  }
  if (*duration < range.min || *duration > range.max) {
    mistake_out_of_range(value, quoted(value.text), duration_text(range.min),
                         duration_text(range.max), context);
    return std::nullopt;
  }
  if (*duration % unit_ms != 0) {
    context.mistake(value, value.path + " is " + quoted(value.text), "give whole seconds");
    return std::nullopt;
  }
  return duration;
}

std::optional<Bytes> read_size(const TomlValue& value, Range range, ReadContext& context) {
  std::optional<Bytes> size;
  std::string given;
  if (value.type == TomlValue::Type::integer) {
    given = std::to_string(value.integer);
    if (value.integer >= 0) size = static_cast<Bytes>(value.integer);
  } else {
    if (!has_type(value, TomlValue::Type::text, context)) return std::nullopt;
    given = quoted(value.text);
    size = parse_size(value.text);
  }
  if (!size) {
    context.mistake(value, value.path + " is " + given, kSizeForms);
    return std::nullopt;
  }
  if (*size < static_cast<Bytes>(range.min) || *size > static_cast<Bytes>(range.max)) {
    mistake_out_of_range(value, given, size_text(static_cast<Bytes>(range.min)),
                         size_text(static_cast<Bytes>(range.max)), context);
    return std::nullopt;
  }
  return size;
}

std::optional<std::size_t> read_choice(const TomlValue& value,
                                       std::span<const std::string_view> names,
                                       ReadContext& context) {
  if (!has_type(value, TomlValue::Type::text, context)) return std::nullopt;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == value.text) return i;
  }
  mistake_unknown(value, value.path, value.text, names, context);
  return std::nullopt;
}

std::optional<Hosts> read_region(const TomlValue& value, ReadContext& context) {
  const std::vector<std::string_view> names = region_names();
  if (!read_choice(value, names, context)) return std::nullopt;
  return hosts_of_region(value.text);
}

std::optional<std::string> read_base_url(const TomlValue& value, ReadContext& context) {
  if (!has_type(value, TomlValue::Type::text, context)) return std::nullopt;
  auto url = parse_base_url(value.text);
  if (url) return *url;
  context.mistake(value, value.path + " is " + quoted(value.text), "give " + url.error().context);
  return std::nullopt;
}

std::optional<ListenAddress> read_address(const TomlValue& value, ReadContext& context) {
  if (!has_type(value, TomlValue::Type::text, context)) return std::nullopt;
  auto address = parse_listen_address(value.text);
  if (address) return *address;
  context.mistake(value, value.path + " is " + quoted(value.text),
                  "give " + address.error().context);
  return std::nullopt;
}

}  // namespace larder
