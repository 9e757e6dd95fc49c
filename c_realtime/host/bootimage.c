#include "bootimage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The system variables that SCAMP starts with lie here in the image (SpiNNMan, system_variable_boot_values.py;
 * spinnaker_tools, sark.h: sv_t). */
#define SYSTEM_VARIABLES     384
#define SV_HARDWARE_VERSION  0x0a
#define SV_UNIX_TIME         0x1c
#define SV_LED0              0x30
#define SV_ROOT_CHIP         0x40
#define SV_SOFT_WATCHDOG     0x43 /* unanswered pings after which SCAMP stops a core; SpiNNMan has it off */
#define SV_USER_SDRAM        0x4c /* words that SCAMP leaves out of the heap: none, as SpiNNMan has it */
#define SV_BOOT_SIGNATURE    0x5c
#define SYSTEM_VARIABLES_END (SYSTEM_VARIABLES + 128)
#define LEDS_SPINN3          0x00000502u
#define LEDS_SPINN5          0x00000001u

/* Where SCAMP keeps the time beyond the image: its system variables at work, and each core's block, which says when it
 * was loaded, in system RAM (sark.h: sv_t, vcpu_t); and the image itself, which the monitor passes on to neighbours
 * from the upper half of DTCM. */
#define SV_BLOCK    0x7f00
#define VCPU_BLOCKS 0x7000
#define VCPU_BYTES  128
#define VCPU_TIME   0x44
#define IMAGE_COPY  0x8000

static void put_32(uint8_t *image, unsigned offset, uint32_t value) {
    memcpy(image + SYSTEM_VARIABLES + offset, &value, sizeof value);
}

bool bootimage_read(const char *path, enum machine_board board, uint32_t unix_time, uint8_t image[BOOT_IMAGE_BYTES],
                    uint32_t *length) {
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        fprintf(stderr, "spinnlive-board: --image %s: %s\n", path, strerror(errno));
        return false;
    }
    *length = (uint32_t)fread(image, 1, BOOT_IMAGE_BYTES, file);
    bool whole = feof(file) || fgetc(file) == EOF;
    fclose(file);
    if (!whole || *length < SYSTEM_VARIABLES_END) {
        fprintf(stderr, "spinnlive-board: --image %s: a boot image has %d to %d bytes\n", path, SYSTEM_VARIABLES_END,
                BOOT_IMAGE_BYTES);
        return false;
    }
    image[SYSTEM_VARIABLES + SV_HARDWARE_VERSION] = (uint8_t)board;
    put_32(image, SV_UNIX_TIME, unix_time);
    put_32(image, SV_LED0, board == BOARD_SPINN3 ? LEDS_SPINN3 : LEDS_SPINN5);
    image[SYSTEM_VARIABLES + SV_ROOT_CHIP] = 1;
    image[SYSTEM_VARIABLES + SV_SOFT_WATCHDOG] = 0;
    put_32(image, SV_USER_SDRAM, 0);
    put_32(image, SV_BOOT_SIGNATURE, unix_time);
    return true;
}

/* Move a word on if it holds a time since the boot. */
static void move_time(uint8_t *bytes, uint32_t from, uint32_t to, uint32_t uptime_s) {
    uint32_t time;

    memcpy(&time, bytes, sizeof time);
    if (time - from > uptime_s)
        return;
    time += to - from;
    memcpy(bytes, &time, sizeof time);
}

void bootimage_set_time(struct machine *machine, uint32_t from, uint32_t to) {
    static const unsigned place[] = {SV_UNIX_TIME, SV_BOOT_SIGNATURE};
    uint32_t uptime_s = (uint32_t)(machine->now / CPU_HZ) + 1;

    for (unsigned i = 0; i < machine->chip_count; i++) {
        struct chip *chip = machine->chip[i];
        for (unsigned k = 0; k < CORES_PER_CHIP; k++)
            move_time(chip->sysram + VCPU_BLOCKS + k * VCPU_BYTES + VCPU_TIME, from, to, uptime_s);
        for (unsigned p = 0; p < sizeof place / sizeof *place; p++) {
            move_time(chip->sysram + SV_BLOCK + place[p], from, to, uptime_s);
            move_time(chip->bootrom.image + SYSTEM_VARIABLES + place[p], from, to, uptime_s);
            move_time(chip->core[0].arm.dtcm + IMAGE_COPY + SYSTEM_VARIABLES + place[p], from, to, uptime_s);
        }
    }
}
