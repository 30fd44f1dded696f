// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/faults.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace sandbox {
namespace {

constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

Step step(Step::Kind kind, std::size_t until = 0) {
  Step made;
  made.kind = kind;
  made.until = until;
  return made;
}

Step wait(std::uint64_t ms) {
  Step made = step(Step::Kind::wait);
  made.ms = ms;
  return made;
}

Step hold(const std::string& barrier) {
  Step made = step(Step::Kind::hold);
  made.name = barrier;
  return made;
}

/// A number of a rule; `otherwise` when absent or not a number.
std::size_t number(const Json& rule, const char* name, std::size_t otherwise) {
  const auto found = rule.find(name);
  return found != rule.end() && found->is_number() ? found->get<std::size_t>() : otherwise;
}

/// Takes over status, body and the state of the body; `own_type`: the content type is no longer
/// the API's.
void replace_answer(const Json& rule, ApiAnswer& answer) {
  if (rule.contains("status")) {
    answer.status = rule["status"].get<int>();
    if (answer.status != 200 && !rule.contains("body")) {
      const Json body =
          error(answer.status, answer.status, "Status asked for by a fault rule.").body;
      answer.body = std::make_shared<const std::string>(body.dump());
      answer.gzip = false;
    }
  }
  if (rule.contains("body")) {
    const Json& body = rule["body"];
    answer.body = std::make_shared<const std::string>(body.is_string() ? body.get<std::string>()
                                                                       : body.dump());
    answer.gzip = false;
  }
  if (rule.value("malformed_json", false)) {
    answer.body =
        std::make_shared<const std::string>(answer.body->substr(0, answer.body->size() / 2));
  }
}

void replace_fields(const Json& rule, std::string& head) {
  const auto fields = rule.find("headers");
  if (fields != rule.end()) {
    for (const auto& [name, value] : fields->items()) {
      std::vector<std::string> values;
      if (value.is_array()) values = value.get<std::vector<std::string>>();
      if (value.is_string()) values.push_back(value.get<std::string>());
      set_field(head, name, values);
    }
  }
  const std::size_t filler = number(rule, "huge_header", 0);
  if (filler > 0) set_field(head, "x-filler", {std::string(filler, 'f')});
}

/// The body in `count` pieces of about the same size.
std::vector<std::string_view> pieces_of(std::string_view body, std::size_t count) {
  std::vector<std::string_view> pieces;
  count = std::max<std::size_t>(count, 1);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t begin = body.size() * i / count;
    pieces.push_back(body.substr(begin, body.size() * (i + 1) / count - begin));
  }
  return pieces;
}

/// Ends of the pieces, as offsets into the body that goes over the wire.
struct WireBody {
  std::string bytes;
  std::vector<std::size_t> ends;
};

WireBody wire_body(const std::vector<std::string_view>& pieces, bool chunked) {
  WireBody wire;
  for (const std::string_view piece : pieces) {
    if (chunked) {
      append_chunk(wire.bytes, piece);
    } else {
      wire.bytes.append(piece);
    }
    wire.ends.push_back(wire.bytes.size());
  }
  if (chunked) {
    wire.bytes.append(kLastChunk);
    wire.ends.back() = wire.bytes.size();
  }
  return wire;
}

void frame(const Json& rule, const HttpRequest& request, std::size_t body_bytes, bool chunked,
           Script& script) {
  if (rule.value("close_delimited", false)) {
    script.head.append("Connection: close\r\n\r\n");
    script.close_after = true;
    return;
  }
  const auto found = rule.find("wrong_content_length");
  const long off = found == rule.end() ? 0 : found->get<long>();
  finish_head(script.head, request, static_cast<std::size_t>(static_cast<long>(body_bytes) + off),
              chunked);
  script.close_after = !request.keep_alive || rule.value("close", false) || off != 0;
}

/// The end that the rule gives an answer early, and after how many bytes of the body.
std::pair<std::size_t, std::optional<Step>> early_end(const Json& rule) {
  if (rule.contains("truncate_after")) {
    return {number(rule, "truncate_after", 0), step(Step::Kind::close)};
  }
  const auto reset = rule.find("reset");
  if (reset != rule.end() && reset->is_number()) {
    return {reset->get<std::size_t>(), step(Step::Kind::reset)};
  }
  const auto stall = rule.find("stall");
  if (stall != rule.end() && (stall->is_number() || *stall == true)) {
    return {number(rule, "stall", 0), step(Step::Kind::stall)};
  }
  return {kNever, std::nullopt};
}

/// The steps of head and body.
void stage(const Json& rule, const std::vector<std::size_t>& ends, Script& script) {
  const std::size_t head = script.head.size();
  const auto [cut, end] = early_end(rule);
  const std::size_t held =
      rule.contains("hold") && rule.contains("after") ? number(rule, "after", 0) : kNever;
  const Json pace = rule.value("body_delay", Json::object());
  const std::uint64_t interval_ms = pace.value("interval_ms", std::uint64_t{0});
  script.steps.push_back(step(Step::Kind::send, head));
  std::size_t at = 0;
  for (const std::size_t piece_end : ends) {
    if (interval_ms > 0) script.steps.push_back(wait(interval_ms));
    if (held != kNever && at <= held && held < piece_end) {
      script.steps.push_back(step(Step::Kind::send, head + held));
      script.steps.push_back(hold(rule["hold"].get<std::string>()));
    }
    if (cut <= piece_end && end) {
      script.steps.push_back(step(Step::Kind::send, head + cut));
      script.steps.push_back(*end);
      return;
    }
    script.steps.push_back(step(Step::Kind::send, head + piece_end));
    at = piece_end;
  }
}

