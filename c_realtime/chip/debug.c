#include "debug.h"

#include <stdlib.h>
#include <string.h>

#include "../arm/access.h"
#include "chip.h"

/* ---- memory ---- */

/* Reading a device's register may change it (a packet is taken, a lock is set). So the whole chip is put back as it was
 * afterwards: it is two megabytes, and nobody reads many registers by hand. SDRAM lies outside of it, and no read
 * changes SDRAM. */
static bool peek_device(struct processor *processor, uint32_t address, uint32_t *word) {
    struct chip *chip = processor->chip, *saved = malloc(sizeof *saved);

    if (saved == NULL)
        return false;
    *saved = *chip;
    bool there = processor->arm.bus.read(processor->arm.bus.context, address & ~3u, 4, word);
    *chip = *saved;
    free(saved);
    return there;
}

size_t debug_read(struct processor *processor, uint32_t address, uint8_t *bytes, size_t length) {
    uint32_t word = 0, word_address = 1; /* the device register last read; 1 is none's address */

    for (size_t i = 0; i < length; i++, address++) {
        const uint8_t *memory = arm_memory(&processor->arm, address);
        if (memory != NULL) {
            bytes[i] = *memory;
            continue;
        }
        if (word_address != (address & ~3u) && !peek_device(processor, address, &word))
            return i;
        word_address = address & ~3u;
        bytes[i] = (uint8_t)(word >> 8 * (address & 3));
    }
    return length;
}

static bool poke_device(struct processor *processor, uint32_t address, unsigned bytes, uint32_t value) {
    struct arm_core *arm = &processor->arm;
    int32_t left = arm->cycles_left;
    bool there = arm->bus.write(arm->bus.context, address, bytes, value);

    if (arm->cycles_left > 0 || left <= 0) /* what the access costs is the debugger's; a slice cut short stays so */
        arm->cycles_left = left;
    return there;
}

size_t debug_write(struct processor *processor, uint32_t address, const uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length;) {
        uint8_t *memory = arm_memory(&processor->arm, address);
        unsigned width = !(address & 3) && length - i >= 4 ? 4 : !(address & 1) && length - i >= 2 ? 2 : 1;
        uint32_t value = 0;
        if (memory != NULL) {
            *memory = bytes[i];
            arm_code_changed(&processor->arm, address, 1);
            width = 1;
        } else {
            memcpy(&value, bytes + i, width);
            if (!poke_device(processor, address, width, value))
                return i;
        }
        i += width;
        address += width;
    }
    return length;
}

/* ---- where to stop ---- */

bool debug_set_breakpoint(struct debug *debug, uint32_t address, bool set) {
    for (unsigned i = 0; i < debug->breakpoints; i++)
        if (debug->breakpoint[i] == address) {
            if (!set)
                debug->breakpoint[i] = debug->breakpoint[--debug->breakpoints];
            return true;
        }
    if (set && debug->breakpoints == DEBUG_BREAKPOINTS)
        return false;
    if (set)
        debug->breakpoint[debug->breakpoints++] = address;
    return true;
}

/* The plain memory that a watchpoint covers, or NULL: a device is not looked at, only accesses to it are. */
static const uint8_t *watched_memory(struct processor *processor, const struct debug_watchpoint *watchpoint) {
    const uint8_t *first = arm_memory(&processor->arm, watchpoint->address);
    const uint8_t *last = arm_memory(&processor->arm, watchpoint->address + watchpoint->length - 1);

    return first != NULL && last == first + watchpoint->length - 1 ? first : NULL;
}

