/* What a debugger wants of a core: where to stop it, and whom to tell.
 *
 * A core that a debugger is attached to is executed instruction by instruction. When a stop is due, `hold` is called in
 * the middle of the core's time window, before (breakpoint) or after (step, watchpoint) the instruction, and nothing
 * else happens in the machine until it returns. So emulated time stands still, and a run that was looked at is the
 * same, bit for bit, as one that was not. The debugger is no part of the machine's state. */
#ifndef SPINNLIVE_CHIP_DEBUG_H
#define SPINNLIVE_CHIP_DEBUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEBUG_BREAKPOINTS 64
#define DEBUG_WATCHPOINTS 16
#define DEBUG_WATCH_BYTES 64 /* that one watchpoint may cover */

struct processor;

enum debug_reason { DEBUG_BREAKPOINT, DEBUG_STEPPED, DEBUG_WATCH_WRITE, DEBUG_WATCH_READ, DEBUG_WATCH_ACCESS };

/* DEBUG_WATCH_WRITE: stops when the core writes there, and also when anybody else (a transfer, another core, a message
 * from the host) has changed what lies there. The others: when the core's own instructions touch it. */
struct debug_watchpoint {
    enum debug_reason kind;
    uint32_t address, length;
    uint8_t seen[DEBUG_WATCH_BYTES]; /* what lay there last */
};

struct debug {
    uint32_t breakpoint[DEBUG_BREAKPOINTS];
    unsigned breakpoints;
    struct debug_watchpoint watchpoint[DEBUG_WATCHPOINTS];
    unsigned watchpoints;
    bool stepping; /* stop after the next instruction */
    bool passing;  /* the next instruction's breakpoint has been reported */
    /* The core has stopped. Returns when it may go on; it may attach, detach and change anything of the core. */
    void (*hold)(void *context, struct processor *processor, enum debug_reason reason, uint32_t address);
    void *context;
};

/* As arm_run(), with an eye on the debugger's wishes. Only for a core whose `debug` is not NULL. */
int32_t debug_run(struct processor *processor, int32_t cycles);

/* Add or remove; false if there is no room, or the length is out of range. Adding twice is adding once. */
bool debug_set_breakpoint(struct debug *debug, uint32_t address, bool set);
bool debug_set_watchpoint(struct processor *processor, enum debug_reason kind, uint32_t address, uint32_t length,
                          bool set);

/* Memory as the core sees it, with devices and without their side effects; a debugger's look changes nothing. Returns
 * how many bytes could be had before the first that nothing answers for. */
size_t debug_read(struct processor *processor, uint32_t address, uint8_t *bytes, size_t length);

/* Write memory, or devices (by words, with all that follows from it). Returns likewise. */
size_t debug_write(struct processor *processor, uint32_t address, const uint8_t *bytes, size_t length);

#endif
