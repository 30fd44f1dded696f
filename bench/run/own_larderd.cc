// SPDX-License-Identifier: Apache-2.0
#include "bench/run/own_larderd.h"

namespace larder::bench {

OwnLarderd::OwnLarderd(const OwnSetting& setting) : setting_(setting), folder_(setting.folder) {
  require_program(setting.larderd);
  require_program(setting.sandbox);
  origin_.emplace(start_sandbox(setting.sandbox, folder_.path(), setting.load_cpu));
  start();
}

void OwnLarderd::stop(int signal) {
  server_->child.stop(signal);
  server_.reset();
}

void OwnLarderd::start() {
  server_.emplace(start_larderd(
      {"larderd", setting_.larderd, setting_.max_object},
      {folder_.path(), origin_->delivery_port, setting_.server_cpu, setting_.cache_bytes}));
}

}  // namespace larder::bench