bool debug_set_watchpoint(struct processor *processor, enum debug_reason kind, uint32_t address, uint32_t length,
                          bool set) {
    struct debug *debug = processor->debug;
    struct debug_watchpoint wanted = {.kind = kind, .address = address, .length = length};

    if (length == 0 || length > DEBUG_WATCH_BYTES || address + (length - 1) < address)
        return false;
    for (unsigned i = 0; i < debug->watchpoints; i++) {
        const struct debug_watchpoint *each = &debug->watchpoint[i];
        if (each->kind == kind && each->address == address && each->length == length) {
            if (!set)
                debug->watchpoint[i] = debug->watchpoint[--debug->watchpoints];
            return true;
        }
    }
    if (!set)
        return true;
    if (debug->watchpoints == DEBUG_WATCHPOINTS)
        return false;
    const uint8_t *memory = watched_memory(processor, &wanted);
    if (memory != NULL)
        memcpy(wanted.seen, memory, length);
    debug->watchpoint[debug->watchpoints++] = wanted;
    return true;
}

/* ---- execution ---- */

static bool has_breakpoint(const struct debug *debug, uint32_t address) {
    for (unsigned i = 0; i < debug->breakpoints; i++)
        if (debug->breakpoint[i] == address)
            return true;
    return false;
}

static bool is_touched(const struct debug_watchpoint *watchpoint, const struct arm_access *access) {
    bool kind_fits = watchpoint->kind == DEBUG_WATCH_WRITE  ? access->writes
                     : watchpoint->kind == DEBUG_WATCH_READ ? access->reads
                                                            : access->reads || access->writes;

    return kind_fits && access->bytes > 0 && access->address <= watchpoint->address + (watchpoint->length - 1) &&
           watchpoint->address <= access->address + (access->bytes - 1);
}

static bool has_changed(struct processor *processor, struct debug_watchpoint *watchpoint) {
    const uint8_t *memory = watched_memory(processor, watchpoint);

    if (memory == NULL || memcmp(memory, watchpoint->seen, watchpoint->length) == 0)
        return false;
    memcpy(watchpoint->seen, memory, watchpoint->length);
    return true;
}

/* The watchpoint that the instruction just executed has met, or NULL. All are looked at, so that no old change is told
 * later. */
static const struct debug_watchpoint *met(struct processor *processor, const struct arm_access *access) {
    struct debug *debug = processor->debug;
    const struct debug_watchpoint *found = NULL;

    for (unsigned i = 0; i < debug->watchpoints; i++) {
        struct debug_watchpoint *each = &debug->watchpoint[i];
        bool changed = has_changed(processor, each);
        if (is_touched(each, access) || (changed && each->kind == DEBUG_WATCH_WRITE))
            found = each;
    }
    return found;
}

static void stop(struct processor *processor, enum debug_reason reason, uint32_t address) {
    struct debug *debug = processor->debug;

    debug->stepping = false;
    debug->hold(debug->context, processor, reason, address);
    if (processor->debug != NULL)
        processor->debug->passing = true;
}

/* One instruction as arm_run() would execute it: an interrupt that is due is entered first. */
static void run_one(struct processor *processor) {
    struct arm_core *arm = &processor->arm;

    if (arm->interrupt_due) {
        arm_step(arm);
        processor->debug->passing = false;
    }
    if (!processor->debug->passing && has_breakpoint(processor->debug, arm->pc))
        stop(processor, DEBUG_BREAKPOINT, arm->pc);
    if (processor->debug == NULL) {
        arm_step(arm);
        return;
    }
    struct arm_access access = processor->debug->watchpoints ? arm_next_access(arm) : (struct arm_access){0};
    bool stepping = processor->debug->stepping;
    processor->debug->passing = false;
    arm_step(arm);
    const struct debug_watchpoint *watchpoint = met(processor, &access);
    if (watchpoint != NULL)
        stop(processor, watchpoint->kind, watchpoint->address);
    else if (stepping)
        stop(processor, DEBUG_STEPPED, arm->pc);
}

int32_t debug_run(struct processor *processor, int32_t cycles) {
    struct arm_core *arm = &processor->arm;

    arm->cycles_granted = arm->cycles_left = cycles;
    while (arm->cycles_left > 0 && !arm->waiting) {
        if (processor->debug != NULL)
            run_one(processor);
        else /* it has detached in the middle of the slice */
            arm_step(arm);
    }
    return arm_cycles_spent(arm);
}
