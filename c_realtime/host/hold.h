/* Times in which the machine does not run although it could: a debugger holds it, or it was frozen. Nothing changes in
 * the emulated world meanwhile, and what comes for it waits in the host's sockets. */
#ifndef SPINNLIVE_HOST_HOLD_H
#define SPINNLIVE_HOST_HOLD_H

#include "host.h"

#define HOLD_FOREVER INT64_MAX

bool hold_is_on(struct host *host);

/* Wait for the control port, a debugger, or the end of the pause, and serve whoever it is. False if the program is to
 * end. */
bool hold_wait(struct host *host);

/* Freeze for so long (wall time, ns) from now on, or HOLD_FOREVER; 0 thaws. */
void hold_freeze(struct host *host, int64_t ns);

/* Is the program to end: by a signal, or because its owner did? Kept by main.c. */
bool host_must_end(struct host *host, bool lifeline_readable);

#endif
