#include <string.h>

#include "chip.h"

bool bootrom_is_active(const struct chip *chip) {
    return !chip->bootrom.finished;
}

void bootrom_reset(struct chip *chip) {
    chip->bootrom.finished = false;
    chip->bootrom.blocks = 0;
    memset(chip->bootrom.image, 0, sizeof chip->bootrom.image);
}

/* ---- starting the image ---- */

/* The serial ROM's block in system RAM (spinnaker_tools, sark.h: srom_data_t). */
#define SROM_BLOCK                  (SYSRAM_BYTES - 32)
#define SROM_PRESENT                0x8000u
#define SROM_HARDWARE_VERSION_SHIFT 4
#define SROM_ETHERNET               0x0001u
#define SCP_PORT                    17893

#define IMAGE_COPY                                                                                                     \
    (0x8000u) /* offset in DTCM where the boot ROM keeps the image, for SCAMP to pass on to its neighbours */
#define ITCM_IMAGE_BYTES 0x7f00u /* the boot ROM's own variables take the rest while it copies */

static void write_settings(struct chip *chip) {
    const struct bootrom_settings *settings = &chip->bootrom.settings;
    uint8_t *block = chip->sysram + SROM_BLOCK;
    uint16_t flags =
        SROM_PRESENT | (uint16_t)(settings->hardware_version << SROM_HARDWARE_VERSION_SHIFT) | SROM_ETHERNET;
    uint16_t port = SCP_PORT;

    memset(block, 0, 32);
    if (!settings->has_ethernet)
        return;
    memcpy(block, &flags, sizeof flags);
    memcpy(block + 2, settings->mac, sizeof settings->mac);
    memcpy(block + 8, settings->ip, sizeof settings->ip);
    memcpy(block + 12, settings->gateway, sizeof settings->gateway);
    memcpy(block + 16, settings->netmask, sizeof settings->netmask);
    memcpy(block + 20, &port, sizeof port);
}

void bootrom_start(struct chip *chip, const uint8_t *image, uint32_t length) {
    struct processor *core = &chip->core[0];

    if (length > BOOT_IMAGE_BYTES)
        length = BOOT_IMAGE_BYTES;
    processor_reset(core);
    memset(core->arm.dtcm + IMAGE_COPY, 0, ARM_DTCM_SIZE - IMAGE_COPY);
    memcpy(core->arm.dtcm + IMAGE_COPY, image, length);
    memcpy(core->arm.itcm, image, length < ITCM_IMAGE_BYTES ? length : ITCM_IMAGE_BYTES);
    arm_code_changed(&core->arm, ARM_ITCM_BASE, ARM_ITCM_SIZE);
    write_settings(chip);
    core->arm.pc = ARM_ITCM_BASE;
    core->arm.cp15_control &= ~ARM_CP15_HIGH_VECTORS;
    core->state = PROCESSOR_RUNNING;
    core->clocked = true;
    chip->bootrom.finished = true;
    processor_wake(core);
}

/* ---- by UDP ----
 * Header of five big-endian fields: version (16 bits), operation, three operands; then up to 256 words, each with its
 * bytes reversed. */

enum { UDP_START = 1, UDP_BLOCK = 3, UDP_CONTROL = 5 };

#define UDP_HEADER_BYTES 18
#define UDP_VERSION      1
#define BLOCK_BYTES      1024
#define CONTROL_RUN      1u

static uint32_t big_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

void bootrom_datagram(struct chip *chip, const uint8_t *bytes, uint32_t length) {
    struct bootrom *bootrom = &chip->bootrom;

    if (bootrom->finished || length < UDP_HEADER_BYTES || (bytes[0] << 8 | bytes[1]) != UDP_VERSION)
        return;
    uint32_t operation = big_endian(bytes + 2), operand1 = big_endian(bytes + 6), operand3 = big_endian(bytes + 14);

    switch (operation) {
    case UDP_START:
        memset(bootrom->image, 0, sizeof bootrom->image);
        bootrom->blocks = (operand3 & 0xff) + 1;
        break;
    case UDP_BLOCK: {
        uint32_t at = (operand1 & 0xff) * BLOCK_BYTES, end = UDP_HEADER_BYTES + BLOCK_BYTES;
        if (bootrom->blocks == 0)
            break;
        for (uint32_t i = UDP_HEADER_BYTES; i + 4 <= length && i < end && at + 4 <= BOOT_IMAGE_BYTES; i += 4, at += 4) {
            uint32_t word = big_endian(bytes + i);
            memcpy(bootrom->image + at, &word, sizeof word);
        }
        break;
    }
    case UDP_CONTROL:
        if (bootrom->blocks != 0 && operand1 == CONTROL_RUN)
            bootrom_start(chip, bootrom->image, BOOT_IMAGE_BYTES);
        break;
    }
}

/* ---- by nearest-neighbour packets ----
 * The key holds operation (bits 27..24), block (23..16) and word (15..8); a block has 256 words (spinnaker_tools,
 * scamp-boot.c). Several neighbours send the same words; taking each of them is harmless. The check-sums are not looked
 * at: links do not corrupt packets here. */

enum { NEIGHBOUR_DATA = 3, NEIGHBOUR_CONTROL = 5 };

void bootrom_neighbour_packet(struct chip *chip, const struct packet *packet) {
    uint32_t operation = packet->key >> 24 & 15;
    uint32_t at = (packet->key >> 16 & 0xff) * BLOCK_BYTES + (packet->key >> 8 & 0xff) * 4;

    if (operation == NEIGHBOUR_DATA && at + 4 <= BOOT_IMAGE_BYTES)
        memcpy(chip->bootrom.image + at, &packet->payload, sizeof packet->payload);
    else if (operation == NEIGHBOUR_CONTROL)
        bootrom_start(chip, chip->bootrom.image, BOOT_IMAGE_BYTES);
}

void bootrom_archive(struct archive *archive, struct bootrom *bootrom) {
    archive_bool(archive, &bootrom->finished);
    ARCHIVE(archive, bootrom->blocks);
    archive->memory(archive, bootrom->image, sizeof bootrom->image);
}
