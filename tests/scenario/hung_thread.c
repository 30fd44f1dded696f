/* SPDX-License-Identifier: Apache-2.0
 *
 * Preloaded into larderd by watchdog_test.py: once the file that LARDER_HANG names holds a thread's name
 * (worker, origin, writer), one thread of that name hangs for ever at the next place where it waits for work.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static atomic_int hung;

static void hang_if_told(void) {
  char wanted[16] = "", name[16] = "";
  const char* path = getenv("LARDER_HANG");
  int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ssize_t length = read(fd, wanted, sizeof wanted - 1);
  close(fd);
  if (length <= 0) return;
  prctl(PR_GET_NAME, name);
  if (strcmp(wanted, name) != 0 || atomic_exchange(&hung, 1) != 0) return;
  while (1) pause();
}

int epoll_pwait(int epoll, struct epoll_event* events, int most, int timeout, const sigset_t* mask) {
  static int (*next)(int, struct epoll_event*, int, int, const sigset_t*);
  if (next == NULL) next = (int (*)(int, struct epoll_event*, int, int, const sigset_t*))dlsym(RTLD_NEXT, "epoll_pwait");
  hang_if_told();
  return next(epoll, events, most, timeout, mask);
}

int epoll_wait(int epoll, struct epoll_event* events, int most, int timeout) {
  return epoll_pwait(epoll, events, most, timeout, NULL);
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const struct timespec* until) {
  static int (*next)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const struct timespec*);
  if (next == NULL)
    next = (int (*)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const struct timespec*))dlsym(RTLD_NEXT, "pthread_cond_clockwait");
  const int result = next(condition, mutex, clock, until);
  pthread_mutex_unlock(mutex); /* or who hands it orders would hang with it */
  hang_if_told();
  pthread_mutex_lock(mutex);
  return result;
}
