// SPDX-License-Identifier: Apache-2.0
#include "conf/config_redactor.h"

namespace larder {

Redactor redactor_for(const Config& config) {
  Redactor redactor;
  for (const StackConfig& stack : config.stacks) {
    for (const ScopeConfig& scope : stack.scopes) {
      for (const Secret& token : scope.delivery_tokens) redactor.add(token);
      for (const Secret& token : scope.preview_tokens) redactor.add(token);
    }
  }
  return redactor;
}

}  // namespace larder
