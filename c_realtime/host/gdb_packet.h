/* What GDB's packets ask of a core, and the answers: contents in, contents out. Sockets are gdb.c's. */
#ifndef SPINNLIVE_HOST_GDB_PACKET_H
#define SPINNLIVE_HOST_GDB_PACKET_H

#include "../chip/chip.h"
#include "rsp.h"

/* Signals, as GDB numbers them. */
#define GDB_SIGINT  2
#define GDB_SIGTRAP 5

enum gdb_outcome {
    GDB_ANSWER, /* send the answer; the core stays as it is */
    GDB_GO_ON,  /* let the core run; the answer follows when it stops */
    GDB_STEP,   /* let it execute one instruction */
    GDB_DETACH, /* send the answer, and let go of the core */
    GDB_LEAVE,  /* the same without an answer */
    GDB_QUIET,  /* send the answer, and acknowledge nothing from now on */
};

struct gdb_answer {
    char text[RSP_PACKET_BYTES];
    size_t length;
};

/* Obey a packet (rsp->packet, of rsp->length) for a core that is stopped and has a debugger attached. `stopped` says
 * why it is. Without `may_write` what would change the core or its memory is refused. */
enum gdb_outcome gdb_obey(struct processor *core, struct rsp *rsp, const char *stopped, bool may_write,
                          struct gdb_answer *answer);

/* The answer that says why the core has stopped. */
struct gdb_answer gdb_stop_reply(enum debug_reason reason, uint32_t address);

#endif
