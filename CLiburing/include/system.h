// SPDX-License-Identifier: Apache-2.0
//
// System calls that Swift's Glibc module cannot see: it is built without _GNU_SOURCE, and
// variadic functions and _IOW macros are never imported. Only fixed-width and plain types here.
//
// Unless said otherwise a function returns 0 or a count, or a negated errno.

#pragma once

#include <stddef.h>
#include <stdint.h>

// open(2) flags that are hidden behind _GNU_SOURCE, with the values of the running architecture.
extern const int32_t cl_o_noatime;
extern const int32_t cl_o_path;
extern const int32_t cl_o_direct;

// What statx(2) tells of an entry, in the units of the kernel.
struct cl_stat {
  uint64_t device;      // (major << 32) | minor
  uint64_t inode;
  uint64_t size;        // bytes
  uint64_t blocks;      // 512-byte units
  uint64_t mount;       // mount ID, 0 where the kernel does not tell
  int64_t atime_s;
  int64_t mtime_s;
  int64_t ctime_s;
  uint32_t atime_ns;
  uint32_t mtime_ns;
  uint32_t ctime_ns;
  uint32_t mode;        // type and permissions
  uint32_t links;
  uint32_t owner;
  uint32_t group;
  uint32_t rdev_major;
  uint32_t rdev_minor;
  uint32_t flags;       // STATX_ATTR_*, none where the kernel does not tell
};

// statx of NAME below DIRECTORY without following a link; an empty NAME means DIRECTORY itself.
int cl_stat_at(int directory, const char *name, struct cl_stat *out);
// The same of what a name leads to, links followed.
int cl_stat_following(int directory, const char *name, struct cl_stat *out);

// getdents64 into BUFFER; returns the bytes filled in, 0 at the end.
long cl_read_directory(int directory, void *buffer, size_t bytes);
// lseek(SEEK_SET) and lseek(SEEK_CUR) of a directory's opaque position.
int64_t cl_seek_directory(int directory, int64_t position);
int64_t cl_directory_position(int directory);

// Opens one component below DIRECTORY by openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS), or by
// openat(O_NOFOLLOW) where openat2 is missing. O_CLOEXEC is always set. Returns the descriptor.
int cl_open_beneath(int directory, const char *name, int flags, uint32_t mode);
// Opens a directory below DIRECTORY for reading, as cl_open_beneath does, unless something is
// mounted on it, also by a bind mount: -EXDEV (openat2 with RESOLVE_NO_XDEV).
int cl_open_on_mount(int directory, const char *name, int flags);
// open(2) of a path that the user named; follows links.
int cl_open_path(const char *path, int flags);
// An unnamed file in DIRECTORY (O_TMPFILE), opened for writing. Returns the descriptor; -EOPNOTSUPP
// where it could not be given a name, for want of a privilege, Linux 6.10 or /proc.
int cl_open_unnamed(int directory, uint32_t mode);
// Gives an O_TMPFILE inode a name (linkat with AT_EMPTY_PATH, or through /proc/self/fd).
int cl_link_unnamed(int descriptor, int directory, const char *name);
// renameat2 in one directory; with NOREPLACE an existing NEW is -EEXIST.
int cl_rename(int directory, const char *old_name, const char *new_name, int noreplace);
// mknodat.
// Two names of a directory change places (renameat2 with RENAME_EXCHANGE).
int cl_exchange(int directory, const char *one_name, const char *other_name);
int cl_make_node(int directory, const char *name, uint32_t mode, uint32_t major, uint32_t minor);

// lseek(SEEK_DATA) and lseek(SEEK_HOLE): the offset found, or a negated errno.
int64_t cl_seek_data(int descriptor, int64_t offset);
int64_t cl_seek_hole(int descriptor, int64_t offset);
// ioctl(FICLONE): TARGET shares all extents of SOURCE.
int cl_clone(int target, int source);
// Whether an open directory takes names that differ only in case for one (FS_IOC_GETFLAGS,
// FS_CASEFOLD_FL): 0 or 1.
int cl_folds_names(int directory);
// Whether the inode is set to be compressed (FS_IOC_GETFLAGS, FS_COMPR_FL): 0 or 1.
int cl_is_compressed(int descriptor);
// Whether data is written over in its place (FS_IOC_GETFLAGS, FS_NOCOW_FL).
int cl_is_written_in_place(int descriptor);
// What FS_IOC_FSGETXATTR says of an inode.
struct cl_extended_flags {
  int has_extent_size;  // FS_XFLAG_EXTSIZE, with a size: space is allocated in larger units.
  uint32_t project;     // Whose quota it counts for.
};
int cl_get_extended_flags(int descriptor, struct cl_extended_flags *flags);
// The magic number of the filesystem (fstatfs), 0 on failure.
uint64_t cl_filesystem_type(int descriptor);
// What statx(2) says of direct I/O on the open file (STATX_DIOALIGN): the alignment of offsets and
// lengths in bytes, 0 where there is none, or the kernel does not tell.
uint32_t cl_direct_alignment(int descriptor);
// Where the first extent of the open file lies on its disk, in bytes (FS_IOC_FIEMAP); 0 where it
// has no place of its own, as for a hole, data inside of the inode, or data that was not written
// yet.
int64_t cl_first_physical(int descriptor);
// Sets or clears O_DIRECT of an open file (fcntl with F_SETFL).
int cl_set_direct(int descriptor, int enabled);
// cachestat(2): how many pages of the range are in the page cache; -ENOSYS before Linux 6.5.
int64_t cl_cached_pages(int descriptor, uint64_t offset, uint64_t length);
// The size of an open block device in bytes (BLKGETSIZE64), and of its sectors (BLKSSZGET).
int64_t cl_device_bytes(int descriptor);
int cl_device_sector_bytes(int descriptor);
// Whether the open block device refuses writes (BLKROGET): 0 or 1.
int cl_device_is_read_only(int descriptor);
// Gives back a range of an open block device (BLKDISCARD), or fills it with zeros (BLKZEROOUT).
int cl_device_discard(int descriptor, uint64_t offset, uint64_t length);
int cl_device_zero(int descriptor, uint64_t offset, uint64_t length);
// syncfs(2).
int cl_sync_filesystem(int descriptor);
// Waits until all of a file's data is written and where it lies is known (FS_IOC_FIEMAP with
// FIEMAP_FLAG_SYNC).
int cl_await_extents(int descriptor);

// Extended attributes of NAME below DIRECTORY without following a link; an empty NAME means the
// open file DIRECTORY itself. By the *xattrat calls of Linux 6.13, else through /proc/self/fd, else
// from a working directory of the thread's own.
long cl_list_xattr(int directory, const char *name, char *list, size_t bytes);
long cl_get_xattr(int directory, const char *name, const char *key, void *value, size_t bytes);
int cl_set_xattr(int directory, const char *name, const char *key, const void *value, size_t bytes);
int cl_remove_xattr(int directory, const char *name, const char *key);

// Raises the soft limit of open files to the hard one, at most to CEILING; returns the limit now.
uint64_t cl_raise_descriptor_limit(uint64_t ceiling);

// Sets the permission bits of NAME below DIRECTORY without following a link (fchmodat2 of Linux
// 6.6, else through an O_PATH descriptor and /proc; without that only of files and
// directories, else -ENOSYS); an empty NAME means the open file DIRECTORY itself.
int cl_change_mode(int directory, const char *name, uint32_t mode);
