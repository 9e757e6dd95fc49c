/* A GDB remote stub for any core: TCP ports on the board's address, one for each core that is to be debugged, and one
 * debugger on each.
 *
 * While a debugger holds a core the whole machine is held, as if somebody had stopped all its clocks: emulated time
 * stands still, so nothing in the emulated world times out, and datagrams wait in the host. What a debugger only looks
 * at goes on bit for bit as if it had not. */
#ifndef SPINNLIVE_HOST_GDB_H
#define SPINNLIVE_HOST_GDB_H

#include "gdb_packet.h"

#define GDB_SESSIONS 16

struct host;
struct gdb;

struct gdb_session {
    struct gdb *gdb;
    struct processor *core;   /* NULL: the session is free */
    int listener, connection; /* -1: none */
    unsigned port;
    struct debug debug;
    struct rsp rsp;
    bool stopped;
    bool quiet;                                    /* no acknowledgements any more */
    char reason[64];                               /* the answer to "why has it stopped?" */
    char frame[RSP_FRAME_BYTES(RSP_PACKET_BYTES)]; /* the last, should it be wanted again */
    size_t frame_length;
};

struct gdb {
    struct host *host;
    int poll;           /* readable when a debugger wants something: an epoll instance */
    bool inside_window; /* a core is held in the middle of a time window */
    struct gdb_session session[GDB_SESSIONS];
};

/* False, with a message, if the host does not give what it takes. */
bool gdb_start(struct gdb *gdb, struct host *host);
void gdb_end(struct gdb *gdb);

/* Listen for a debugger of this core, on the address of board `board`; port 0 lets the host choose one. Returns the
 * port, or 0 with a complaint. Asking for a core that has a port already gives that port. */
unsigned gdb_listen(struct gdb *gdb, struct processor *core, unsigned board, unsigned port, const char **complaint);

/* Let go of the core and close its port. False if it has none. */
bool gdb_close(struct gdb *gdb, const struct processor *core);

/* Do what the debuggers want. */
void gdb_serve(struct gdb *gdb);

/* Does a debugger hold the machine? Is there any debugger? */
bool gdb_holds(const struct gdb *gdb);
bool gdb_is_attached(const struct gdb *gdb);

/* Let go of all cores. */
void gdb_release(struct gdb *gdb);

#endif
