// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "missing.h"

// Newer than Debian 12's headers; the numbers are the same on every architecture.
#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000U
#endif
#ifndef STATX_DIOALIGN
#define STATX_DIOALIGN 0x2000U
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

const int32_t cl_o_noatime = O_NOATIME;
const int32_t cl_o_path = O_PATH;
const int32_t cl_o_direct = O_DIRECT;

static int result(long value) { return value < 0 ? -errno : (int)value; }

// By the call before statx, which knows no mount.
static int stat_older(int directory, const char *path, int flags, struct cl_stat *out) {
  struct stat s;
  if (fstatat(directory, path, &s, flags) < 0) return -errno;
  *out = (struct cl_stat){
      .device = (uint64_t)major(s.st_dev) << 32 | minor(s.st_dev),
      .inode = s.st_ino,
      .size = (uint64_t)s.st_size,
      .blocks = (uint64_t)s.st_blocks,
      .atime_s = s.st_atim.tv_sec,
      .mtime_s = s.st_mtim.tv_sec,
      .atime_ns = (uint32_t)s.st_atim.tv_nsec,
      .mtime_ns = (uint32_t)s.st_mtim.tv_nsec,
      .ctime_s = s.st_ctim.tv_sec, .ctime_ns = (uint32_t)s.st_ctim.tv_nsec,
      .mode = s.st_mode,
      .links = (uint32_t)s.st_nlink,
      .owner = s.st_uid,
      .group = s.st_gid,
      .rdev_major = major(s.st_rdev),
      .rdev_minor = minor(s.st_rdev),
  };
  return 0;
}

static int stat_with(int directory, const char *path, int flags, struct cl_stat *out) {
  static _Atomic int known;
  if (call_is_missing(&known, SYS_statx)) return stat_older(directory, path, flags, out);
  struct statx s;
  if (statx(directory, path, flags, STATX_BASIC_STATS | STATX_MNT_ID, &s) < 0) return -errno;
  out->device = (uint64_t)s.stx_dev_major << 32 | s.stx_dev_minor;
  out->inode = s.stx_ino;
  out->size = s.stx_size;
  out->blocks = s.stx_blocks;
  out->mount = s.stx_mask & STATX_MNT_ID ? s.stx_mnt_id : 0;
  out->atime_s = s.stx_atime.tv_sec;
  out->atime_ns = s.stx_atime.tv_nsec;
  out->mtime_s = s.stx_mtime.tv_sec;
  out->mtime_ns = s.stx_mtime.tv_nsec;
  out->ctime_s = s.stx_ctime.tv_sec, out->ctime_ns = s.stx_ctime.tv_nsec;
  out->mode = s.stx_mode;
  out->links = s.stx_nlink;
  out->owner = s.stx_uid;
  out->group = s.stx_gid;
  out->rdev_major = s.stx_rdev_major;
  out->rdev_minor = s.stx_rdev_minor;
  out->flags = (uint32_t)s.stx_attributes;
  return 0;
}

int cl_stat_at(int directory, const char *name, struct cl_stat *out) {
  int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*name ? 0 : AT_EMPTY_PATH);
  return stat_with(directory, name, flags, out);
}

int cl_stat_following(int directory, const char *name, struct cl_stat *out) {
  return stat_with(directory, name, AT_NO_AUTOMOUNT, out);
}

long cl_read_directory(int directory, void *buffer, size_t bytes) {
  long count = syscall(SYS_getdents64, directory, buffer, bytes);
  return count < 0 ? -errno : count;
}

int64_t cl_seek_directory(int directory, int64_t position) {
  int64_t found = lseek(directory, position, SEEK_SET);
  return found < 0 ? -errno : found;
}

int64_t cl_directory_position(int directory) {
  int64_t found = lseek(directory, 0, SEEK_CUR);
  return found < 0 ? -errno : found;
}

int cl_open_beneath(int directory, const char *name, int flags, uint32_t mode) {
  static _Atomic int known;
  if (!call_is_missing(&known, SYS_openat2)) {
    struct open_how how = {
        .flags = (unsigned)(flags | O_CLOEXEC),
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    };
    return result(syscall(SYS_openat2, directory, name, &how, sizeof how));
  }
  return result(openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode));
}

// Whether two open directories are on one mount.
static bool are_on_one_mount(int one, int other) {
  struct cl_stat a, b;
  if (cl_stat_at(one, "", &a) < 0 || cl_stat_at(other, "", &b) < 0) return false;
  return a.device == b.device && a.mount == b.mount;
}

