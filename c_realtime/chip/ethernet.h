/* The Ethernet MAC of a chip (only one chip of each board has a PHY on it). Frames come from and go to a wire whose
 * other end the machine holds. */
#ifndef SPINNLIVE_CHIP_ETHERNET_H
#define SPINNLIVE_CHIP_ETHERNET_H

#include <stdbool.h>
#include <stdint.h>

#include "../archive.h"

#define ETHERNET_FRAME_BYTES 1536 /* the MAC's own limit, of transmit RAM (datasheet) */
#define ETHERNET_BACKLOG     64   /* frames that may wait for the receive RAM; the wire drops what comes beyond */
#define ETHERNET_OUTGOING    64   /* frames on their way out; the MAC is busy while as many are */

struct chip;

struct ethernet_frame {
    uint64_t due; /* outgoing: when its last bit is on the wire */
    uint32_t length;
    uint8_t bytes[ETHERNET_FRAME_BYTES];
};

struct ethernet {
    uint32_t control, transmit_length, mac_low, mac_high, phy_control;
    bool receiving; /* a frame is in the receive RAM */
    uint32_t receive_length;
    uint64_t wire_free; /* when the last frame sent has left */
    uint8_t transmit_ram[ETHERNET_FRAME_BYTES], receive_ram[ETHERNET_FRAME_BYTES];
    struct ethernet_frame incoming[ETHERNET_BACKLOG], outgoing[ETHERNET_OUTGOING];
    uint32_t incoming_head, incoming_tail, outgoing_head, outgoing_tail; /* free running */
    uint64_t frames_in, frames_out, dropped;
};

/* Registers as after power-on; frames in the MAC are lost. */
void ethernet_reset(struct chip *chip);

uint32_t ethernet_read(struct chip *chip, uint32_t offset);
void ethernet_write(struct chip *chip, uint32_t offset, unsigned bytes, uint32_t value);

/* A frame arrives; false if it was dropped (too long, or too many wait). */
bool ethernet_receive(struct chip *chip, const uint8_t *frame, uint32_t length);

/* When the next frame will have left; NEVER if none is on its way. */
uint64_t ethernet_next_departure(const struct chip *chip);

/* The next frame that has left by `now`, or NULL. It stays valid until ethernet_taken(). */
const struct ethernet_frame *ethernet_sent(const struct chip *chip, uint64_t now);
void ethernet_taken(struct chip *chip);

void ethernet_archive(struct archive *archive, struct ethernet *ethernet);

#endif
