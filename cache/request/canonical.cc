// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <utility>

#include "cache/request/canonical.h"
#include "cache/request/query_json.h"
#include "cache/request/query_string.h"
#include "conf/base/field_table.h"
#include "conf/base/octets.h"

namespace larder {
namespace {

struct Parameter {
  std::string_view name;   ///< decoded
  std::string_view value;  ///< decoded, JSON in its one form
  std::size_t position = 0;
};

/// What a thread keeps between requests, so that a warm one allocates nothing.
struct Scratch {
  std::string text;  ///< decoded names and values; sized before views into it are taken
  std::vector<Parameter> parameters;
  std::vector<std::string_view> words;
};

Scratch& scratch() {
  thread_local Scratch per_thread;
  return per_thread;
}

/// Dropped: what travels in the header or in the scope instead, and selectors that select nothing.
/// A timeline's selector stays: such requests are passed as they came, but never stored.
bool is_dropped(const QueryPair& pair) {
  const QueryName name = query_name(pair.name);
  if (name.id == FieldId::none) return false;
  return !row_of(name.id).has(kTimeline) || pair.value.empty();
}

/// A sync page after the first: its token stands for the environment too.
bool continues_sync(const Parameter& parameter) {
  return (parameter.name == "sync_token" || parameter.name == "pagination_token") &&
         !parameter.value.empty();
}

char* decode_parameter(const QueryPair& pair, char* out, Parameter& parameter) {
  char* end = percent_decode(pair.name, out);
  parameter.name = {out, static_cast<std::size_t>(end - out)};
  out = end;
  end = percent_decode(pair.value, out);
  parameter.value = {out, static_cast<std::size_t>(end - out)};
  if (parameter.name == "query") {
    const std::size_t length = canonical_json(parameter.value, end);
    if (length != std::string_view::npos) {
      parameter.value = {end, length};
      end += length;
    }
  }
  return end;
}

void decode_parameters(std::string_view query, Scratch& work) {
  // Decoded text is no longer than encoded, rewritten JSON no longer than decoded.
  if (work.text.size() < 2 * query.size()) work.text.resize(2 * query.size());
  work.parameters.clear();
  char* out = work.text.data();
  QueryPair pair;
  while (take_pair(query, pair)) {
    if (is_dropped(pair)) continue;
    Parameter parameter;
    out = decode_parameter(pair, out, parameter);
    parameter.position = work.parameters.size();
    work.parameters.push_back(parameter);
  }
}

/// Stable by name: std::stable_sort would allocate.
void sort_by_name(std::vector<Parameter>& parameters) {
  std::sort(parameters.begin(), parameters.end(), [](const Parameter& a, const Parameter& b) {
    const int order = a.name.compare(b.name);
    return order != 0 ? order < 0 : a.position < b.position;
  });
}

void encode_parameters(const std::vector<Parameter>& parameters, std::string& out) {
  std::size_t room = 0;
  for (const Parameter& p : parameters) room += 3 * (p.name.size() + p.value.size()) + 2;
  out.resize(room);
  char* end = out.data();
  for (const Parameter& p : parameters) {
    if (end != out.data()) *end++ = '&';
    end = percent_encode(p.name, end);
    *end++ = '=';
    end = percent_encode(p.value, end);
  }
  out.resize(static_cast<std::size_t>(end - out.data()));
}

/// Elements of a list without the blanks around its commas.
void write_list(std::string_view list, bool sorted, std::vector<std::string_view>& words,
                std::string& out) {
  out.clear();
  list = trim(list);
  if (list.empty()) return;
  words.clear();
  while (true) {
    const std::size_t comma = list.find(',');
    words.push_back(trim(list.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  if (sorted) std::sort(words.begin(), words.end());
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out.push_back(',');
    out.append(words[i]);
  }
}

/// Fields that the operator forwards. Never one of ours: those have their own place, or none.
void write_forwarded(const RequestView& request, const std::vector<std::string>& forward,
                     std::vector<std::string_view>& names, std::string& out) {
  out.clear();
  if (forward.empty()) return;
  names.assign(forward.begin(), forward.end());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const std::string_view name : names) {
    if (!is_forwardable(name)) continue;
    for (const HeaderView& header : request.headers) {
      if (!equals_ignoring_case(header.name, name)) continue;
      // CR, LF and NUL would forge lines; the parser lets none through.
      if (header.value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
        continue;
      out.append(name).append(": ").append(header.value).append("\r\n");
    }
  }
}

/// Nothing = the bytes are cut short; then so they are from there on.
std::optional<std::string_view> take_component(std::string_view& bytes) {
  constexpr std::size_t kLengthBytes = 4;
  const std::string_view all = std::exchange(bytes, {});
  if (all.size() < kLengthBytes) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = kLengthBytes; i > 0; --i) {
    length = length << 8 | static_cast<unsigned char>(all[i - 1]);
  }
  const std::string_view rest = all.substr(kLengthBytes);
  if (length > rest.size()) return std::nullopt;
  bytes = rest.substr(length);
  return rest.substr(0, length);
}

void append_component(std::string_view text, std::string& out) {
  const auto length = static_cast<std::uint32_t>(text.size());
  const char prefix[4] = {static_cast<char>(length), static_cast<char>(length >> 8),
                          static_cast<char>(length >> 16), static_cast<char>(length >> 24)};
  out.append(prefix, sizeof prefix).append(text);
}

}  // namespace

void canonicalise(const RequestFields& fields, const RequestView& request,
                  const std::vector<std::string>& forward, CanonicalRequest& out) {
  Scratch& work = scratch();
  out.path.clear();
  append_canonical_path(fields.path, out.path);
  decode_parameters(fields.query, work);
  out.send_environment = true;
  if (fields.kind == Kind::sync && fields.environment.empty()) {
    out.send_environment =
        std::none_of(work.parameters.begin(), work.parameters.end(), continues_sync);
  }
  sort_by_name(work.parameters);
  encode_parameters(work.parameters, out.query);
  write_list(fields.variant_uid, false, work.words, out.variants);
  write_list(fields.early_access, true, work.words, out.early_access);
  write_forwarded(request, forward, work.words, out.forwarded);
  out.representation = fields.representation;
  out.kind = fields.kind;
}

std::size_t write_canonical_bytes(const CanonicalRequest& request, std::string& out) {
  out.clear();
  append_component(request.path, out);
  append_component(request.query, out);
  const std::size_t url_length = out.size();
  const char form[2] = {request.representation == Representation::gzip ? 'g' : 'i',
                        request.send_environment ? 'e' : '-'};
  append_component({form, sizeof form}, out);
  append_component(request.variants, out);
  append_component(request.early_access, out);
  append_component(request.forwarded, out);
  return url_length;
}

bool read_canonical_bytes(std::string_view bytes, CanonicalRequest& out) {
  std::string_view form;
  const auto path = take_component(bytes);
  const auto query = take_component(bytes);
  if (const auto part = take_component(bytes)) form = *part;
  const auto variants = take_component(bytes);
  const auto early_access = take_component(bytes);
  const auto forwarded = take_component(bytes);
  if (!forwarded || form.size() != 2) return false;
  out.path = *path;
  out.query = *query;
  out.representation = form[0] == 'g' ? Representation::gzip : Representation::identity;
  out.send_environment = form[1] == 'e';
  out.variants = *variants;
  out.early_access = *early_access;
  out.forwarded = *forwarded;
  return true;
}

std::string_view path_in_canonical_bytes(std::string_view bytes) {
  return take_component(bytes).value_or(std::string_view{});
}

bool is_at_or_below(std::string_view path, std::string_view parent) {
  return path.starts_with(parent) && (path.size() == parent.size() || path[parent.size()] == '/');
}

}  // namespace larder
