/* The control port: the one thing that an emulated board has and a real one lacks. A datagram with a command is
 * answered with one datagram of JSON. */
#ifndef SPINNLIVE_HOST_CONTROL_H
#define SPINNLIVE_HOST_CONTROL_H

#include "host.h"

#define CONTROL_PORT 17880

/* Answer what has come in on the control port's socket.
 *
 *   status          time, speed, traffic
 *   unmodelled      registers that software touched and that are not modelled
 *   hash            the hash of the whole machine's state
 *   pace realtime   tie emulated time to the wall clock, or let it go:
 *   pace free
 *   snapshot NAME   save the whole machine in a new file of the folder that was named at the start
 *   record NAME     write an input log there from now on;
 *   record          end it */
void control_answer(int fd, struct host *host);

#endif
