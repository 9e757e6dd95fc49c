/* The hash of the whole machine, field by field, so that padding and addresses of the host do not enter. */
#include <string.h>

#include "machine.h"

#define FNV_OFFSET 0xcbf29ce484222325u
#define FNV_PRIME  0x00000100000001b3u
#define PAGE_BYTES 4096u

/* FNV-1a over 64-bit words, and single bytes at the end. */
static uint64_t add_bytes(uint64_t hash, const void *data, size_t length) {
    const uint8_t *bytes = data;
    for (; length >= 8; bytes += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        hash = (hash ^ word) * FNV_PRIME;
    }
    while (length--)
        hash = (hash ^ *bytes++) * FNV_PRIME;
    return hash;
}

static uint64_t add(uint64_t hash, uint64_t value) {
    return (hash ^ value) * FNV_PRIME;
}

/* Pages of zeros are left out, with their place kept, so that untouched SDRAM costs little. */
static uint64_t add_sdram(uint64_t hash, const uint8_t *sdram) {
    static const uint8_t zeros[PAGE_BYTES];
    for (uint32_t page = 0; page < SDRAM_BYTES; page += PAGE_BYTES)
        if (memcmp(sdram + page, zeros, PAGE_BYTES) != 0)
            hash = add_bytes(add(hash, page), sdram + page, PAGE_BYTES);
    return hash;
}

static uint64_t add_arm(uint64_t hash, const struct arm_core *arm) {
    hash = add_bytes(hash, arm->r, 15 * sizeof *arm->r);
    hash = add(add(add(hash, arm->pc), arm_cpsr(arm)), arm->cp15_control);
    hash = add_bytes(hash, arm->banked_sp, sizeof arm->banked_sp);
    hash = add_bytes(hash, arm->banked_lr, sizeof arm->banked_lr);
    hash = add_bytes(hash, arm->banked_spsr, sizeof arm->banked_spsr);
    hash = add_bytes(hash, arm->usr_r8_r12, sizeof arm->usr_r8_r12);
    hash = add_bytes(hash, arm->fiq_r8_r12, sizeof arm->fiq_r8_r12);
    hash = add(add(hash, arm->waiting), arm->instructions);
    hash = add_bytes(hash, arm->itcm, sizeof arm->itcm);
    return add_bytes(hash, arm->dtcm, sizeof arm->dtcm);
}

static uint64_t add_devices(uint64_t hash, const struct processor *core) {
    const struct vic *vic = &core->vic;
    const struct comms *comms = &core->comms;
    const struct dma *dma = &core->dma;

    hash = add(add(add(add(hash, vic->lines), vic->software), vic->enable), vic->fiq_select);
    hash = add(add(add(hash, vic->slot), vic->depth), vic->default_address);
    hash = add_bytes(hash, vic->interrupted, vic->depth * sizeof *vic->interrupted);
    hash = add_bytes(hash, vic->address, sizeof vic->address);
    hash = add_bytes(hash, vic->control, sizeof vic->control);
    for (unsigned i = 0; i < TIMERS; i++) {
        const struct timer *timer = &core->timer[i];
        hash = add(add(add(hash, timer->load), timer->background), timer->control);
        hash = add(add(add(hash, timer->count), timer->expiry), timer->expired);
    }
    hash = add(add(add(hash, comms->transmit_control), comms->transmit_data), comms->has_data);
    hash = add(add(add(hash, comms->source_address), comms->overrun), comms->blocked_since);
    for (uint32_t i = comms->transmit_head; i != comms->transmit_tail; i++)
        hash = add_bytes(hash, &comms->transmit[i % COMMS_TRANSMIT_SIZE], sizeof *comms->transmit);
    for (uint32_t i = comms->head; i != comms->tail; i++)
        hash = add_bytes(hash, &comms->queue[i % COMMS_QUEUE_SIZE], sizeof *comms->queue);
    hash = add(add(hash, comms->sent), comms->received);
    hash = add(add(add(hash, dma->system_address), dma->tcm_address), dma->global_control);
    hash = add(add(add(hash, dma->done), dma->error), dma->pending);
    for (uint32_t i = 0; i < dma->pending; i++)
        hash = add(hash, dma->completion[i]);
    return hash;
}

static uint64_t add_frames(uint64_t hash, const struct ethernet_frame *frames, uint32_t size, uint32_t head,
                           uint32_t tail) {
    for (; head != tail; head++) {
        const struct ethernet_frame *frame = &frames[head % size];
        hash = add_bytes(add(hash, frame->length), frame->bytes, frame->length);
    }
    return hash;
}

static uint64_t add_ethernet(uint64_t hash, const struct ethernet *ethernet) {
    hash = add(add(add(hash, ethernet->control), ethernet->transmit_length), ethernet->phy_control);
    hash = add(add(add(hash, ethernet->mac_low), ethernet->mac_high), ethernet->wire_free);
    hash = add(add(hash, ethernet->receiving), ethernet->receive_length);
    hash = add_bytes(hash, ethernet->transmit_ram, sizeof ethernet->transmit_ram);
    hash = add_bytes(hash, ethernet->receive_ram, sizeof ethernet->receive_ram);
    hash = add_frames(hash, ethernet->incoming, ETHERNET_BACKLOG, ethernet->incoming_head, ethernet->incoming_tail);
    hash = add_frames(hash, ethernet->outgoing, ETHERNET_OUTGOING, ethernet->outgoing_head, ethernet->outgoing_tail);
    return add(add(add(hash, ethernet->frames_in), ethernet->frames_out), ethernet->dropped);
}

static uint64_t add_chip(uint64_t hash, const struct chip *chip) {
    const struct sysctl *sysctl = &chip->sysctl;
    const struct router *router = &chip->router;

    for (unsigned i = 0; i < CORES_PER_CHIP; i++) {
        const struct processor *core = &chip->core[i];
        hash = add(add(hash, core->state), core->clocked);
        hash = add_devices(add_arm(hash, &core->arm), core);
    }
    hash = add_bytes(hash, chip->sysram, SYSRAM_BYTES);
    hash = add_sdram(hash, chip->sdram);
    hash = add_bytes(hash, sysctl, sizeof *sysctl); /* words alone: no padding */
    hash = add(add(hash, router->control), router->fixed_route);
    hash = add_bytes(hash, router->route, sizeof router->route);
    hash = add_bytes(hash, router->key, sizeof router->key);
    hash = add_bytes(hash, router->mask, sizeof router->mask);
    hash = add_bytes(hash, router->p2p, sizeof router->p2p);
    hash = add_bytes(hash, router->counter, sizeof router->counter);
    hash = add_bytes(add(hash, router->counter_enable), router->filter, sizeof router->filter);
    return add_ethernet(add(hash, chip->bootrom.finished), &chip->ethernet);
}

uint64_t machine_hash(const struct machine *machine) {
    uint64_t hash = add(FNV_OFFSET, machine->now);
    for (unsigned i = 0; i < machine->chip_count; i++)
        hash = add_chip(hash, machine->chip[i]);
    return hash;
}
