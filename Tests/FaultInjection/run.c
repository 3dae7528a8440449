// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "FaultInjection.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"

struct fi_run {
  uint64_t seed;
  uint32_t fault_count;
  bool is_user;
  struct fi_fault faults[fi_faults_max];
  atomic_uint met[fi_faults_max];
  atomic_uint calls[FI_KINDS];
  atomic_int descriptors;
  uint32_t interrupted_call;
  uint32_t interrupted_number;
  void (*interruption)(void *);
  void *interruption_context;
  const uint8_t *answers;
  const uint8_t *answers_end;
  bool has_answers;
};

static _Thread_local struct fi_run *current;

#define FI_ROW(name, ...) \
  {#name, sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t), {__VA_ARGS__}},
static const struct {
  const char *name;
  uint32_t count;
  int32_t errors[16];
} table[] = {FI_CALLS(FI_ROW)};
#undef FI_ROW

// The runs under way, for whoever has to tell of them.
enum { RUNS_MAX = 16 };
static struct fi_run *_Atomic runs[RUNS_MAX];

// A run takes milliseconds; one that takes this many seconds will never end.
enum { HANG_SECONDS = 300 };

static void tell(const struct fi_run *run) {
  char line[] = "\ncrashed or hung: FASTSYNC_FAULT_SEED=00000000000000000000\n";
  size_t end = sizeof line - 2;
  for (uint64_t rest = run->seed; rest > 0; rest /= 10) line[--end] = '0' + (char)(rest % 10);
  if (write(STDERR_FILENO, line, sizeof line - 1) < 0) _exit(1);
}

// What a crash or a hang leaves is the line that repeats it.
static void crashed(int signal) {
  for (int i = 0; i < RUNS_MAX; i++) {
    struct fi_run *run = runs[i];
    if (run && (run == current || !current)) tell(run);
  }
  struct sigaction usual = {.sa_handler = SIG_DFL};
  sigaction(signal, &usual, NULL);
  raise(signal);
}

static void watch(struct fi_run *run) {
  static const int crashes[] = {SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGALRM};
  struct sigaction action = {.sa_handler = crashed, .sa_flags = SA_RESETHAND};
  for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
    sigaction(crashes[i], &action, NULL);
  for (int i = 0; i < RUNS_MAX; i++) {
    struct fi_run *none = NULL;
    if (atomic_compare_exchange_strong(&runs[i], &none, run)) break;
  }
  alarm(HANG_SECONDS);
}

static void stop_watching(const struct fi_run *run) {
  bool is_watched = false, is_last = true;
  for (int i = 0; i < RUNS_MAX; i++) {
    if (runs[i] != run) {
      is_last = is_last && !runs[i];
      continue;
    }
    runs[i] = NULL;
    is_watched = true;
  }
  if (is_watched && is_last) alarm(0);
}

struct fi_run *fi_begin(const struct fi_fault *faults, uint32_t count, uint64_t seed,
                        bool is_user) {
  struct fi_run *run = calloc(1, sizeof *run);
  if (!run || count > fi_faults_max) abort();
  run->seed = seed;
  run->is_user = is_user;
  run->fault_count = count;
  if (count > 0) memcpy(run->faults, faults, count * sizeof *faults);
  watch(run);
  current = run;
  return run;
}

void fi_interrupt(struct fi_run *run, uint32_t call, uint32_t number, void (*body)(void *),
                  void *context) {
  run->interrupted_call = call;
  run->interrupted_number = number;
  run->interruption_context = context;
  run->interruption = body;
}

void fi_end(void) { current = NULL; }

void fi_free(struct fi_run *run) {
  stop_watching(run);
  free(run);
}

struct fi_run *fi_current(void) { return current; }
void fi_enter(struct fi_run *run) { current = run; }

uint32_t fi_calls(const struct fi_run *run, uint32_t call) { return run->calls[call]; }
uint32_t fi_met(const struct fi_run *run, uint32_t fault) { return run->met[fault]; }
int32_t fi_descriptors(const struct fi_run *run) { return run->descriptors; }

uint32_t fi_call_count(void) { return FI_KINDS; }
const char *fi_call_name(uint32_t call) { return table[call].name; }
const int32_t *fi_call_errors(uint32_t call, uint32_t *count) {
  *count = table[call].count;
  return table[call].errors;
}

int fi_next(enum fi_kind kind) {
  struct fi_run *run = current;
  if (!run) return 0;
  uint32_t number = atomic_fetch_add(&run->calls[kind], 1);
  if (run->interruption && kind == run->interrupted_call && number == run->interrupted_number) {
    current = NULL;
    run->interruption(run->interruption_context);
    current = run;
  }
  for (uint32_t i = 0; i < run->fault_count; i++) {
    const struct fi_fault *fault = &run->faults[i];
    if (fault->call != kind || number < fault->first) continue;
    if (number - fault->first >= fault->count) continue;
    run->met[i]++;
    return fault->error;
  }
  return 0;
}

int fi_opened(int result) {
  if (current && result >= 0) current->descriptors++;
  return result;
}

void fi_closed(void) {
  if (current) current->descriptors--;
}

int fi_is_user(void) { return current && current->is_user; }

struct fi_run *fi_begin_answers(const uint8_t *bytes, size_t count) {
  // Who makes answers up watches by itself.
  struct fi_run *run = calloc(1, sizeof *run);
  if (!run) abort();
  run->answers = bytes;
  run->answers_end = bytes + count;
  run->has_answers = true;
  current = run;
  return run;
}

int fi_answers(void) { return current && current->has_answers; }

long fi_answer(void *buffer, size_t room) {
  struct fi_run *run = current;
  size_t left = (size_t)(run->answers_end - run->answers);
  if (left == 0) return errno = ENOENT, -1;
  const uint8_t *end = memchr(run->answers, 0xff, left);
  size_t length = end ? (size_t)(end - run->answers) : left;
  const uint8_t *piece = run->answers;
  run->answers += end ? length + 1 : length;
  if (length > room) return errno = ERANGE, -1;
  if (length > 0) memcpy(buffer, piece, length);
  return (long)length;
}
