// SPDX-License-Identifier: Apache-2.0
#include "bench/run/process_tree.h"

#include <fstream>
#include <string>

namespace larder::bench {

std::vector<pid_t> processes_of(pid_t process) {
  std::vector<pid_t> all{process};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string pid = std::to_string(all[i]);
    std::ifstream children("/proc/" + pid + "/task/" + pid + "/children");
    pid_t child = 0;
    while (children >> child) all.push_back(child);
  }
  return all;
}

}  // namespace larder::bench
