/* The control port: the one thing that an emulated board has and a real one lacks. A datagram with a command is
 * answered with one datagram of JSON. */
#ifndef SPINNLIVE_HOST_CONTROL_H
#define SPINNLIVE_HOST_CONTROL_H

#include "answer.h"
#include "host.h"

#define CONTROL_PORT 17880

/* Obey one command.
 *
 *   status              time, speed, traffic
 *   unmodelled          registers that software touched and that are not modelled
 *   chip X,Y            a chip's cores, queues, router, Ethernet, diodes (inspect.h)
 *   core X,Y,P          a core's registers and what its software has left in its block
 *   iobuf X,Y,P OFFSET  a piece of a core's output text
 *   gdb X,Y,P PORT|off  open a TCP port for a debugger of the core, or close it (gdb.h)
 *   freeze MS|forever   let nothing happen for so long by the wall clock;
 *   thaw                go on
 *   hash                the hash of the whole machine's state
 *   pace realtime       tie emulated time to the wall clock, or let it go:
 *   pace free
 *   snapshot NAME       save the whole machine in a new file of the folder that was named at the start
 *   record NAME         write an input log there from now on;
 *   record              end it
 *
 * P is SCAMP's number of a core: 0 is the monitor. */
void control_obey(struct answer *answer, const char *command, struct host *host);

/* Answer what has come in on the control port's socket. */
void control_answer(int fd, struct host *host);

#endif
