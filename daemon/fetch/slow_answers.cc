// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/slow_answers.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace larder {

std::vector<std::size_t> slow_beyond(const std::vector<SlowAnswer>& slow,
                                     std::size_t most_of_client, std::size_t most_of_host) {
  std::vector<std::size_t> order(slow.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return slow[a].waited < slow[b].waited; });
  // The shortest waits take what there is first.
  std::unordered_map<std::string, std::size_t> of_client;
  std::unordered_map<std::string, std::size_t> of_host;
  std::vector<std::size_t> beyond;
  for (const std::size_t index : order) {
    const SlowAnswer& answer = slow[index];
    const bool client_has_room = answer.client.empty() || of_client[answer.client] < most_of_client;
    if (!client_has_room || of_host[answer.host] >= most_of_host) {
      beyond.push_back(index);
      continue;
    }
    ++of_client[answer.client];
    ++of_host[answer.host];
  }
  return beyond;
}

}  // namespace larder
