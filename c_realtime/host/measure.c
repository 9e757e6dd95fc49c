#define _POSIX_C_SOURCE 200809L
#include "measure.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bootcache.h"
#include "bootimage.h"
#include "files.h"

#define BOOT_LIMIT_CYCLES ((uint64_t)20 * CPU_HZ)
#define BOOT_STEP_CYCLES  (100 * CYCLES_PER_US)
#define TIME_OF_DAY       0

static double seconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct machine *booted_machine(const struct options *options) {
    static uint8_t image[BOOT_IMAGE_BYTES];
    struct machine_config config = {.board = options->board, .boards = options->boards};
    uint32_t length;

    /* Always the same time of day, so that one measurement is of the same machine as the next. */
    struct machine *machine = bootcache_take(options, TIME_OF_DAY);
    if (machine != NULL)
        return machine;
    memcpy(config.ip, options->ip, sizeof config.ip);
    if (!bootimage_read(options->image, options->board, TIME_OF_DAY, image, &length))
        return NULL;
    machine = machine_create(&config);
    if (machine == NULL)
        fprintf(stderr, "spinnlive-board: not enough memory for the machine\n");
    else
        machine_boot(machine, image, length);
    return machine;
}

static bool wait_until_up(struct machine *machine) {
    while (!machine_is_up(machine) && machine->now < BOOT_LIMIT_CYCLES)
        machine_run(machine, machine->now + BOOT_STEP_CYCLES);
    return machine_is_up(machine);
}

bool measure(const struct options *options) {
    if (options->restore == NULL && options->image == NULL) {
        fprintf(stderr, "spinnlive-board: --measure-ms: needs a machine: --restore FILE or --image FILE\n");
        return false;
    }
    double began = seconds(CLOCK_MONOTONIC);
    struct machine *machine = options->restore != NULL ? files_restore(options->restore) : booted_machine(options);
    bool able = machine != NULL && machine_set_engine(machine, options->engine) &&
                machine_set_threads(machine, options->threads) && wait_until_up(machine);

    if (able) {
        uint64_t before = machine_statistics(machine).instructions, start = machine->now;
        double ready = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
        machine_run(machine, machine->now + options->measure_cycles);
        cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        double wall = seconds(CLOCK_MONOTONIC) - ready;
        uint64_t instructions = machine_statistics(machine).instructions - before;
        printf("{\"ready_s\": %.6f, \"from_s\": %.6f, \"emulated_s\": %.6f, \"wall_s\": %.6f, \"cpu_s\": %.6f, "
               "\"instructions\": %" PRIu64 ", \"engine\": \"%s\", \"hash\": \"%016" PRIx64 "\"}\n",
               ready - began, (double)start / CPU_HZ, (double)(machine->now - start) / CPU_HZ, wall, cpu, instructions,
               machine->translations != NULL ? "fast" : "plain", machine_hash(machine));
    } else if (machine != NULL) {
        fprintf(stderr,
                "spinnlive-board: --measure-ms: the machine does not boot, or the host has no such engine or not "
                "so many threads\n");
    }
    machine_destroy(machine);
    return able;
}
