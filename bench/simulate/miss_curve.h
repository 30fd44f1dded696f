// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace larder::bench {

/// A curve for each policy over the cache's size, as an SVG element. Its colours are the page's
/// (`--line-0` and so on); what the pointer or the keyboard's focus is at shows its figures, by CSS
/// alone.
struct MissCurves {
  struct Size {
    std::string text;  ///< as asked for
    std::uint64_t bytes;
  };
  struct Curve {
    std::string title;
    int colour = 0;
    std::vector<double> misses;  ///< parts of 1, one for each size
  };
  std::string title;
  std::vector<Size> sizes;  ///< rising
  std::vector<Curve> curves;
  double least = 0;               ///< what a cache without a bound misses
  std::size_t marked = SIZE_MAX;  ///< the recommended size
};

std::string miss_curves_svg(const MissCurves& plan);

/// Text for HTML and its attributes.
std::string html_text(std::string_view text);

}  // namespace larder::bench
