// SPDX-License-Identifier: Apache-2.0
#include "upstream/loop/mailbox.h"

#include <poll.h>

#include <catch2/catch_test_macros.hpp>
#include <thread>
#include <vector>

namespace larder {
namespace {

/// A loop with a mailbox, and all that came out of it.
struct Post {
  void on_mail(std::vector<int>& mail) {
    seen.insert(seen.end(), mail.begin(), mail.end());
    ++calls;
  }
  void turn() { uv_run(loop.get(), UV_RUN_NOWAIT); }
  bool asleep() {
    pollfd ready{.fd = uv_backend_fd(loop.get()), .events = POLLIN, .revents = 0};
    return ::poll(&ready, 1, 0) == 0;
  }

  UvLoop loop;
  std::vector<int> seen;
  int calls = 0;
  Mailbox<int> mailbox{loop.get(), this};
};

}  // namespace

TEST_CASE("mailbox: what was posted between two turns comes at once and in order", "[upstream]") {
  Post post;
  post.turn();
  for (const int message : {1, 2, 3}) post.mailbox.post(message);
  CHECK_FALSE(post.asleep());
  post.turn();
  CHECK(post.seen == std::vector{1, 2, 3});
  CHECK(post.calls == 1);
  post.mailbox.post(4);
  post.turn();
  CHECK(post.seen == std::vector{1, 2, 3, 4});
  CHECK(post.asleep());
}

TEST_CASE("mailbox: a quiet message waits for the next post or wake", "[upstream]") {
  Post post;
  post.turn();
  post.mailbox.post_quietly(1);
  CHECK(post.asleep());
  SECTION("wake") {
    post.mailbox.wake();
  }
  SECTION("post") {
    post.mailbox.post(2);
  }
  post.turn();
  REQUIRE_FALSE(post.seen.empty());
  CHECK(post.seen.front() == 1);
  post.mailbox.wake();  // there is nothing to wake for
  CHECK(post.asleep());
}

TEST_CASE("mailbox: what was posted before and after its close is dropped, and the loop may end",
          "[upstream]") {
  Post post;
  post.turn();
  post.mailbox.post(1);
  post.mailbox.close();
  post.mailbox.post(2);
  post.mailbox.post_quietly(3);
  post.mailbox.wake();
  post.loop.run();
  CHECK(post.seen.empty());
}

TEST_CASE("mailbox: messages of many threads all come, each thread's in its order", "[upstream]") {
  constexpr int kThreads = 4;
  constexpr int kMessages = 5'000;
  Post post;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&post, t] {
      for (int i = 0; i < kMessages; ++i) post.mailbox.post(t * kMessages + i);
    });
  }
  while (post.seen.size() < std::size_t{kThreads} * kMessages) {
    uv_run(post.loop.get(), UV_RUN_ONCE);
  }
  for (auto& thread : threads) thread.join();
  std::vector<int> next{0, kMessages, 2 * kMessages, 3 * kMessages};
  for (const int message : post.seen) {
    auto& expected = next[static_cast<std::size_t>(message / kMessages)];
    REQUIRE(message == expected);
    ++expected;
  }
}

}  // namespace larder
