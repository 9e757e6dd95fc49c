/* The same machine on the plain and on the fast engine, window by window, up to the first difference.
 *
 *   lockstep [--board spinn3|spinn5] [--snapshot FILE] [--image FILE] MILLISECONDS
 *
 * From a snapshot, or from power-on with a boot image. Prints where the first core differs and ends with 1; or ends
 * with 0 after so much emulated time, with the hash that both then have. Registers and core memories that may have
 * changed are compared after every window, all memory at the end. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../machine/machine.h"

#define SEGMENT_CYCLES (1000 * CYCLES_PER_US) /* memories are compared this often */

/* System variables that a boot image needs (spinnaker_tools, sark.h: sv_t); the time is left out. */
#define SV_HARDWARE_VERSION (384 + 0x0a)
#define SV_ROOT_CHIP        (384 + 0x40)

static uint8_t *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;

    *length = 0;
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        fprintf(stderr, "lockstep: %s: cannot be read\n", path);
        exit(2);
    }
    *length = (size_t)ftell(file);
    rewind(file);
    bytes = malloc(*length);
    if (bytes == NULL || fread(bytes, 1, *length, file) != *length) {
        fprintf(stderr, "lockstep: %s: cannot be read whole\n", path);
        exit(2);
    }
    fclose(file);
    return bytes;
}

/* ---- one machine, with one engine ---- */

struct source {
    enum machine_board board;
    const char *snapshot, *image;
};

static struct machine *make(const struct source *source, enum machine_engine engine) {
    struct machine_config config = {.board = source->board, .ip = {{127, 0, 0, 2}}};
    const char *complaint = "no memory";
    struct machine *machine;
    uint8_t *bytes = NULL;
    size_t length = 0;

    if (source->snapshot != NULL) {
        bytes = read_file(source->snapshot, &length);
        machine = machine_restore(bytes, length, &complaint);
    } else {
        machine = machine_create(&config);
    }
    free(bytes);
    if (machine == NULL || !machine_set_engine(machine, engine)) {
        fprintf(stderr, "lockstep: %s\n", machine == NULL ? complaint : "this host has no fast engine");
        exit(2);
    }
    if (source->image != NULL) {
        bytes = read_file(source->image, &length);
        if (length > SV_ROOT_CHIP) {
            bytes[SV_HARDWARE_VERSION] = (uint8_t)source->board;
            bytes[SV_ROOT_CHIP] = 1;
        }
        machine_boot(machine, bytes, (uint32_t)length);
        free(bytes);
    }
    return machine;
}

/* ---- differences ---- */

static void tell_registers(const struct arm_core *core, const char *engine) {
    printf("  %s: pc %08" PRIx32 ", CPSR %08" PRIx32 ", %" PRIu64 " instructions\n   ", engine, core->pc,
           arm_cpsr(core), core->instructions);
    for (unsigned i = 0; i < 15; i++)
        printf(" %08" PRIx32, core->r[i]);
    printf("\n");
}

static bool registers_differ(const struct arm_core *a, const struct arm_core *b) {
    return a->pc != b->pc || a->instructions != b->instructions || a->waiting != b->waiting ||
           arm_cpsr(a) != arm_cpsr(b) || memcmp(a->r, b->r, 15 * sizeof *a->r) != 0;
}

static void tell_memory(const char *name, uint32_t base, const uint8_t *a, const uint8_t *b, size_t length) {
    size_t at = 0;
    while (at < length && a[at] == b[at])
        at++;
    if (at < length)
        printf("  %s at %08" PRIx32 ": plain %02x, fast %02x\n", name, base + (uint32_t)at, a[at], b[at]);
}

static bool core_differs(const struct chip *chip, const struct processor *a, const struct processor *b, bool memories) {
    bool differs = registers_differ(&a->arm, &b->arm) || a->time != b->time;

    if (memories)
        differs = differs || memcmp(a->arm.dtcm, b->arm.dtcm, ARM_DTCM_SIZE) != 0 ||
                  memcmp(a->arm.itcm, b->arm.itcm, ARM_ITCM_SIZE) != 0;
    if (!differs)
        return false;
    printf("chip %u,%u core %u differs at %" PRIu64 " cycles (plain) and %" PRIu64 " (fast)\n", chip->x, chip->y,
           a->index, a->time, b->time);
    tell_registers(&a->arm, "plain");
    tell_registers(&b->arm, "fast");
    tell_memory("DTCM", ARM_DTCM_BASE, a->arm.dtcm, b->arm.dtcm, ARM_DTCM_SIZE);
    tell_memory("ITCM", ARM_ITCM_BASE, a->arm.itcm, b->arm.itcm, ARM_ITCM_SIZE);
    return true;
}

static bool differ(const struct machine *plain, const struct machine *fast, bool memories) {
    bool differs = false;

    for (unsigned i = 0; i < plain->chip_count; i++) {
        const struct chip *a = plain->chip[i], *b = fast->chip[i];
        for (unsigned k = 0; k < CORES_PER_CHIP; k++)
            differs |= core_differs(a, &a->core[k], &b->core[k], memories);
        if (memories && memcmp(a->sysram, b->sysram, SYSRAM_BYTES) != 0) {
            printf("chip %u,%u differs\n", a->x, a->y);
            tell_memory("system RAM", 0xf5000000u, a->sysram, b->sysram, SYSRAM_BYTES);
            differs = true;
        }
    }
    return differs;
}

/* ---- the run ---- */

static bool run(struct machine *plain, struct machine *fast, uint64_t end) {
    uint64_t segment = plain->now + SEGMENT_CYCLES;

    while (plain->now < end) {
        bool memories = plain->now >= segment;
        machine_run(plain, plain->now + MACHINE_WINDOW_CYCLES);
        machine_run(fast, fast->now + MACHINE_WINDOW_CYCLES);
        if (memories)
            segment += SEGMENT_CYCLES;
        if (differ(plain, fast, memories)) {
            printf("in the window that ends at %.6f s\n", (double)plain->now / CPU_HZ);
            return false;
        }
    }
    if (machine_hash(plain) == machine_hash(fast)) {
        printf("equal at %.3f s: %016" PRIx64 ", %" PRIu64 " instructions\n", (double)plain->now / CPU_HZ,
               machine_hash(plain), machine_statistics(plain).instructions);
        return true;
    }
    printf("registers and core memories are equal, but other state differs\n");
    differ(plain, fast, true);
    return false;
}

int main(int argc, char **argv) {
    struct source source = {.board = BOARD_SPINN3};
    int at = 1;

    for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
        if (strcmp(argv[at], "--snapshot") == 0)
            source.snapshot = argv[at + 1];
        else if (strcmp(argv[at], "--image") == 0)
            source.image = argv[at + 1];
        else if (strcmp(argv[at], "--board") == 0)
            source.board = strcmp(argv[at + 1], "spinn5") == 0 ? BOARD_SPINN5 : BOARD_SPINN3;
        else
            break;
    }
    if (at + 1 != argc || atoi(argv[at]) <= 0) {
        fprintf(stderr, "usage: lockstep [--board spinn3|spinn5] [--snapshot FILE] [--image FILE] MILLISECONDS\n");
        return 2;
    }
    struct machine *plain = make(&source, ENGINE_PLAIN), *fast = make(&source, ENGINE_FAST);
    bool equal = run(plain, fast, plain->now + (uint64_t)atoi(argv[at]) * 1000 * CYCLES_PER_US);
    machine_destroy(plain);
    machine_destroy(fast);
    return equal ? EXIT_SUCCESS : EXIT_FAILURE;
}
