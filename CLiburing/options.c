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

// Marks the rows of options whose value may be left out: popt would take the next word for it.
static const char *const is_optional = "?";

// Fills in popt's table, whose last row is zeros; the names stay where they are, less the sign.
static void fill(struct poptOption *table, char *name, uint32_t count) {
  for (uint32_t index = 0; index < count; ++index) {
    size_t length = strlen(name);
    struct poptOption *option = &table[index];
    option->val = (int)index + 1;
    if (name[length - 1] == '=') {
      name[length - 1] = 0;
      option->argInfo = POPT_ARG_STRING;
    } else if (name[length - 1] == *is_optional) {
      name[length - 1] = 0;
      option->argDescrip = is_optional;
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

// The option of a word that has a value which popt does not want, if it may have one: sets the
// value.
static int find_optional(struct cl_options *options) {
  const char *word = poptBadOption(options->context, POPT_BADOPTION_NOALIAS);
  const char *sign = word && !strncmp(word, "--", 2) ? strchr(word, '=') : NULL;
  if (!sign) return 0;
  size_t length = (size_t)(sign - word) - 2;
  for (const struct poptOption *option = options->table; option->val; ++option) {
    if (option->argDescrip != is_optional || strncmp(option->longName, word + 2, length) ||
        option->longName[length]) {
      continue;
    }
    options->value = copy(sign + 1, strlen(sign + 1) + 1);
    return options->value ? option->val : 0;
  }
  return 0;
}

int32_t cl_options_next(struct cl_options *options) {
  free(options->value);
  options->value = NULL;
  int code = poptGetNextOpt(options->context);
  if (code == POPT_ERROR_UNWANTEDARG) {
    int found = find_optional(options);
    if (found > 0) return found - 1;
  }
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
