/* SPDX-License-Identifier: Apache-2.0
 *
 * Preloaded into larderd by machine_trouble_test.py. The file that LARDER_MEMORY_ORDER names holds an
 * Order. While `every` is not 0, one allocation in so many fails, and the `countdown`th one from now
 * does. What asked for it is written to the file of that name and ".places".
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct Order {
  atomic_llong countdown;
  atomic_llong every;
  atomic_llong asked;
  atomic_llong failed;
};

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

static struct Order* order;
static int places = -1;
static _Thread_local int within;

__attribute__((constructor)) static void begin(void) {
  const char* path = getenv("LARDER_MEMORY_ORDER");
  if (path == NULL) return;
  char name[512];
  snprintf(name, sizeof name, "%s.places", path);
  void* frames[4];
  backtrace(frames, 4); /* its first call loads a library */
  places = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* at = mmap(NULL, sizeof(struct Order), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (at != MAP_FAILED) order = at;
}

static int fails(void) {
  if (order == NULL || within) return 0;
  const long long every = atomic_load(&order->every);
  if (every == 0 && atomic_load(&order->countdown) == 0) return 0;
  const long long asked = atomic_fetch_add(&order->asked, 1) + 1;
  const int due = every == 0 ? atomic_fetch_sub(&order->countdown, 1) == 1 : asked % every == 0;
  if (!due) {
    /* A countdown that is over stays over. */
    if (every == 0 && atomic_load(&order->countdown) < 0) atomic_store(&order->countdown, 0);
    return 0;
  }
  atomic_fetch_add(&order->failed, 1);
  if (every == 0) {
    within = 1;
    void* frames[40];
    backtrace_symbols_fd(frames, backtrace(frames, 40), places);
    if (write(places, "\n", 1) < 0) order = NULL;
    within = 0;
  }
  errno = ENOMEM;
  return 1;
}

void* malloc(size_t size) {
  return fails() ? NULL : __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
  return fails() ? NULL : __libc_calloc(count, size);
}

void* realloc(void* old, size_t size) {
  return fails() ? NULL : __libc_realloc(old, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
  return fails() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void** out, size_t alignment, size_t size) {
  void* made = fails() ? NULL : __libc_memalign(alignment, size);
  if (made == NULL) return ENOMEM;
  *out = made;
  return 0;
}
