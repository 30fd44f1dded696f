// SPDX-License-Identifier: Apache-2.0
#include "bench/run/stage.h"

#include "bench/load/socket.h"
#include "bench/run/command.h"

namespace larder::bench {

std::filesystem::path folder_of(const Stage& stage, const std::string& name) {
  std::filesystem::path made = stage.folder / name;
  std::filesystem::create_directory(made);
  return made;
}

std::string fill_in(std::string_view text, Blanks blanks) {
  std::string filled(text);
  for (const auto& [name, value] : blanks) {
    filled = replace_all(std::move(filled), "{" + std::string(name) + "}", value);
  }
  return filled;
}

Json wait_for_json(const Child& child, const std::filesystem::path& file) {
  std::string text;
  child.wait_until([&] { return (text = read_file(file)).ends_with('\n'); });
  Json parsed = Json::parse(text, nullptr, false);
  if (!parsed.is_object()) throw BenchError("not understood: " + text);
  return parsed;
}

std::uint16_t free_port() {
  std::uint16_t port = 0;
  const Descriptor taken = listen_on_loopback(port);
  return port;
}

Contestant when_listening(std::string name, Child child, std::uint16_t port) {
  Contestant made{std::move(name), std::move(child), loopback(port), {}};
  made.child.wait_until([&] { return accepts(made.endpoint); });
  return made;
}

}  // namespace larder::bench
