#include "chip.h"

/* Registers (SP805 TRM, DDI 0270; SpiNNaker datasheet, watchdog timer). */
enum {
    LOAD = 0x000,
    VALUE = 0x004,
    CONTROL = 0x008,
    INTERRUPT_CLEAR = 0x00c, /* a write of anything; it also starts the count anew */
    RAW_INTERRUPT = 0x010,
    MASKED_INTERRUPT = 0x014,
    LOCK = 0xc00,
};

#define COUNT_ENABLE 0x1u /* counts, and interrupts at zero */
#define RESET_ENABLE 0x2u
#define LOAD_RESET   0xffffffffu
#define UNLOCK_CODE  0x1acce551u /* written to LOCK, lets the other registers be written */

/* It counts the system AHB's clock, which SCAMP sets to a third of 400 MHz (scamp-3.c, pll_init). */
static uint64_t clocks_to_cycles(uint64_t clocks) {
    return clocks * SYSTEM_CLOCK_CPU_CYCLES_X2 / 2;
}

static uint32_t count_at(const struct watchdog *watchdog, uint64_t now) {
    if (watchdog->expiry == NEVER)
        return watchdog->count;
    return watchdog->expiry <= now ? 0 : (uint32_t)((watchdog->expiry - now) * 2 / SYSTEM_CLOCK_CPU_CYCLES_X2);
}

/* Count down from LOAD. A load of zero is taken as one, so that time always moves on. */
static void start(struct chip *chip, uint64_t now) {
    struct watchdog *watchdog = &chip->watchdog;

    watchdog->expiry = now + clocks_to_cycles(watchdog->load ? watchdog->load : 1);
    chip_expect(chip, watchdog->expiry);
}

static void set_interrupt(struct chip *chip, bool high) {
    chip->watchdog.interrupting = high;
    for (unsigned i = 0; i < CORES_PER_CHIP; i++)
        vic_drive(&chip->core[i], VIC_WATCHDOG, high);
}

void watchdog_reset(struct chip *chip) {
    chip->watchdog = (struct watchdog){.load = LOAD_RESET, .count = LOAD_RESET, .expiry = NEVER};
    set_interrupt(chip, false);
}

void watchdog_advance(struct chip *chip, uint64_t now) {
    struct watchdog *watchdog = &chip->watchdog;

    while (watchdog->expiry <= now) {
        if (watchdog->interrupting && watchdog->control & RESET_ENABLE) {
            chip_request_reset(chip, RESET_BY_WATCHDOG);
            watchdog->expiry = NEVER;
            return;
        }
        start(chip, watchdog->expiry);
        if (watchdog->interrupting)
            continue;
        set_interrupt(chip, true);
        sysctl_watchdog_barks(chip);
    }
}

uint32_t watchdog_read(struct chip *chip, uint32_t offset) {
    const struct watchdog *watchdog = &chip->watchdog;

    switch (offset) {
    case LOAD:
        return watchdog->load;
    case VALUE:
        return count_at(watchdog, chip_now(chip));
    case CONTROL:
        return watchdog->control;
    case RAW_INTERRUPT:
        return watchdog->interrupting;
    case MASKED_INTERRUPT:
        return watchdog->interrupting && watchdog->control & COUNT_ENABLE;
    case LOCK:
        return watchdog->locked;
    }
    chip_note_unmodelled(chip, NULL, WATCHDOG_BASE + offset, false);
    return 0;
}

static void write_control(struct chip *chip, uint32_t value) {
    struct watchdog *watchdog = &chip->watchdog;
    bool counted = watchdog->control & COUNT_ENABLE, counts = value & COUNT_ENABLE;

    watchdog->control = value & (COUNT_ENABLE | RESET_ENABLE);
    if (counts && !counted) {
        start(chip, chip_now(chip));
    } else if (counted && !counts) {
        watchdog->count = count_at(watchdog, chip_now(chip));
        watchdog->expiry = NEVER;
    }
}

void watchdog_write(struct chip *chip, uint32_t offset, uint32_t value) {
    struct watchdog *watchdog = &chip->watchdog;

    if (offset == LOCK) {
        watchdog->locked = value != UNLOCK_CODE;
        return;
    }
    if (watchdog->locked)
        return;
    switch (offset) {
    case LOAD:
        watchdog->load = watchdog->count = value;
        if (watchdog->expiry != NEVER)
            start(chip, chip_now(chip));
        break;
    case CONTROL:
        write_control(chip, value);
        break;
    case INTERRUPT_CLEAR:
        set_interrupt(chip, false);
        if (watchdog->expiry != NEVER)
            start(chip, chip_now(chip));
        break;
    default:
        chip_note_unmodelled(chip, NULL, WATCHDOG_BASE + offset, true);
        break;
    }
}

void watchdog_archive(struct archive *archive, struct watchdog *watchdog) {
    ARCHIVE(archive, watchdog->load);
    ARCHIVE(archive, watchdog->control);
    ARCHIVE(archive, watchdog->count);
    archive_bool(archive, &watchdog->locked);
    archive_bool(archive, &watchdog->interrupting);
    ARCHIVE(archive, watchdog->expiry);
}