Script one_step(Step only) {
  Script script;
  script.steps.push_back(std::move(only));
  return script;
}

}  // namespace

Script Plan::script() const {
  Script script;
  script.head = head_of(answer, *request);
  // As seen at the CDN: answers with errors are chunked.
  const bool chunked = answer.status != 200 && !request->http_1_0 && request->method != "HEAD";
  const std::size_t bytes = answer.body ? answer.body->size() : 0;
  finish_head(script.head, *request, bytes, chunked);
  script.close_after = !request->keep_alive;
  if (request->method == "HEAD") return script;
  if (chunked) {
    std::string body;
    append_chunk(body, *answer.body);
    script.body = std::make_shared<const std::string>(body.append(kLastChunk));
  } else {
    script.body = answer.body;
  }
  return script;
}

Fault::Fault(std::uint64_t id, Json rule) : id_(id), rule_(std::move(rule)) {
  barrier_ = rule_.value("hold", "");
  skip_ = rule_.value("skip", 0L);
  times_ = rule_.value("times", -1L);
  beyond_per_second_ = number(rule_, "beyond_per_second", 0);
}

bool Fault::matches(const HttpRequest& request) const {
  const std::string host = rule_.value("host", "");
  if (request.host == Host::control || (!host.empty() && host != name_of(request.host)))
    return false;
  const std::string method = rule_.value("method", "");
  if (!method.empty() && method != request.method) return false;
  if (request.target.find(rule_.value("match", "")) == std::string_view::npos) return false;
  if (!request.target.starts_with(rule_.value("prefix", ""))) return false;
  const auto header = rule_.find("header");
  if (header == rule_.end()) return true;
  const std::string name = header->value("name", "");
  return std::any_of(request.fields.begin(), request.fields.end(), [&](const Field& field) {
    return same_name(field.name, name) &&
           (!header->contains("value") || field.value == header->value("value", ""));
  });
}

bool Fault::take() {
  if (beyond_per_second_ > 0) {
    const auto now = std::chrono::steady_clock::now();
    while (!gone_by_.empty() && now - gone_by_.front() >= std::chrono::seconds(1)) {
      gone_by_.pop_front();
    }
    if (gone_by_.size() < beyond_per_second_) {
      gone_by_.push_back(now);
      return false;
    }
  }
  return ++hits_ > skip_;
}

Json Fault::describe() const {
  return {{"id", id_}, {"hits", std::max(0L, hits_ - skip_)}, {"rule", rule_}};
}

bool Fault::wants_identity() const {
  return rule_.value("no_gzip", false) || rule_.value("malformed_json", false);
}

std::vector<Step> Fault::waits() const {
  std::vector<Step> steps;
  const std::size_t delay_ms = number(rule_, "delay_ms", 0);
  if (delay_ms > 0) steps.push_back(wait(delay_ms));
  if (!barrier_.empty() && !rule_.contains("after")) steps.push_back(hold(barrier_));
  return steps;
}

Script Fault::apply(ApiAnswer answer, const HttpRequest& request) const {
  if (rule_.value("reset", Json()) == true) return one_step(step(Step::Kind::reset));
  if (rule_.value("stall", Json()) == "head") return one_step(step(Step::Kind::stall));
  if (rule_.contains("raw")) {
    Script script;
    script.head = rule_["raw"].get<std::string>();
    script.steps.push_back(step(Step::Kind::send, script.head.size()));
    script.close_after = !rule_.value("keep_open", false);
    return script;
  }
  replace_answer(rule_, answer);
  const bool delimited = rule_.value("close_delimited", false);
  const bool chunked = rule_.value("chunked", false) && !delimited && request.method != "HEAD";
  Script script;
  script.head = head_of(answer, request);
  replace_fields(rule_, script.head);
  const Json pace = rule_.value("body_delay", Json::object());
  const std::size_t body_bytes = answer.body->size();
  WireBody wire = wire_body(pieces_of(*answer.body, pace.value("chunks", std::size_t{1})), chunked);
  frame(rule_, request, body_bytes, chunked, script);
  if (request.method != "HEAD") {
    script.body = std::make_shared<const std::string>(std::move(wire.bytes));
  } else {
    wire.ends.clear();
  }
  stage(rule_, wire.ends, script);
  return script;
}

std::uint64_t Faults::add(Json rule) {
  rules_.emplace_back(++last_id_, std::move(rule));
  return last_id_;
}

const Fault* Faults::find(const HttpRequest& request) {
  for (Fault& rule : rules_) {
    if (!rule.used_up() && rule.matches(request) && rule.take()) return &rule;
  }
  return nullptr;
}

bool Faults::remove(std::uint64_t id) {
  return rules_.remove_if([&](const Fault& rule) { return rule.id() == id; }) > 0;
}

void Faults::remove_barrier(const std::string& name) {
  rules_.remove_if([&](const Fault& rule) { return rule.barrier() == name; });
}

Json Faults::describe() const {
  Json list = Json::array();
  for (const Fault& rule : rules_) list.push_back(rule.describe());
  return list;
}

}  // namespace sandbox
