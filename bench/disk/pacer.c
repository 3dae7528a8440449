// SPDX-License-Identifier: Apache-2.0
#include "pacer.h"

static const double credit_s = 0.005;

double pacer_finish_s(struct pacer *pacer, double now_s, double cost_s) {
  if (pacer->busy_until_s < now_s - credit_s) pacer->busy_until_s = now_s - credit_s;
  pacer->busy_until_s += cost_s;
  return pacer->busy_until_s > now_s ? pacer->busy_until_s : now_s;
}
