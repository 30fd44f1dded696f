/* SPDX-License-Identifier: Apache-2.0
 *
 * Preloaded into larderd by machine_trouble_test.py: while the file that LARDER_DISK_ERROR names is there, with
 * an errno in it, everything that writes to a file by these calls fails by that errno. While it holds the word
 * `wait`, these calls wait.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int read_order(char* text, size_t size) {
  const char* path = getenv("LARDER_DISK_ERROR");
  int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t length = read(fd, text, size - 1);
  text[length < 0 ? 0 : length] = '\0';
  close(fd);
  return 1;
}

static int fails(void) {
  char text[16] = "";
  if (!read_order(text, sizeof text)) return 0;
  while (text[0] == 'w') {
    usleep(1000);
    if (!read_order(text, sizeof text)) return 0;
  }
  if (atoi(text) == 0) return 0;
  errno = atoi(text);
  return 1;
}

ssize_t pwrite(int fd, const void* bytes, size_t length, off_t at) {
  return fails() ? -1 : syscall(SYS_pwrite64, fd, bytes, length, at);
}

/* Of LMDB only: sockets are written to by this call as well. */
ssize_t writev(int fd, const struct iovec* pieces, int count) {
  if (lseek(fd, 0, SEEK_CUR) >= 0 && fails()) return -1;
  return syscall(SYS_writev, fd, pieces, count);
}

int fdatasync(int fd) {
  return fails() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd) {
  return fails() ? -1 : (int)syscall(SYS_fsync, fd);
}

int ftruncate(int fd, off_t length) {
  return fails() ? -1 : (int)syscall(SYS_ftruncate, fd, length);
}