int cl_open_on_mount(int directory, const char *name, int flags) {
  static _Atomic int known;
  if (!call_is_missing(&known, SYS_openat2)) {
    struct open_how how = {
        .flags = (unsigned)(flags | O_DIRECTORY | O_CLOEXEC),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
    };
    return result(syscall(SYS_openat2, directory, name, &how, sizeof how));
  }
  int opened = cl_open_beneath(directory, name, flags | O_DIRECTORY, 0);
  if (opened < 0 || are_on_one_mount(directory, opened)) return opened;
  close(opened);
  return -EXDEV;
}

int cl_open_path(const char *path, int flags) {
  return result(open(path, flags | O_CLOEXEC));
}

// Whether a file without a name can be given one: /, which exists, where only that is wrong.
static bool can_be_named(int descriptor) {
  if (linkat(descriptor, "", AT_FDCWD, "/", AT_EMPTY_PATH) == 0 || errno != ENOENT) return true;
  return has_proc();
}

int cl_open_unnamed(int directory, uint32_t mode) {
  static _Atomic int known;
  if (known == IS_MISSING) return -EOPNOTSUPP;
  // Not O_EXCL: that would forbid giving it a name later.
  int descriptor = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, (mode_t)mode);
  if (descriptor < 0) return -errno;
  if (known == IS_UNKNOWN) known = can_be_named(descriptor) ? IS_THERE : IS_MISSING;
  if (known == IS_THERE) return descriptor;
  close(descriptor);
  return -EOPNOTSUPP;
}

int cl_link_unnamed(int descriptor, int directory, const char *name) {
  if (linkat(descriptor, "", directory, name, AT_EMPTY_PATH) == 0) return 0;
  if (errno != ENOENT) return -errno;
  // AT_EMPTY_PATH wants CAP_DAC_READ_SEARCH and says ENOENT without it.
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  return result(linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW));
}

int cl_rename(int directory, const char *old_name, const char *new_name, int noreplace) {
  unsigned flags = noreplace ? RENAME_NOREPLACE : 0;
  return result(renameat2(directory, old_name, directory, new_name, flags));
}

int cl_exchange(int directory, const char *one_name, const char *other_name) {
  static _Atomic int missing;
  if (call_is_missing(&missing, SYS_renameat2)) return -ENOSYS;
  return result(renameat2(directory, one_name, directory, other_name, RENAME_EXCHANGE));
}

int cl_make_node(int directory, const char *name, uint32_t mode, uint32_t major, uint32_t minor) {
  return result(mknodat(directory, name, (mode_t)mode, makedev(major, minor)));
}

int64_t cl_seek_data(int descriptor, int64_t offset) {
  int64_t found = lseek(descriptor, offset, SEEK_DATA);
  return found < 0 ? -errno : found;
}

int64_t cl_seek_hole(int descriptor, int64_t offset) {
  int64_t found = lseek(descriptor, offset, SEEK_HOLE);
  return found < 0 ? -errno : found;
}

int cl_clone(int target, int source) { return result(ioctl(target, FICLONE, source)); }

static int has_flag(int descriptor, int flag) {
  int flags = 0;
  if (ioctl(descriptor, FS_IOC_GETFLAGS, &flags) < 0) return -errno;
  return flags & flag ? 1 : 0;
}

int cl_is_compressed(int descriptor) { return has_flag(descriptor, FS_COMPR_FL); }

int cl_is_written_in_place(int descriptor) { return has_flag(descriptor, FS_NOCOW_FL); }

int cl_folds_names(int directory) { return has_flag(directory, FS_CASEFOLD_FL); }

int cl_get_extended_flags(int descriptor, struct cl_extended_flags *flags) {
  struct fsxattr found;
  if (ioctl(descriptor, FS_IOC_FSGETXATTR, &found) < 0) return -errno;
  flags->has_extent_size = found.fsx_xflags & FS_XFLAG_EXTSIZE && found.fsx_extsize > 0;
  flags->project = found.fsx_projid;
  return 0;
}

uint64_t cl_filesystem_type(int descriptor) {
  struct statfs s;
  return fstatfs(descriptor, &s) < 0 ? 0 : (uint64_t)s.f_type;
}

uint32_t cl_direct_alignment(int descriptor) {
  // stx_dio_mem_align and stx_dio_offset_align, which glibc's struct has as spare bytes.
  enum { MEMORY_ALIGNMENT = 0x98, OFFSET_ALIGNMENT = 0x9c };
  struct statx s;
  if (statx(descriptor, "", AT_EMPTY_PATH, STATX_DIOALIGN, &s) < 0) return 0;
  if (!(s.stx_mask & STATX_DIOALIGN)) return 0;
  uint32_t memory, offset;
  memcpy(&memory, (char *)&s + MEMORY_ALIGNMENT, sizeof memory);
  memcpy(&offset, (char *)&s + OFFSET_ALIGNMENT, sizeof offset);
  if (offset == 0) return 0;
  return memory > offset ? memory : offset;
}

