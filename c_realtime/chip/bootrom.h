/* What the boot ROM of a chip does: it takes a boot image from UDP or from a neighbouring chip, and starts it on core
 * 0. */
#ifndef SPINNLIVE_CHIP_BOOTROM_H
#define SPINNLIVE_CHIP_BOOTROM_H

#include <stdbool.h>
#include <stdint.h>

#include "../archive.h"
#include "packet.h"

#define BOOT_IMAGE_BYTES 0x8000 /* the image may fill ITCM */
#define BOOT_UDP_PORT    54321

struct chip;

/* What the serial ROM on the board tells the boot ROM, which leaves it in system RAM for SCAMP. */
struct bootrom_settings {
    bool has_ethernet;
    unsigned hardware_version; /* 3: SpiNN-3, 5: SpiNN-5 */
    uint8_t mac[6], ip[4], gateway[4], netmask[4];
};

struct bootrom {
    bool finished;   /* it has handed over to the image */
    uint32_t blocks; /* that UDP has announced; 0 until it has */
    struct bootrom_settings settings;
    uint8_t image[BOOT_IMAGE_BYTES];
};

bool bootrom_is_active(const struct chip *chip);

/* Wait for an image again. */
void bootrom_reset(struct chip *chip);

/* A datagram for BOOT_UDP_PORT. Anything that is not a boot packet is ignored. */
void bootrom_datagram(struct chip *chip, const uint8_t *bytes, uint32_t length);

void bootrom_neighbour_packet(struct chip *chip, const struct packet *packet);

/* Start an image as if it had come by one of the two ways. */
void bootrom_start(struct chip *chip, const uint8_t *image, uint32_t length);

/* The settings are the configuration's, not state. */
void bootrom_archive(struct archive *archive, struct bootrom *bootrom);

#endif
