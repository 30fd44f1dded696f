#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes one document of the status page's files, and C++ of it:

    embed.py FOLDER > status_page.cc

`@STYLE@` and `@SCRIPT@` in page.html become page.css, and figures.js with page.js behind it. The policy
names the two by their hashes, so that nothing else runs."""

import base64
import hashlib
import pathlib
import sys

PIECE = 8_000  # octets of a literal: compilers need not take more than 64 Ki


def read(folder, name):
    text = (folder / name).read_text(encoding="utf-8")
    assert ')page"' not in text and "</script" not in text.lower() or name == "page.html", name
    # Not for the browser's sake: the first line is the license's.
    return "\n".join(line for line in text.splitlines() if "SPDX-License-Identifier" not in line) + "\n"


def source_hash(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def literal(text):
    pieces = [text[at:at + PIECE] for at in range(0, len(text), PIECE)]
    return "\n    ".join(f'R"page({piece})page"' for piece in pieces)


def main():
    folder = pathlib.Path(sys.argv[1])
    style = read(folder, "page.css")
    script = read(folder, "figures.js") + read(folder, "page.js")
    page = read(folder, "page.html").replace("@STYLE@", style).replace("@SCRIPT@", script)
    policy = "; ".join([
        "default-src 'none'", f"script-src {source_hash(script)}", f"style-src {source_hash(style)}",
        "connect-src 'self'", "img-src data:", "base-uri 'none'", "form-action 'none'",
        "frame-ancestors 'none'"])
    print(f"""// SPDX-License-Identifier: Apache-2.0
// Made by daemon/admin/page/embed.py.
#include "daemon/admin/status_page.h"

namespace larder {{

std::string_view status_page() {{
  return {literal(page)};
}}

std::string_view status_page_policy() {{
  return "{policy}";
}}

}}  // namespace larder""")


if __name__ == "__main__":
    main()
