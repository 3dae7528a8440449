// SPDX-License-Identifier: Apache-2.0

// The grammar of the command line, by libpopt, with which rsync reads its own: bundled letters,
// `--name=value`, `--name value`, `-Lvalue`, `-L value`, options behind operands, and `--`. All
// words are bytes. No aliases are read from /etc/popt or ~/.popt: what a command line does must not
// hang on a file that it does not name.

#pragma once

#include <stddef.h>
#include <stdint.h>

/// A command line that is being read.
struct cl_options;

/// Begins to read the `word_count` words behind the command's name.
///
/// `spellings` are the ways to type an option: `--name` or `-L`, with `=` at the end where a value
/// follows, and `?` where one may follow behind a `=`. Both texts have a NUL behind each of their
/// parts, and are copied.
/// Returns NULL when there is no memory.
struct cl_options *cl_options_open(const char *spellings, size_t spelling_bytes,
                                   uint32_t spelling_count, const char *words, size_t word_bytes,
                                   uint32_t word_count);

/// The end of the options, as cl_options_next tells it.
enum { cl_options_end = -1 };

/// The number of the next option's spelling, cl_options_end, or an error below that.
int32_t cl_options_next(struct cl_options *options);

/// The value of the option that was just read, NULL without one; valid up to the next call.
const char *cl_options_value(const struct cl_options *options);

/// The word that the last error is about.
const char *cl_options_bad_word(const struct cl_options *options);

/// What is wrong with it.
const char *cl_options_problem(int32_t error);

/// The next operand, once all options were read; NULL behind the last.
const char *cl_options_operand(struct cl_options *options);

/// Ends the reading.
void cl_options_close(struct cl_options *options);
