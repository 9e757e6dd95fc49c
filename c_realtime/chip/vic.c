#include "processor.h"

/* Registers (PL190 TRM; SpiNNaker datasheet). */
enum {
    IRQ_STATUS = 0x00,
    FIQ_STATUS = 0x04,
    RAW = 0x08,
    FIQ_SELECT = 0x0c,
    ENABLE = 0x10,
    DISABLE = 0x14,
    SOFTWARE_SET = 0x18,
    SOFTWARE_CLEAR = 0x1c,
    VECTOR_ADDRESS = 0x30,
    DEFAULT_ADDRESS = 0x34,
    SLOT_ADDRESS = 0x100,
    SLOT_CONTROL = 0x200,
};

#define SLOT_ENABLED 0x20u

static uint32_t raw(const struct vic *vic) {
    return vic->lines | vic->software;
}

static uint32_t irq_waiting(const struct vic *vic) {
    return raw(vic) & vic->enable & ~vic->fiq_select;
}

/* The highest level above the one in service at which something waits; the one in service if nothing does. */
static uint32_t level_waiting(const struct vic *vic) {
    uint32_t waiting = irq_waiting(vic);

    if (waiting == 0)
        return vic->level;
    for (uint32_t slot = 0; slot < VIC_SLOTS && slot < vic->level; slot++)
        if (vic->control[slot] & SLOT_ENABLED && waiting >> (vic->control[slot] & 31) & 1)
            return slot;
    return vic->level < VIC_DEFAULT ? vic->level : VIC_DEFAULT;
}

static void update(struct processor *processor) {
    const struct vic *vic = &processor->vic;
    bool fiq = raw(vic) & vic->enable & vic->fiq_select;
    bool irq = level_waiting(vic) < vic->level;

    arm_set_interrupt_lines(&processor->arm, irq, fiq);
    if (irq || fiq)
        processor_wake(processor);
}

void vic_reset(struct processor *processor) {
    struct vic *vic = &processor->vic;
    *vic = (struct vic){.lines = vic->lines, .level = VIC_IDLE};
    update(processor);
}

void vic_drive(struct processor *processor, uint32_t mask, bool high) {
    struct vic *vic = &processor->vic;
    uint32_t lines = high ? vic->lines | mask : vic->lines & ~mask;
    if (lines != vic->lines) {
        vic->lines = lines;
        update(processor);
    }
}

/* Reading the vector address takes the highest level that waits into service; writing it ends that service. The sources
 * without a slot are a level like the others: SARK's handler for them does nothing, not even end its service, and so
 * they are silent from then on. If they were not, a packet that comes while SCAMP sets up its slots would stop it for
 * ever. */
static uint32_t begin_service(struct processor *processor) {
    struct vic *vic = &processor->vic;
    uint32_t level = level_waiting(vic);

    if (level == vic->level)
        return vic->default_address;
    vic->interrupted[vic->depth++] = vic->level; /* each is higher than the last: depth stays within bounds */
    vic->level = level;
    update(processor);
    return level == VIC_DEFAULT ? vic->default_address : vic->address[level];
}

static void end_service(struct processor *processor) {
    struct vic *vic = &processor->vic;
    vic->level = vic->depth ? vic->interrupted[--vic->depth] : VIC_IDLE;
}

uint32_t vic_read(struct processor *processor, uint32_t offset) {
    struct vic *vic = &processor->vic;

    switch (offset) {
    case IRQ_STATUS:
        return irq_waiting(vic);
    case FIQ_STATUS:
        return raw(vic) & vic->enable & vic->fiq_select;
    case RAW:
        return raw(vic);
    case FIQ_SELECT:
        return vic->fiq_select;
    case ENABLE:
        return vic->enable;
    case SOFTWARE_SET:
        return vic->software;
    case DISABLE: /* write only */
    case SOFTWARE_CLEAR:
        return 0;
    case VECTOR_ADDRESS:
        return begin_service(processor);
    case DEFAULT_ADDRESS:
        return vic->default_address;
    }
    if (offset >= SLOT_ADDRESS && offset < SLOT_ADDRESS + 4 * VIC_SLOTS)
        return vic->address[(offset - SLOT_ADDRESS) / 4];
    if (offset >= SLOT_CONTROL && offset < SLOT_CONTROL + 4 * VIC_SLOTS)
        return vic->control[(offset - SLOT_CONTROL) / 4];
    processor_note_unmodelled(processor, VIC_BASE + offset, false);
    return 0;
}

void vic_write(struct processor *processor, uint32_t offset, uint32_t value) {
    struct vic *vic = &processor->vic;

    switch (offset) {
    case FIQ_SELECT:
        vic->fiq_select = value;
        break;
    case ENABLE:
        vic->enable |= value;
        break;
    case DISABLE:
        vic->enable &= ~value;
        break;
    case SOFTWARE_SET:
        vic->software |= value;
        break;
    case SOFTWARE_CLEAR:
        vic->software &= ~value;
        break;
    case VECTOR_ADDRESS:
        end_service(processor);
        break;
    case DEFAULT_ADDRESS:
        vic->default_address = value;
        break;
    default:
        if (offset >= SLOT_ADDRESS && offset < SLOT_ADDRESS + 4 * VIC_SLOTS)
            vic->address[(offset - SLOT_ADDRESS) / 4] = value;
        else if (offset >= SLOT_CONTROL && offset < SLOT_CONTROL + 4 * VIC_SLOTS)
            vic->control[(offset - SLOT_CONTROL) / 4] = value & (SLOT_ENABLED | 31);
        else
            processor_note_unmodelled(processor, VIC_BASE + offset, true);
        break;
    }
    update(processor);
}

void vic_archive(struct archive *archive, struct vic *vic) {
    ARCHIVE(archive, vic->lines);
    ARCHIVE(archive, vic->software);
    ARCHIVE(archive, vic->enable);
    ARCHIVE(archive, vic->fiq_select);
    ARCHIVE(archive, vic->address);
    ARCHIVE(archive, vic->control);
    ARCHIVE(archive, vic->default_address);
    ARCHIVE(archive, vic->level);
    ARCHIVE(archive, vic->depth);
    ARCHIVE(archive, vic->interrupted);
    /* Nested levels are each of higher priority than the one before. */
    archive_expect(archive, vic->level <= VIC_IDLE && vic->depth <= VIC_IDLE);
    for (uint32_t i = 0; archive->restoring && !archive->failed && i < vic->depth; i++)
        archive_expect(archive, vic->interrupted[i] <= VIC_IDLE &&
                                    (i + 1 < vic->depth ? vic->interrupted[i + 1] : vic->level) < vic->interrupted[i]);
}
