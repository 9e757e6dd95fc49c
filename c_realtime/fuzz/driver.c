/* Runs a fuzz target without libFuzzer: replays files, or tries a bounded number of mutated inputs.
 *
 *   fuzz_X FILE...                              replay
 *   fuzz_X --count N [--seed S] [--from I]      inputs I .. I+N-1 of run S
 *   fuzz_X --write-seeds FOLDER                 the valid inputs, a file for each: libFuzzer begins with files
 *
 * Inputs run in a child process: whatever happens to it is reported with the number of the input, and when the target's
 * state is spent the next child starts from what was prepared once. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"
#include "mutate.h"

#define HANG_S     120 /* of the wall clock, for one input; generous, for hosts are busy */
#define EXIT_SPENT 77
#define PATH_BYTES 4096

struct shared {
    uint64_t counters[FUZZ_COUNTERS];
    uint64_t next; /* input that is being taken, or will be next */
};

static void work(struct shared *shared, uint64_t run_seed, uint64_t end) {
    uint8_t bytes[FUZZ_INPUT_BYTES];

    while (shared->next < end) {
        size_t length = mutate(run_seed, shared->next, bytes);
        /* An allocation of the exact size, so that AddressSanitizer sees a read beyond the end. */
        uint8_t *exact = malloc(length ? length : 1);
        if (exact == NULL)
            abort();
        memcpy(exact, bytes, length);
        alarm(HANG_S);
        LLVMFuzzerTestOneInput(exact, length);
        free(exact);
        shared->next++;
        if (fuzz_is_spent())
            _exit(EXIT_SPENT);
    }
    _exit(EXIT_SUCCESS);
}

static void report(const struct shared *shared, uint64_t from, uint64_t fresh_starts) {
    printf("%" PRIu64 " inputs, %" PRIu64 " fresh starts", shared->next - from, fresh_starts);
    for (unsigned i = 0; i < FUZZ_COUNTERS && fuzz_counter_names[i] != NULL; i++)
        printf(", %" PRIu64 " %s", shared->counters[i], fuzz_counter_names[i]);
    printf("\n");
    fflush(stdout);
}

static int run(uint64_t run_seed, uint64_t from, uint64_t count) {
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t fresh_starts = 0, reported = 0, step = count / 100 + 1;
    int status = 0;

    if (shared == MAP_FAILED) {
        perror("mmap");
        return EXIT_FAILURE;
    }
    fuzz_counters = shared->counters;
    shared->next = from;
    while (shared->next < from + count) {
        uint64_t started = shared->next;
        pid_t child = fork();
        if (child < 0) {
            perror("fork");
            return EXIT_FAILURE;
        }
        if (child == 0)
            work(shared, run_seed, from + count);
        fresh_starts++;
        if (waitpid(child, &status, 0) != child)
            return EXIT_FAILURE;
        bool well = WIFEXITED(status) && (WEXITSTATUS(status) == EXIT_SUCCESS || WEXITSTATUS(status) == EXIT_SPENT);
        if (!well) {
            fprintf(stderr, "input %" PRIu64 " of run %" PRIu64 " (the child began with input %" PRIu64 "): %s %d\n",
                    shared->next, run_seed, started, WIFSIGNALED(status) ? "signal" : "exit code",
                    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
            return EXIT_FAILURE;
        }
        if (shared->next - from >= reported + step) {
            reported = shared->next - from;
            report(shared, from, fresh_starts);
        }
    }
    report(shared, from, fresh_starts);
    return EXIT_SUCCESS;
}

static int replay(const char *path) {
    static uint8_t bytes[FUZZ_INPUT_BYTES];
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        perror(path);
        return EXIT_FAILURE;
    }
    size_t length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    LLVMFuzzerTestOneInput(bytes, length);
    return EXIT_SUCCESS;
}

static int write_seeds(const char *folder) {
    static uint8_t bytes[FUZZ_INPUT_BYTES];
    char path[PATH_BYTES];
    size_t length;

    for (unsigned i = 0; (length = fuzz_seed(i, bytes)) > 0; i++) {
        snprintf(path, sizeof path, "%s/seed-%03u", folder, i);
        FILE *file = fopen(path, "wb");
        bool written = file != NULL && fwrite(bytes, 1, length, file) == length;
        if (file == NULL || fclose(file) != 0 || !written) {
            perror(path);
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    uint64_t run_seed = 1, from = 0, count = 0;

    LLVMFuzzerInitialize(&argc, &argv);
    if (argc == 3 && strcmp(argv[1], "--write-seeds") == 0)
        return write_seeds(argv[2]);
    for (int i = 1; i < argc; i++) {
        uint64_t *number = strcmp(argv[i], "--count") == 0  ? &count
                           : strcmp(argv[i], "--seed") == 0 ? &run_seed
                           : strcmp(argv[i], "--from") == 0 ? &from
                                                            : NULL;
        if (number != NULL && i + 1 < argc)
            *number = strtoull(argv[++i], NULL, 10);
        else if (replay(argv[i]) != EXIT_SUCCESS)
            return EXIT_FAILURE;
    }
    return count > 0 ? run(run_seed, from, count) : EXIT_SUCCESS;
}
