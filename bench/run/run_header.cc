// SPDX-License-Identifier: Apache-2.0
#include "bench/run/run_header.h"

#include <sys/utsname.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <fstream>
#include <sstream>

#include "conf/base/redact.h"

namespace larder::bench {
namespace {

std::string joined(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : ",") + value;
  return text;
}

/// Of a `name: value` to be sent along only the name: the value may be a token.
std::string header_names(const std::vector<std::string>& headers) {
  std::vector<std::string> names;
  for (const std::string& header : headers) names.push_back(header.substr(0, header.find(':')));
  return joined(names);
}

std::string value_of(const CLI::Option& option) {
  if (option.count() == 0) {
    std::string text = option.get_default_str();
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    return text;
  }
  if (option.check_lname("header")) return header_names(option.results());
  return redact(joined(option.results()));
}

bool is_setting(const CLI::Option& option) {
  for (const char* name : {"help", "json", "version"}) {
    if (option.check_lname(name)) return false;
  }
  return true;
}

}  // namespace

std::string cpu_model(std::string_view cpuinfo) {
  constexpr std::string_view kName = "model name";
  const std::size_t at = cpuinfo.find(kName);
  if (at == cpuinfo.npos) return "";
  const std::string_view line = cpuinfo.substr(at, cpuinfo.find('\n', at) - at);
  const std::size_t start = line.find_first_not_of(" \t", line.find(':') + 1);
  if (line.find(':') == line.npos || start == line.npos) return "";
  return std::string(line.substr(start));
}

std::string settings_text(const CLI::App& command) {
  std::string text;
  for (const CLI::Option* option : command.get_options()) {
    if (!is_setting(*option)) continue;
    const bool flag = option->get_items_expected_max() == 0;
    const std::string value = flag ? "" : value_of(*option);
    if (flag ? option->count() == 0 : value.empty()) continue;
    text += (text.empty() ? "" : ", ") + option->get_name(false, false);
    if (!flag) text += " " + value;
  }
  return text;
}

std::string run_header(const CLI::App& command) {
  std::ifstream file("/proc/cpuinfo");
  std::ostringstream cpuinfo;
  cpuinfo << file.rdbuf();
  utsname system{};
  ::uname(&system);
  const std::string model = cpu_model(cpuinfo.str());
  return "larder-bench " LARDER_VERSION " " + command.get_name() + ", on " +
         (model.empty() ? std::string(system.machine) : model) + ", " +
         std::to_string(::sysconf(_SC_NPROCESSORS_ONLN)) + " CPUs, " + system.sysname + " " +
         system.release + "\n" + settings_text(command) + "\n\n";
}

}  // namespace larder::bench
