// SPDX-License-Identifier: Apache-2.0
// The name server of name_lookup_test.py, by LD_PRELOAD: what getaddrinfo() says of "origin.test" is
// in the file that LARDER_TEST_NAMES names. A line "sleep SECONDS" takes its time, "fail" fails, any
// other is an IPv4 address.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int (*lookup)(const char*, const char*, const struct addrinfo*, struct addrinfo**);

int getaddrinfo(const char* name, const char* service, const struct addrinfo* hints,
                struct addrinfo** found) {
  lookup real = (lookup)dlsym(RTLD_NEXT, "getaddrinfo");
  const char* path = getenv("LARDER_TEST_NAMES");
  if (name == NULL || path == NULL || strcmp(name, "origin.test") != 0) {
    return real(name, service, hints, found);
  }
  FILE* file = fopen(path, "r");
  if (file == NULL) return EAI_AGAIN;
  char line[64];
  int result = EAI_AGAIN;
  struct addrinfo* last = NULL;
  while (fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "sleep ", 6) == 0) {
      sleep((unsigned)atoi(line + 6));
    } else if (strcmp(line, "fail") != 0) {
      struct addrinfo* one = NULL;
      if (real(line, service, hints, &one) != 0) continue;
      if (last == NULL) {
        *found = one;
      } else {
        last->ai_next = one;
      }
      for (last = one; last->ai_next != NULL;) last = last->ai_next;
      result = 0;
    }
  }
  fclose(file);
  return result;
}
