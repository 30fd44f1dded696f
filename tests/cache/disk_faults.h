// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

/// A bad disk: this program's own pwrite(), writev(), ftruncate() and fdatasync() stand before the
/// C library's (store_power_test.cc) and do as these say. 0 = as usual.
namespace larder::test {

struct DiskFaults {
  std::atomic<int> write_error{0};  ///< errno of all writes, and of setting a file's length
  std::atomic<int> meta_error{0};   ///< errno of writes to LMDB's metadata pages
  std::atomic<int> sync_error{0};   ///< errno of fdatasync()
  std::atomic<int> sync_ms{0};      ///< what an fdatasync() takes

  void mend() { write_error = meta_error = sync_error = sync_ms = 0; }
};
inline DiskFaults disk_faults;

}  // namespace larder::test
