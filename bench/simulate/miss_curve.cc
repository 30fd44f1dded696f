// SPDX-License-Identifier: Apache-2.0
#include "bench/simulate/miss_curve.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "bench/run/amounts.h"
#include "bench/simulate/cache_size.h"
#include "bench/simulate/recommendation.h"

namespace larder::bench {
namespace {

constexpr double kWidth = 920;
constexpr double kHeight = 340;
constexpr double kLeft = 52;
constexpr double kRight = 20;
constexpr double kTop = 16;
constexpr double kBottom = 48;
constexpr double kTipWidth = 216;
constexpr double kTipLine = 18;
/// Labels of sizes closer together than this would run into each other.
constexpr double kLabelWidth = 62;

std::string px(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", number);
  return text;
}

std::string text_at(double x, double y, const std::string& css, const std::string& text) {
  return "<text x=\"" + px(x) + "\" y=\"" + px(y) + "\" class=\"" + css + "\">" + html_text(text) +
         "</text>";
}

std::string line_from(double x1, double y1, double x2, double y2, const std::string& css) {
  return "<line x1=\"" + px(x1) + "\" y1=\"" + px(y1) + "\" x2=\"" + px(x2) + "\" y2=\"" + px(y2) +
         "\" class=\"" + css + "\"/>";
}

class Chart {
 public:
  explicit Chart(const MissCurves& plan) : plan_(plan) {
    double most = plan.least;
    for (const auto& curve : plan.curves) {
      for (const double part : curve.misses) most = std::max(most, part);
    }
    top_ = std::min(1.0, std::ceil(most * 10 + 0.2) / 10);
    for (const auto& size : plan.sizes) {
      xs_.push_back(std::log(static_cast<double>(std::max<std::uint64_t>(size.bytes, 1))));
    }
  }

  std::string svg() const {
    std::string out = "<svg viewBox=\"0 0 " + px(kWidth) + " " + px(kHeight) +
                      "\" role=\"img\" aria-label=\"" + html_text(plan_.title) + "\">\n";
    out += grid() + size_labels();
    if (plan_.marked < xs_.size()) {
      const double at = x(plan_.marked);
      out += line_from(at, kTop, at, kHeight - kBottom, "marked") + "\n";
    }
    if (plan_.least > 0) {
      out +=
          line_from(kLeft, y(plan_.least), kWidth - kRight, y(plan_.least), "least") +
          text_at(kLeft + 6, y(plan_.least) - 5, "note", "no cache misses fewer: first requests") +
          "\n";
    }
    for (std::size_t i = plan_.curves.size(); i-- > 0;) out += curve(i);
    for (std::size_t i = 0; i < xs_.size(); ++i) out += figures_at(i);
    return out + "</svg>\n";
  }

 private:
  double x(std::size_t size) const {
    const double span = xs_.back() - xs_.front();
    const double part = span > 0 ? (xs_[size] - xs_.front()) / span : 0.5;
    return kLeft + 10 + part * (kWidth - kLeft - kRight - 20);
  }
  double y(double part) const {
    return kHeight - kBottom - part / top_ * (kHeight - kTop - kBottom);
  }

  std::string grid() const {
    std::string out;
    const int step = top_ > 0.5 ? 20 : 10;
    for (int percent = 0; percent <= static_cast<int>(top_ * 100 + 0.5); percent += step) {
      const double at = y(percent / 100.0);
      out += line_from(kLeft, at, kWidth - kRight, at, "grid") +
             text_at(kLeft - 8, at + 4, "axis end", std::to_string(percent) + " %") + "\n";
    }
    return out;
  }

  std::string size_labels() const {
    std::string out;
    double last = -kLabelWidth;
    for (std::size_t i = 0; i < xs_.size(); ++i) {
      const auto& size = plan_.sizes[i];
      if (i != plan_.marked && x(i) - last < kLabelWidth) continue;
      last = x(i);
      const std::string bytes = bytes_text(size.bytes);
      out += text_at(last, kHeight - kBottom + 18, "axis middle", bytes);
      if (size.text.ends_with('%')) {
        out += text_at(last, kHeight - kBottom + 34, "note middle", size.text);
      }
      out += "\n";
    }
    return out;
  }

  std::string curve(std::size_t i) const {
    std::string points;
    std::string dots;
    for (std::size_t size = 0; size < xs_.size(); ++size) {
      const std::string at_x = px(x(size));
      const std::string at_y = px(y(plan_.curves[i].misses[size]));
      points += at_x + "," + at_y + " ";
      dots += "<circle cx=\"" + at_x + "\" cy=\"" + at_y + "\" r=\"3\"/>";
    }
    return "<g class=\"curve c" + std::to_string(plan_.curves[i].colour) +
           "\"><polyline points=\"" + points + "\"/>" + dots + "</g>\n";
  }

  /// A band around the size, from half way to its neighbours.
  std::string figures_at(std::size_t size) const {
    const double from = size == 0 ? kLeft : (x(size - 1) + x(size)) / 2;
    const double to = size + 1 == xs_.size() ? kWidth - kRight : (x(size) + x(size + 1)) / 2;
    const double height = (static_cast<double>(plan_.curves.size()) + 1) * kTipLine + 14;
    const bool to_left = x(size) + kTipWidth + 20 > kWidth;
    const double left = to_left ? x(size) - kTipWidth - 12 : x(size) + 12;
    const std::string heading =
        bytes_text(plan_.sizes[size].bytes) +
        (plan_.sizes[size].text.ends_with('%') ? " (" + plan_.sizes[size].text + ")" : "");
    std::string out = "<g class=\"at\" tabindex=\"0\"><rect class=\"band\" x=\"" + px(from) +
                      "\" y=\"" + px(kTop) + "\" width=\"" + px(to - from) + "\" height=\"" +
                      px(kHeight - kTop - kBottom) + "\"/><g class=\"tip\">" +
                      line_from(x(size), kTop, x(size), kHeight - kBottom, "cursor") +
                      "<rect class=\"box\" rx=\"6\" x=\"" + px(left) + "\" y=\"" + px(kTop) +
                      "\" width=\"" + px(kTipWidth) + "\" height=\"" + px(height) + "\"/>" +
                      text_at(left + 12, kTop + 20, "tip-head", heading);
    for (std::size_t i = 0; i < plan_.curves.size(); ++i) {
      const double line = kTop + 20 + kTipLine * (static_cast<double>(i) + 1);
      out += "<circle class=\"c" + std::to_string(plan_.curves[i].colour) + "\" cx=\"" +
             px(left + 16) + "\" cy=\"" + px(line - 4) + "\" r=\"4\"/>" +
             text_at(left + 28, line, "tip-text", plan_.curves[i].title) +
             text_at(left + kTipWidth - 12, line, "tip-text end",
                     percent_text(plan_.curves[i].misses[size], 2));
    }
    return out + "</g></g>\n";
  }

  const MissCurves& plan_;
  double top_ = 1;
  std::vector<double> xs_;
};

}  // namespace

std::string miss_curves_svg(const MissCurves& plan) {
  return plan.sizes.empty() ? std::string() : Chart(plan).svg();
}

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace larder::bench
