#include "chip.h"

/* ---- the core's own devices; all else is the chip's ---- */

static bool bus_read(void *context, uint32_t address, unsigned bytes, uint32_t *value) {
    struct processor *processor = context;
    uint32_t offset = address & 0xffc, word;

    arm_spend(&processor->arm, DEVICE_READ_WAIT);
    switch (address >> 24) {
    case 0x10:
    case 0x20:
        word = comms_read(processor, offset);
        break;
    case 0x11:
    case 0x21:
        word = timer_read(processor, offset);
        break;
    case 0x1f:
    case 0x2f:
        word = vic_read(processor, offset);
        break;
    case 0x30:
    case 0x40:
        word = dma_read(processor, offset);
        break;
    case 0xff: /* the VIC again, where a branch at the IRQ vector can reach it */
        if (address < 0xfffff000u)
            return false;
        word = vic_read(processor, offset);
        break;
    default:
        if (!chip_read(processor->chip, processor, address & ~3u, &word))
            return false;
        break;
    }
    word >>= 8 * (address & 3);
    *value = bytes == 4 ? word : bytes == 2 ? word & 0xffff : word & 0xff;
    return true;
}

static bool bus_write(void *context, uint32_t address, unsigned bytes, uint32_t value) {
    struct processor *processor = context;
    uint32_t offset = address & 0xffc;

    arm_spend(&processor->arm, BUFFERED_WAIT);
    switch (address >> 24) {
    case 0x10:
    case 0x20:
        comms_write(processor, offset, value);
        return true;
    case 0x11:
    case 0x21:
        timer_write(processor, offset, value);
        return true;
    case 0x1f:
    case 0x2f:
        vic_write(processor, offset, value);
        return true;
    case 0x30:
    case 0x40:
        dma_write(processor, offset, value);
        return true;
    case 0xff:
        if (address < 0xfffff000u)
            return false;
        vic_write(processor, offset, value);
        return true;
    default:
        return chip_write(processor->chip, processor, address, bytes, value);
    }
}

/* The core's own devices, which bus_read() and bus_write() name. */
static bool bus_is_harmless(uint32_t address) {
    switch (address >> 24) {
    case 0x10:
    case 0x11:
    case 0x1f:
    case 0x20:
    case 0x21:
    case 0x2f:
    case 0x30:
    case 0x40:
        return true;
    default:
        return address >= 0xfffff000u;
    }
}

/* Timers are what software waits for by looking again and again. */
static uint64_t bus_stays_positive(void *context, uint32_t address) {
    struct processor *processor = context;

    if (address >> 24 == 0x11 || address >> 24 == 0x21)
        return timer_stays_positive(processor, address & 0xffc);
    return 0;
}

/* ---- life ---- */

void processor_init(struct processor *processor, struct chip *chip, unsigned index) {
    processor->chip = chip;
    processor->index = index;
    processor->arm.bus = (struct arm_bus){processor, bus_read, bus_write, bus_stays_positive, bus_is_harmless};
    chip_map_memories(chip, processor->arm.window);
    processor_power_up(processor);
}

void processor_power_up(struct processor *processor) {
    processor->state = PROCESSOR_UNBOOTED;
    processor->clocked = false;
    processor_reset(processor);
}

void processor_reset(struct processor *processor) {
    arm_reset(&processor->arm);
    vic_reset(processor);
    timer_reset(processor);
    comms_reset(processor);
    dma_reset(processor);
}

void processor_break(struct processor *processor) {
    processor->broken = true;
    processor->chip->sysctl.cpu_ok &= ~(1u << processor->index);
}

void processor_note_unmodelled(struct processor *processor, uint32_t address, bool write) {
    chip_note_unmodelled(processor->chip, processor, address, write);
}

/* ---- time ---- */

void processor_reschedule(struct processor *processor) {
    uint64_t next = processor->dma.pending ? processor->dma.completion[0] : NEVER;

    for (unsigned i = 0; i < TIMERS; i++)
        if (processor->timer[i].expiry < next)
            next = processor->timer[i].expiry;
    processor->next_event = next;
    /* An event that now falls inside the slice in progress must be met in time: end the slice after this instruction.
     */
    if (next < processor->time + (uint64_t)processor->arm.cycles_granted)
        arm_yield(&processor->arm);
}

void processor_wake(struct processor *processor) {
    processor->chip->awake |= 1u << processor->index;
    chip_is_due(processor->chip);
}

void processor_stall(struct processor *processor) {
    if (processor->arm.cycles_left > 0)
        processor->arm.cycles_left = 0;
}

void processor_run(struct processor *processor, uint64_t end) {
    struct arm_core *arm = &processor->arm;

    while (processor->time < end && processor_is_running(processor)) {
        if (processor->next_event <= processor->time) {
            timer_advance(processor, processor->time);
            dma_advance(processor, processor->time);
        }
        uint64_t until = processor->next_event < end ? processor->next_event : end;
        if (arm->waiting) {
            processor->time = until;
            continue;
        }
        int32_t grant = (int32_t)(until - processor->time);
        int32_t spent = processor->debug == NULL ? arm_run(arm, grant) : debug_run(processor, grant);
        processor->time += (uint64_t)spent;
        processor->busy += (uint64_t)spent;
        arm->cycles_granted = arm->cycles_left = 0;
    }
}

/* ---- state ---- */

/* A core that sleeps is left alone: how long ago it was last looked at means nothing. */
static void archive_time(struct archive *archive, struct processor *processor) {
    uint64_t clock = *processor->chip->clock, time = processor->time < clock ? clock : processor->time;

    ARCHIVE(archive, time);
    if (archive->restoring)
        processor->time = time;
}

void processor_archive(struct archive *archive, struct processor *processor) {
    uint8_t state = (uint8_t)processor->state;

    ARCHIVE(archive, state);
    archive_expect(archive, state <= PROCESSOR_RUNNING);
    if (state <= PROCESSOR_RUNNING)
        processor->state = state;
    archive_bool(archive, &processor->clocked);
    archive_bool(archive, &processor->broken);
    archive_time(archive, processor);
    ARCHIVE(archive, processor->next_event);
    ARCHIVE(archive, processor->busy);
    arm_archive(archive, &processor->arm);
    vic_archive(archive, &processor->vic);
    for (unsigned i = 0; i < TIMERS; i++)
        timer_archive(archive, &processor->timer[i]);
    comms_archive(archive, &processor->comms);
    dma_archive(archive, &processor->dma);
}
