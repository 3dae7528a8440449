// SPDX-License-Identifier: Apache-2.0
//
// System calls that fail when a test wants it.
//
// The functions of the C library that the product calls are defined here a second time. The linker
// prefers these in the program of the tests, so that every call goes through them, those that the
// shim makes included, and the product knows nothing of it. What belongs to no run goes on to the C
// library; what a run's threads call is counted, and fails where its faults say so.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
// The Glibc module has no attributes, and the tests look at them.
#include <sys/xattr.h>

/// Where a system call goes wrong.
struct fi_fault {
  /// Which call, from 0 to `fi_call_count`.
  uint32_t call;
  /// The first of the run's calls of this kind that goes wrong, from 0.
  uint32_t first;
  /// How many in a row do.
  uint32_t count;
  /// The errno that they give, or `fi_short`.
  int32_t error;
};

/// In place of an errno: the call moves fewer bytes than it could.
enum { fi_short = -1 };

/// How many faults a run may have.
enum { fi_faults_max = 4 };

/// One run under faults, with all of its threads.
struct fi_run;

/// Has the calls of this thread belong to a run, and those of the threads that it starts.
///
/// SEED is printed if the process crashes.
struct fi_run *fi_begin(const struct fi_fault *faults, uint32_t count, uint64_t seed, bool is_user);
/// Has something done once, just before call NUMBER of a kind, from 0: BODY is called with CONTEXT
/// by the thread that makes the call, and what it calls itself belongs to no run.
void fi_interrupt(struct fi_run *run, uint32_t call, uint32_t number, void (*body)(void *),
                  void *context);
/// Has the calls of this thread belong to no run any more.
void fi_end(void);
/// Frees a run that has ended; its threads are gone.
void fi_free(struct fi_run *run);

/// Begins a run in which what the kernel tells is made up.
///
/// BYTES are pieces that end with 0xff. Each read of a small file, link, directory (names that end
/// with a slash), list of attributes or attribute takes the next one; when none is left, there is
/// no such thing. Any path can be opened.
struct fi_run *fi_begin_answers(const uint8_t *bytes, size_t count);

/// How many calls of a kind the run made.
uint32_t fi_calls(const struct fi_run *run, uint32_t call);
/// How often a fault of the run was met.
uint32_t fi_met(const struct fi_run *run, uint32_t fault);
/// How many descriptors the run has opened and not closed.
int32_t fi_descriptors(const struct fi_run *run);

/// How many kinds of calls there are.
uint32_t fi_call_count(void);
/// The name of a kind.
const char *fi_call_name(uint32_t call);
/// The errors that a kind can give, `fi_short` among them; COUNT becomes their number.
const int32_t *fi_call_errors(uint32_t call, uint32_t *count);
/// Whether a function of the C library is defined here.
bool fi_covers(const char *function);
