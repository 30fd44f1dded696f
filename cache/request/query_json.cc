// SPDX-License-Identifier: Apache-2.0
#include "cache/request/query_json.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "conf/base/octets.h"

namespace larder {
namespace {

/// Where the rewritten text goes.
class Rewrite {
 public:
  explicit Rewrite(char* out) : begin_(out), end_(out) {}
  void put(char c) { *end_++ = c; }
  void put(std::string_view text) {
    std::memcpy(end_, text.data(), text.size());
    end_ += text.size();
  }
  std::size_t size() const { return static_cast<std::size_t>(end_ - begin_); }

 private:
  char* begin_;
  char* end_;
};

/// The same, when only the grammar is asked for.
struct Discard {
  void put(char) {}
  void put(std::string_view) {}
};

template <class Out>
void put_utf8(std::uint32_t point, Out& out) {
  const auto tail = [&](int shift) {
    out.put(static_cast<char>(0x80 | ((point >> shift) & 0x3f)));
  };
  if (point < 0x80) {
    out.put(static_cast<char>(point));
  } else if (point < 0x800) {
    out.put(static_cast<char>(0xc0 | (point >> 6)));
    tail(0);
  } else if (point < 0x10000) {
    out.put(static_cast<char>(0xe0 | (point >> 12)));
    tail(6);
    tail(0);
  } else {
    out.put(static_cast<char>(0xf0 | (point >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

/// One character of a string, in the one form that it has here.
template <class Out>
void put_character(std::uint32_t point, Out& out) {
  constexpr std::string_view kNamed = "\b\f\n\r\t\"\\";
  constexpr std::string_view kNames = "bfnrt\"\\";
  const std::size_t named =
      point < 0x80 ? kNamed.find(static_cast<char>(point)) : std::string_view::npos;
  if (named != std::string_view::npos) {
    out.put('\\');
    out.put(kNames[named]);
  } else if (point < 0x20) {
    out.put("\\u00");
    out.put(kLowerHex[point >> 4]);
    out.put(kLowerHex[point & 15]);
  } else {
    put_utf8(point, out);
  }
}

/// A pass over the text by the grammar of RFC 8259, without recursion.
template <class Out>
class JsonPass {
 public:
  JsonPass(std::string_view json, std::size_t max_depth, bool pair_surrogates, Out& out)
      : in_(json.data()),
        end_(in_ + json.size()),
        max_depth_(max_depth),
        pair_surrogates_(pair_surrogates),
        out_(out) {}

  /// The whole text is one value.
  bool run() {
    skip_space();
    while (true) {
      if (!value()) return false;
      // Behind a value: close what it ends, and go on to the next one, if any.
      while (true) {
        skip_space();
        if (depth_ == 0) return in_ == end_;
        if (in_ == end_) return false;
        const char c = *in_++;
        out_.put(c);
        if (c == ',') break;
        if (c != (in_object() ? '}' : ']')) return false;
        --depth_;
      }
      skip_space();
      if (in_object() && !key()) return false;
    }
  }

 private:
  static constexpr std::size_t kMaxDepth = 1024;

  bool in_object() const { return (kinds_[depth_ / 64] >> (depth_ % 64)) & 1; }

  bool enter(bool object) {
    if (depth_ + 1 >= max_depth_) return false;
    ++depth_;
    const std::uint64_t bit = std::uint64_t{1} << (depth_ % 64);
    std::uint64_t& word = kinds_[depth_ / 64];
    word = object ? word | bit : word & ~bit;
    return true;
  }

  void skip_space() {
    while (in_ != end_ && (*in_ == ' ' || *in_ == '\n' || *in_ == '\t' || *in_ == '\r')) ++in_;
  }

  /// One scalar or empty container, with all that opens before it.
  bool value() {
    while (in_ != end_) {
      const char c = *in_;
      if (c != '{' && c != '[') return scalar(c);
      ++in_;
      out_.put(c);
      skip_space();
      if (in_ != end_ && *in_ == (c == '{' ? '}' : ']')) {
        out_.put(*in_++);
        return true;
      }
      if (!enter(c == '{') || (c == '{' && !key())) return false;
    }
    return false;
  }

  bool scalar(char c) {
    switch (c) {
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool key() {
    if (!string()) return false;
    skip_space();
    if (in_ == end_ || *in_ != ':') return false;
    out_.put(*in_++);
    skip_space();
    return true;
  }

  bool word(std::string_view text) {
    if (std::string_view(in_, static_cast<std::size_t>(end_ - in_)).substr(0, text.size()) !=
        text) {
      return false;
    }
    out_.put(text);
    in_ += text.size();
    return true;
  }

  std::size_t digits() {
    const char* const from = in_;
    while (in_ != end_ && is_digit(*in_)) ++in_;
    return static_cast<std::size_t>(in_ - from);
  }

  bool number() {
    const char* const from = in_;
    if (*in_ == '-') ++in_;
    const bool zero = in_ != end_ && *in_ == '0';
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (in_ != end_ && *in_ == '.') {
      ++in_;
      if (digits() == 0) return false;
    }
    if (in_ != end_ && (*in_ == 'e' || *in_ == 'E')) {
      ++in_;
      if (in_ != end_ && (*in_ == '+' || *in_ == '-')) ++in_;
      if (digits() == 0) return false;
    }
    out_.put(std::string_view(from, static_cast<std::size_t>(in_ - from)));
    return true;
  }

  bool string() {
    if (in_ == end_ || *in_ != '"') return false;
    out_.put(*in_++);
    while (in_ != end_) {
      const char* const from = in_;
      while (in_ != end_ && *in_ != '"' && *in_ != '\\' &&
             static_cast<unsigned char>(*in_) >= 0x20) {
        ++in_;
      }
      out_.put(std::string_view(from, static_cast<std::size_t>(in_ - from)));
      if (in_ == end_) return false;
      const char c = *in_++;
      if (c == '"') {
        out_.put(c);
        return true;
      }
      if (c != '\\' || !escape()) return false;
    }
    return false;
  }

  /// Behind a backslash.
  bool escape() {
    if (in_ == end_) return false;
    const char c = *in_++;
    switch (c) {
      case 'b':
        put_character('\b', out_);
        return true;
      case 'f':
        put_character('\f', out_);
        return true;
      case 'n':
        put_character('\n', out_);
        return true;
      case 'r':
        put_character('\r', out_);
        return true;
      case 't':
        put_character('\t', out_);
        return true;
      case '"':
      case '\\':
      case '/':
        put_character(static_cast<unsigned char>(c), out_);
        return true;
      case 'u':
        return unicode();
      default:
        return false;
    }
  }

  /// The four digits behind `\u`, or -1.
  std::int32_t code_unit() {
    if (end_ - in_ < 4) return -1;
    std::int32_t unit = 0;
    for (int i = 0; i < 4; ++i) {
      const int digit = hex_value(*in_++);
      if (digit < 0) return -1;
      unit = unit * 16 + digit;
    }
    return unit;
  }

  bool unicode() {
    const std::int32_t unit = code_unit();
    if (unit < 0) return false;
    auto point = static_cast<std::uint32_t>(unit);
    if (pair_surrogates_ && point >= 0xd800 && point < 0xe000) {
      if (point >= 0xdc00 || end_ - in_ < 6 || in_[0] != '\\' || in_[1] != 'u') return false;
      in_ += 2;
      const std::int32_t low = code_unit();
      if (low < 0xdc00 || low > 0xdfff) return false;
      point = 0x10000 + ((point - 0xd800) << 10) + static_cast<std::uint32_t>(low - 0xdc00);
    }
    put_character(point, out_);
    return true;
  }

  const char* in_;
  const char* const end_;
  const std::size_t max_depth_;
  const bool pair_surrogates_;
  Out& out_;
  std::size_t depth_ = 0;
  std::array<std::uint64_t, kMaxDepth / 64> kinds_{};  ///< bit n: level n is an object
};

}  // namespace

std::size_t canonical_json(std::string_view json, char* out) {
  Rewrite rewrite(out);
  const bool is_json = JsonPass<Rewrite>(json, 128, true, rewrite).run();
  return is_json ? rewrite.size() : std::string_view::npos;
}

bool is_json_text(std::string_view json) {
  const std::size_t start = json.find_first_not_of(" \n\t\r");
  if (start == std::string_view::npos || (json[start] != '{' && json[start] != '[')) return false;
  Discard discard;
  return JsonPass<Discard>(json, 1024, false, discard).run();
}

}  // namespace larder
