// SPDX-License-Identifier: Apache-2.0

#include "options.h"

#include <popt.h>
#include <stdlib.h>
#include <string.h>

struct cl_options {
  poptContext context;
  struct poptOption *table;
  const char **words;
  char *names;
  char *text;
  char *value;
};

static char *copy(const char *bytes, size_t count) {
  char *made = malloc(count + 1);
  if (made && count) memcpy(made, bytes, count);
  return made;
}

// Fills in popt's table, whose last row is zeros; the names stay where they are, less the `=`.
static void fill(struct poptOption *table, char *name, uint32_t count) {
  for (uint32_t index = 0; index < count; ++index) {
    size_t length = strlen(name);
    struct poptOption *option = &table[index];
    option->val = (int)index + 1;
    if (name[length - 1] == '=') {
      name[length - 1] = 0;
      option->argInfo = POPT_ARG_STRING;
    }
    if (name[1] == '-') {
      option->longName = name + 2;
    } else {
      option->shortName = name[1];
    }
    name += length + 1;
  }
}

struct cl_options *cl_options_open(const char *spellings, size_t spelling_bytes,
                                   uint32_t spelling_count, const char *words, size_t word_bytes,
                                   uint32_t word_count) {
  struct cl_options *options = calloc(1, sizeof *options);
  if (!options) return NULL;
  options->table = calloc((size_t)spelling_count + 1, sizeof *options->table);
  options->words = calloc((size_t)word_count + 2, sizeof *options->words);
  options->names = copy(spellings, spelling_bytes);
  options->text = copy(words, word_bytes);
  if (options->table && options->words && options->names && options->text) {
    fill(options->table, options->names, spelling_count);
    // popt skips the first word, the command's name.
    options->words[0] = "";
    const char *word = options->text;
    for (uint32_t index = 1; index <= word_count; ++index) {
      options->words[index] = word;
      word += strlen(word) + 1;
    }
    options->context =
        poptGetContext(NULL, (int)word_count + 1, options->words, options->table, 0);
    if (options->context) return options;
  }
  cl_options_close(options);
  return NULL;
}

int32_t cl_options_next(struct cl_options *options) {
  free(options->value);
  options->value = NULL;
  int code = poptGetNextOpt(options->context);
  if (code <= 0) return code;
  options->value = poptGetOptArg(options->context);
  return code - 1;
}

const char *cl_options_value(const struct cl_options *options) { return options->value; }

const char *cl_options_bad_word(const struct cl_options *options) {
  return poptBadOption(options->context, POPT_BADOPTION_NOALIAS);
}

const char *cl_options_problem(int32_t error) { return poptStrerror(error); }

const char *cl_options_operand(struct cl_options *options) {
  return poptGetArg(options->context);
}

void cl_options_close(struct cl_options *options) {
  if (options->context) poptFreeContext(options->context);
  free(options->value);
  free(options->text);
  free(options->names);
  free(options->words);
  free(options->table);
  free(options);
}
