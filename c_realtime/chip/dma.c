#include <string.h>

#include "chip.h"

/* Registers (SpiNNaker datasheet, DMA controller). */
enum {
    SYSTEM_ADDRESS = 0x04,
    TCM_ADDRESS = 0x08,
    DESCRIPTOR = 0x0c, /* writing it starts a transfer */
    CONTROL = 0x10,
    STATUS = 0x14,
    GLOBAL_CONTROL = 0x18,
    TIMEOUT = 0x24,
    STATISTICS_CONTROL = 0x28,
};

#define DESCRIPTOR_LENGTH 0x0001ffffu /* bytes */
#define DESCRIPTOR_WRITE  0x00080000u /* from TCM to system memory */

#define CONTROL_UNCOMMIT     0x01u /* drop the queued transfer */
#define CONTROL_ABORT        0x02u /* drop the active one */
#define CONTROL_CLEAR_DONE   0x08u
#define CONTROL_CLEAR_ERRORS 0x30u

#define STATUS_BUSY       0x00000001u
#define STATUS_QUEUE_FULL 0x00000004u
#define STATUS_DONE       0x00000400u
#define STATUS_ERROR      0x00002000u
#define STATUS_CORE_SHIFT 24

#define INTERRUPT_ON_DONE 0x00000400u /* in GLOBAL_CONTROL */

#define SYSTEM_BASE 0x60000000u /* transfers reach SDRAM and system RAM, which lie above this */

static void update(struct processor *processor) {
    const struct dma *dma = &processor->dma;
    uint32_t bit = 1u << processor->index;

    processor->chip->transferring = (processor->chip->transferring & ~bit) | (dma->pending ? bit : 0);
    vic_drive(processor, VIC_DMA_DONE, dma->done && dma->global_control & INTERRUPT_ON_DONE);
    processor_reschedule(processor);
}

void dma_reset(struct processor *processor) {
    processor->dma.pending = 0;
    processor->dma.done = processor->dma.error = false;
    processor->dma.global_control = 0;
    update(processor);
}

void dma_advance(struct processor *processor, uint64_t now) {
    struct dma *dma = &processor->dma;
    bool completed = false;

    while (dma->pending && dma->completion[0] <= now) {
        dma->completion[0] = dma->completion[1];
        dma->pending--;
        dma->done = completed = true;
    }
    if (completed)
        update(processor);
}

bool dma_is_crowded(const struct chip *chip) {
    return 4 * __builtin_popcount(chip->transferring) > DMA_STREAMS_X4;
}

static void delay(struct processor *processor, uint64_t cycles) {
    for (uint32_t i = 0; i < processor->dma.pending; i++)
        processor->dma.completion[i] += cycles;
    processor_reschedule(processor);
}

void dma_share_memory(struct chip *chip, uint64_t start, uint64_t end) {
    uint32_t streams = 0, window = (uint32_t)(end - start);

    if (!dma_is_crowded(chip))
        return;
    for (uint32_t cores = chip->transferring; cores; cores &= cores - 1)
        streams += chip->core[__builtin_ctz(cores)].dma.completion[0] > start;
    if (4 * streams <= DMA_STREAMS_X4)
        return;
    for (uint32_t cores = chip->transferring; cores; cores &= cores - 1) {
        struct processor *core = &chip->core[__builtin_ctz(cores)];
        if (core->dma.completion[0] <= start)
            continue;
        uint64_t left = core->dma.completion[0] - start, slowed = left * 4 * streams / DMA_STREAMS_X4;
        delay(core, slowed <= window ? slowed - left : window - window * DMA_STREAMS_X4 / (4 * streams));
    }
}

/* The bytes at a TCM address, if all of the transfer lies inside one TCM. */
static uint8_t *tcm(struct processor *processor, uint32_t address, uint32_t length) {
    if (address < ARM_ITCM_SIZE && length <= ARM_ITCM_SIZE - address)
        return processor->arm.itcm + address;
    if (address - ARM_DTCM_BASE < ARM_DTCM_SIZE && length <= ARM_DTCM_SIZE - (address - ARM_DTCM_BASE))
        return processor->arm.dtcm + (address - ARM_DTCM_BASE);
    return NULL;
}

