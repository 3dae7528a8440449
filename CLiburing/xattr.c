// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

// Linux 6.13; newer than Debian 12's headers, and the same numbers on every architecture.
enum { SETXATTRAT = 463, GETXATTRAT = 464, LISTXATTRAT = 465, REMOVEXATTRAT = 466 };

struct xattr_args {
  uint64_t value __attribute__((aligned(8)));
  uint32_t size;
  uint32_t flags;
};

// Set once the kernel has said that it has no *xattrat; threads that race only ask once more.
static _Atomic int missing;

// Whether the *xattrat call that just failed does not exist (or is filtered as unknown).
static int is_missing(long returned) {
  if (returned >= 0 || errno != ENOSYS) return 0;
  missing = 1;
  return 1;
}

// A path to NAME that is short whatever the depth of DIRECTORY, for the calls that have no *at
// form. Written by hand: on kernels before 6.13 snprintf would be a third of the work for a file
// that is as it should be.
static const char *through_proc(char path[static PATH_MAX], int directory, const char *name) {
  static const char start[] = "/proc/self/fd/";
  char digits[12];
  size_t count = 0, length = sizeof start - 1;
  for (unsigned rest = (unsigned)directory; count == 0 || rest > 0; rest /= 10)
    digits[count++] = (char)('0' + rest % 10);
  memcpy(path, start, length);
  while (count > 0) path[length++] = digits[--count];
  path[length++] = '/';
  // NAME_MAX bounds a name.
  size_t name_length = strnlen(name, PATH_MAX - 1 - length);
  memcpy(path + length, name, name_length);
  path[length + name_length] = 0;
  return path;
}

static long result(long value) { return value < 0 ? -errno : value; }

long cl_list_xattr(int directory, const char *name, char *list, size_t bytes) {
  if (!*name) return result(flistxattr(directory, list, bytes));
  if (!missing) {
    long count = syscall(LISTXATTRAT, directory, name, AT_SYMLINK_NOFOLLOW, list, bytes);
    if (!is_missing(count)) return result(count);
  }
  char path[PATH_MAX];
  return result(llistxattr(through_proc(path, directory, name), list, bytes));
}

long cl_get_xattr(int directory, const char *name, const char *key, void *value, size_t bytes) {
  if (!*name) return result(fgetxattr(directory, key, value, bytes));
  if (!missing) {
    struct xattr_args args = {(uint64_t)(uintptr_t)value, (uint32_t)bytes, 0};
    long count = syscall(GETXATTRAT, directory, name, AT_SYMLINK_NOFOLLOW, key, &args, sizeof args);
    if (!is_missing(count)) return result(count);
  }
  char path[PATH_MAX];
  return result(lgetxattr(through_proc(path, directory, name), key, value, bytes));
}

int cl_set_xattr(int directory, const char *name, const char *key, const void *value,
                 size_t bytes) {
  if (!*name) return (int)result(fsetxattr(directory, key, value, bytes, 0));
  if (!missing) {
    struct xattr_args args = {(uint64_t)(uintptr_t)value, (uint32_t)bytes, 0};
    long done = syscall(SETXATTRAT, directory, name, AT_SYMLINK_NOFOLLOW, key, &args, sizeof args);
    if (!is_missing(done)) return (int)result(done);
  }
  char path[PATH_MAX];
  return (int)result(lsetxattr(through_proc(path, directory, name), key, value, bytes, 0));
}

int cl_remove_xattr(int directory, const char *name, const char *key) {
  if (!*name) return (int)result(fremovexattr(directory, key));
  if (!missing) {
    long done = syscall(REMOVEXATTRAT, directory, name, AT_SYMLINK_NOFOLLOW, key);
    if (!is_missing(done)) return (int)result(done);
  }
  char path[PATH_MAX];
  return (int)result(lremovexattr(through_proc(path, directory, name), key));
}