int64_t cl_first_physical(int descriptor) {
  // struct fiemap ends in an array of extents; one is asked for.
  union {
    struct fiemap map;
    char bytes[sizeof(struct fiemap) + sizeof(struct fiemap_extent)];
  } ask = {.map = {.fm_length = FIEMAP_MAX_OFFSET, .fm_extent_count = 1}};
  if (ioctl(descriptor, FS_IOC_FIEMAP, &ask) < 0) return -errno;
  struct fiemap_extent extent;
  memcpy(&extent, ask.bytes + sizeof ask.map, sizeof extent);
  uint32_t nowhere = FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_DATA_INLINE;
  if (ask.map.fm_mapped_extents == 0 || extent.fe_flags & nowhere) return 0;
  return (int64_t)extent.fe_physical;
}

int cl_set_direct(int descriptor, int enabled) {
  int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0) return -errno;
  int wanted = enabled ? flags | O_DIRECT : flags & ~O_DIRECT;
  return wanted == flags ? 0 : result(fcntl(descriptor, F_SETFL, wanted));
}

int64_t cl_cached_pages(int descriptor, uint64_t offset, uint64_t length) {
  struct { uint64_t offset, length; } range = {offset, length};
  struct { uint64_t cached, dirty, writeback, evicted, recently_evicted; } pages;
  if (syscall(SYS_cachestat, descriptor, &range, &pages, 0) < 0) return -errno;
  return (int64_t)pages.cached;
}

int64_t cl_device_bytes(int descriptor) {
  uint64_t bytes = 0;
  return ioctl(descriptor, BLKGETSIZE64, &bytes) < 0 ? -errno : (int64_t)bytes;
}

int cl_device_sector_bytes(int descriptor) {
  int bytes = 0;
  return ioctl(descriptor, BLKSSZGET, &bytes) < 0 ? -errno : bytes;
}

int cl_device_is_read_only(int descriptor) {
  int read_only = 0;
  return ioctl(descriptor, BLKROGET, &read_only) < 0 ? -errno : read_only != 0;
}

int cl_device_discard(int descriptor, uint64_t offset, uint64_t length) {
  uint64_t range[2] = {offset, length};
  return result(ioctl(descriptor, BLKDISCARD, range));
}

int cl_device_zero(int descriptor, uint64_t offset, uint64_t length) {
  uint64_t range[2] = {offset, length};
  return result(ioctl(descriptor, BLKZEROOUT, range));
}

int cl_sync_filesystem(int descriptor) { return result(syncfs(descriptor)); }

int cl_await_extents(int descriptor) {
  // No extent is asked for, and the range bounds only what is looked at: all of the file is synced.
  struct fiemap map = {.fm_length = 1, .fm_flags = FIEMAP_FLAG_SYNC};
  return result(ioctl(descriptor, FS_IOC_FIEMAP, &map));
}

uint64_t cl_raise_descriptor_limit(uint64_t ceiling) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return 0;
  rlim_t wanted = limit.rlim_max < ceiling ? limit.rlim_max : ceiling;
  if (limit.rlim_cur < wanted) {
    struct rlimit raised = {wanted, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur;
}

// Opens a file or directory for a call on its inode, where there is no /proc. Anything else is
// -ENOSYS: opening a device does something to it.
static int open_inode(int directory, const char *name) {
  struct stat s;
  if (fstatat(directory, name, &s, AT_SYMLINK_NOFOLLOW) < 0) return -errno;
  if (!S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode)) return -ENOSYS;
  int descriptor = cl_open_beneath(directory, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);
  if (descriptor != -EACCES || S_ISDIR(s.st_mode)) return descriptor;
  return cl_open_beneath(directory, name, O_WRONLY | O_NONBLOCK | O_NOFOLLOW, 0);
}

int cl_change_mode(int directory, const char *name, uint32_t mode) {
  static _Atomic int known;
  if (!*name) return result(fchmod(directory, (mode_t)mode));
  if (!call_is_missing(&known, SYS_fchmodat2))
    return result(syscall(SYS_fchmodat2, directory, name, (mode_t)mode, AT_SYMLINK_NOFOLLOW));
  int flags = O_PATH | O_NOFOLLOW;
  int descriptor =
      has_proc() ? cl_open_beneath(directory, name, flags, 0) : open_inode(directory, name);
  if (descriptor < 0) return descriptor;
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  int changed = result(has_proc() ? chmod(path, (mode_t)mode) : fchmod(descriptor, (mode_t)mode));
  close(descriptor);
  return changed;
}