/* Likewise for SDRAM or system RAM. Both ends are checked: a transfer must not run off the end of the memory. */
static uint8_t *system_memory(struct processor *processor, uint32_t address, uint32_t length) {
    if (address < SYSTEM_BASE || address + length < address)
        return NULL;
    uint8_t *from = arm_memory(&processor->arm, address);
    const uint8_t *last = length ? arm_memory(&processor->arm, address + length - 1) : from;
    return from != NULL && last == from + (length ? length - 1 : 0) ? from : NULL;
}

static void start_transfer(struct processor *processor, uint32_t descriptor) {
    struct dma *dma = &processor->dma;
    uint32_t length = descriptor & DESCRIPTOR_LENGTH;
    uint8_t *inside = tcm(processor, dma->tcm_address, length);
    uint8_t *outside = system_memory(processor, dma->system_address, length);

    if (inside == NULL || outside == NULL || dma->pending == DMA_QUEUE) {
        dma->error = true;
        dma->refused++;
        return;
    }
    /* The data moves at once; only its completion takes time. Software that looks at the data looks after completion.
     */
    if (descriptor & DESCRIPTOR_WRITE) {
        memcpy(outside, inside, length);
    } else {
        memcpy(inside, outside, length);
        arm_code_changed(&processor->arm, dma->tcm_address, length);
    }
    uint64_t begin = dma->pending ? dma->completion[dma->pending - 1] : processor_now(processor);
    dma->completion[dma->pending++] = begin + DMA_SETUP_CYCLES + (length + 3) / 4 * DMA_CYCLES_PER_WORD;
    dma->transfers++;
}

uint32_t dma_read(struct processor *processor, uint32_t offset) {
    struct dma *dma = &processor->dma;

    switch (offset) {
    case SYSTEM_ADDRESS:
        return dma->system_address;
    case TCM_ADDRESS:
        return dma->tcm_address;
    case STATUS:
        dma_advance(processor, processor_now(processor));
        return processor->index << STATUS_CORE_SHIFT | (dma->done ? STATUS_DONE : 0) | (dma->error ? STATUS_ERROR : 0) |
               (dma->pending ? STATUS_BUSY : 0) | (dma->pending == DMA_QUEUE ? STATUS_QUEUE_FULL : 0);
    case GLOBAL_CONTROL:
        return dma->global_control;
    case CONTROL:
        return 0;
    }
    processor_note_unmodelled(processor, DMA_BASE + offset, false);
    return 0;
}

void dma_write(struct processor *processor, uint32_t offset, uint32_t value) {
    struct dma *dma = &processor->dma;

    switch (offset) {
    case SYSTEM_ADDRESS:
        dma->system_address = value;
        break;
    case TCM_ADDRESS:
        dma->tcm_address = value;
        break;
    case DESCRIPTOR:
        start_transfer(processor, value);
        break;
    case CONTROL:
        if (value & CONTROL_UNCOMMIT && dma->pending == DMA_QUEUE)
            dma->pending--;
        if (value & CONTROL_ABORT && dma->pending) {
            dma->completion[0] = dma->completion[1];
            dma->pending--;
        }
        if (value & CONTROL_CLEAR_DONE)
            dma->done = false;
        if (value & CONTROL_CLEAR_ERRORS)
            dma->error = false;
        break;
    case GLOBAL_CONTROL:
        dma->global_control = value;
        break;
    case TIMEOUT: /* no transfer here ever times out */
    case STATISTICS_CONTROL:
        break;
    default:
        processor_note_unmodelled(processor, DMA_BASE + offset, true);
        break;
    }
    update(processor);
}

void dma_archive(struct archive *archive, struct dma *dma) {
    ARCHIVE(archive, dma->system_address);
    ARCHIVE(archive, dma->tcm_address);
    ARCHIVE(archive, dma->global_control);
    archive_bool(archive, &dma->done);
    archive_bool(archive, &dma->error);
    ARCHIVE(archive, dma->pending);
    archive_expect(archive, dma->pending <= DMA_QUEUE);
    ARCHIVE(archive, dma->completion);
    ARCHIVE(archive, dma->transfers);
    ARCHIVE(archive, dma->refused);
}
