#include "firmware.h"

#include <string.h>

/* Offsets in system RAM. */
#define VCPU           0x7000
#define VCPU_BYTES     128
#define SV             0x7f00
#define SV_LEDS        (SV + 0x30)
#define SV_IOBUF_SIZE  (SV + 0x50)
#define SV_VIRTUAL_OF  (SV + 0x94) /* of a physical core */
#define SV_PHYSICAL_OF (SV + 0xa8) /* of a virtual core */
#define SV_CORES       (SV + 0xbc)

#define IOBUF_HEADER     16
#define IOBUF_BLOCKS     256 /* a chain that is longer is taken for a ring */
#define IOBUF_BYTES_MOST (1u << 20)

static uint32_t word(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static bool is_up(const struct chip *chip) {
    return !bootrom_is_active(chip) && chip->sysram[SV_CORES] > 0 && chip->sysram[SV_CORES] <= CORES_PER_CHIP;
}

struct processor *firmware_core_at(struct chip *chip, unsigned number) {
    unsigned physical = number;

    if (number >= CORES_PER_CHIP)
        return NULL;
    if (is_up(chip)) {
        if (number >= chip->sysram[SV_CORES])
            return NULL;
        physical = chip->sysram[SV_PHYSICAL_OF + number];
    }
    return physical < CORES_PER_CHIP ? &chip->core[physical] : NULL;
}

bool firmware_number_of(const struct processor *core, unsigned *number) {
    if (!is_up(core->chip)) {
        *number = core->index;
        return true;
    }
    *number = core->chip->sysram[SV_VIRTUAL_OF + core->index];
    return *number < core->chip->sysram[SV_CORES];
}

struct firmware_core firmware_core(const struct chip *chip, unsigned number) {
    const uint8_t *block = chip->sysram + VCPU + VCPU_BYTES * (number % CORES_PER_CHIP);
    struct firmware_core core = {
        .psr = word(block + 32),
        .sp = word(block + 36),
        .lr = word(block + 40),
        .rt_code = block[44],
        .state = block[46],
        .application = block[47],
        .software_errors = (uint16_t)(block[58] | block[59] << 8),
        .loaded_at = word(block + 68),
        .iobuf = word(block + 88),
    };
    memcpy(core.saved, block, sizeof core.saved);
    memcpy(core.name, block + 72, sizeof core.name);
    memcpy(core.user, block + 112, sizeof core.user);
    return core;
}

/* Bytes of SDRAM, if so many lie there in one piece. */
static const uint8_t *sdram(const struct chip *chip, uint32_t address, uint32_t length) {
    uint32_t offset = address & (SDRAM_BYTES - 1);
    return (address & 0xe0000000u) == 0x60000000u && length <= SDRAM_BYTES - offset ? chip->sdram + offset : NULL;
}

size_t firmware_iobuf(const struct chip *chip, unsigned number, size_t offset, char *text, size_t room, size_t *total) {
    uint32_t size = word(chip->sysram + SV_IOBUF_SIZE), at = firmware_core(chip, number).iobuf;
    const uint8_t *block;
    size_t copied = 0;

    *total = 0;
    if (size > IOBUF_BYTES_MOST)
        return 0;
    for (unsigned i = 0; i < IOBUF_BLOCKS && (block = sdram(chip, at, IOBUF_HEADER + size)) != NULL; i++) {
        uint32_t length = word(block + 12);
        if (length > size)
            length = size;
        for (uint32_t k = 0; k < length; k++, ++*total)
            if (*total >= offset && copied < room)
                text[copied++] = (char)block[IOBUF_HEADER + k];
        at = word(block);
    }
    return copied;
}

/* sv->led0 is a row of 4-bit numbers: how many diodes there are, then the GPIO pin of each, which is low to light it
 * (sark_hw.c, sark_led_set). */
unsigned firmware_leds(const struct chip *chip, uint32_t *lit) {
    const uint8_t *row = chip->sysram + SV_LEDS;
    unsigned count = row[0] & 15;

    *lit = 0;
    if (!is_up(chip))
        return 0;
    for (unsigned i = 1; i <= count; i++) {
        unsigned pin = row[i / 2] >> 4 * (i % 2) & 15;
        if (!(chip->sysctl.gpio >> pin & 1))
            *lit |= 1u << (i - 1);
    }
    return count;
}
