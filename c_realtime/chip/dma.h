/* The DMA controller of a core: copies between its TCMs and SDRAM or system RAM, one transfer active and one queued. */
#ifndef SPINNLIVE_CHIP_DMA_H
#define SPINNLIVE_CHIP_DMA_H

#include <stdbool.h>
#include <stdint.h>

#include "../archive.h"

#define DMA_QUEUE 2

struct chip;
struct processor;

struct dma {
    uint32_t system_address, tcm_address, global_control;
    bool done, error;
    uint32_t pending;               /* transfers in the queue */
    uint64_t completion[DMA_QUEUE]; /* their times, the active one's first */
    uint64_t transfers, refused;
};

void dma_reset(struct processor *processor);
uint32_t dma_read(struct processor *processor, uint32_t offset);
void dma_write(struct processor *processor, uint32_t offset, uint32_t value);
void dma_advance(struct processor *processor, uint64_t now);

/* Are there more transfers under way on the chip than the memory feeds at their full pace? */
bool dma_is_crowded(const struct chip *chip);

/* Slow down the transfers that are under way at the start of a time window if they are too many. One that begins inside
 * a window has the full pace to its end. */
void dma_share_memory(struct chip *chip, uint64_t start, uint64_t end);

void dma_archive(struct archive *archive, struct dma *dma);

#endif
