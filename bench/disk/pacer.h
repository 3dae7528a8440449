// SPDX-License-Identifier: Apache-2.0
// Turns busy seconds into moments: one request after the other, no parallelism.
#ifndef DISK_PACER_H
#define DISK_PACER_H

struct pacer {
  double busy_until_s;  // when the simulated disk is done with all it was given
};

// A request of `cost_s` that arrives at `now_s`: returns the moment at which it is done. A disk
// that was idle for less than the credit counts as not idle at all: the time that the server, FUSE
// and the loop device need between two requests is not the disk's.
double pacer_finish_s(struct pacer *pacer, double now_s, double cost_s);

#endif
