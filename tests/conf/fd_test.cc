// SPDX-License-Identifier: Apache-2.0
#include "conf/base/fd.h"

#include <fcntl.h>
#include <unistd.h>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>

namespace {

bool is_open(int number) {
  return ::fcntl(number, F_GETFD) >= 0;
}

int open_one() {
  const int number = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  REQUIRE(number >= 0);
  return number;
}

}  // namespace

TEST_CASE("fd: closes its descriptor at its end, and leaves errno alone", "[fd]") {
  const int number = open_one();
  {
    const larder::Fd fd(number);
    CHECK(fd);
    CHECK(fd.get() == number);
    errno = ENOENT;
  }
  CHECK(errno == ENOENT);
  CHECK_FALSE(is_open(number));
}

TEST_CASE("fd: what was moved or released is not closed", "[fd]") {
  const int number = open_one();
  larder::Fd first(number);
  larder::Fd second(std::move(first));
  CHECK(second.get() == number);
  first.reset();
  CHECK(is_open(number));
  CHECK(second.release() == number);
  CHECK_FALSE(second);
  second.reset();
  CHECK(is_open(number));
  ::close(number);
}

TEST_CASE("fd: taking another closes the one it had", "[fd]") {
  const int old = open_one();
  const int next = open_one();
  larder::Fd fd(old);
  SECTION("by reset") {
    fd.reset(next);
  }
  SECTION("by assignment") {
    fd = larder::Fd(next);
  }
  CHECK_FALSE(is_open(old));
  CHECK(fd.get() == next);
  CHECK(is_open(next));
}

TEST_CASE("fd: a call that failed leaves none", "[fd]") {
  const larder::Fd fd(::open("/nowhere/at/all", O_RDONLY | O_CLOEXEC));
  CHECK_FALSE(fd);
  CHECK(errno == ENOENT);
}
