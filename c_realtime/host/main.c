/* spinnlive-board: emulated SpiNNaker boards as a process. Joins the machine to sockets and to the wall clock. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "bootcache.h"
#include "bootimage.h"
#include "control.h"
#include "files.h"
#include "hold.h"
#include "host.h"
#include "measure.h"
#include "replay.h"
#include "resident.h"

/* How much emulated time passes between looks at the sockets while there is work to do. It is executed at once, so the
 * machine may be so much ahead of the wall clock: a core that stopped in the middle of its work for the wall clock to
 * come would tell the world about it later by this and by a sleep's end. */
#define LOOK_CYCLES (100 * CYCLES_PER_US)

/* The longest sleep while the monitors do nothing but keep their clocks: nobody can see it if they do that in arrears.
 * A datagram wakes the board at once. */
#define QUIET_CYCLES (5000 * CYCLES_PER_US)

/* Booting from an image takes a second of emulated time or less on 4 chips; a board that is not up after this will
 * never be. */
#define BOOT_LIMIT_CYCLES ((uint64_t)20 * CPU_HZ)

enum { POLL_CONTROL, POLL_LIFELINE, POLL_GDB, POLL_UDP, POLL_MOST = POLL_UDP + MACHINE_MAX_BOARDS * UDP_SOCKETS + 1 };

static volatile sig_atomic_t stop_requested;

static void request_stop(int signal) {
    (void)signal;
    stop_requested = 1;
}

static void catch_signals(void) {
    struct sigaction action = {.sa_handler = request_stop};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* Standard input is only ever closed on a board with a lifeline; what is written to it is thrown away. */
bool host_must_end(struct host *host, bool lifeline_readable) {
    char rubbish[256];

    if (host->options->lifeline && lifeline_readable && read(STDIN_FILENO, rubbish, sizeof rubbish) <= 0)
        stop_requested = 1;
    return stop_requested;
}

static uint64_t earlier(uint64_t one, uint64_t other) {
    return one < other ? one : other;
}

/* When somebody must look at the machine's outputs and inputs next. */
static uint64_t next_look(const struct host *host) {
    const struct machine *machine = host->machine;
    uint64_t next = earlier(machine_next_outward_event(machine), recorder_next_pulse(host->recorder));

    return earlier(next, machine->now + QUIET_CYCLES);
}

/* How far the machine is to run now: as far as the wall clock is; and if that brings work, some of that. */
static uint64_t run_limit(struct host *host) {
    const struct machine *machine = host->machine;
    uint64_t next = next_look(host), allowed = pacer_allowed(&host->pacer, machine->now);

    if (pacer_wait_ns(&host->pacer, next) > 0)
        return earlier(allowed, next);
    return (next > machine->now ? next : machine->now) + LOOK_CYCLES;
}

/* Execute until then, and carry out what comes of it. */
static void run_until(struct host *host, uint64_t until) {
    while (host->machine->now < until) {
        machine_run_to_output(host->machine, earlier(until, recorder_next_pulse(host->recorder)));
        udp_send(host);
        recorder_pulse(host->recorder, host->machine);
    }
}

/* A socket whose board has no room for what it holds is not waited for: it would be readable for ever. */
static unsigned list_polls(const struct host *host, struct pollfd polls[POLL_MOST]) {
    unsigned count = POLL_UDP;
    bool room_everywhere = true;

    polls[POLL_CONTROL] = (struct pollfd){.fd = host->control, .events = POLLIN};
    polls[POLL_GDB] = (struct pollfd){.fd = host->gdb.poll, .events = POLLIN};
    polls[POLL_LIFELINE] = (struct pollfd){.fd = host->options->lifeline ? STDIN_FILENO : -1, .events = POLLIN};
    for (unsigned board = 0; board < host->udp.boards; board++) {
        bool room = machine_has_room(host->machine, board);
        for (int i = 0; i < UDP_SOCKETS; i++)
            polls[count++] = (struct pollfd){.fd = host->udp.socket[board][i], .events = room ? POLLIN : 0};
        room_everywhere = room_everywhere && room;
    }
    polls[count++] = (struct pollfd){.fd = host->udp.tags.poll, .events = room_everywhere ? POLLIN : 0};
    return count;
}

/* Wait until the machine must run on, or somebody wants something of it. */
static void wait_for_work(const struct host *host, struct pollfd *polls, unsigned count) {
    int64_t wait = pacer_wait_ns(&host->pacer, next_look(host));
    struct timespec timeout = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
    ppoll(polls, count, &timeout, NULL);
}

/* Run, as fast as it goes, until SCAMP says that it is up: nobody should meet a board that is half booted. */
static bool finish_booting(struct host *host) {
    while (!machine_is_up(host->machine)) {
        if (stop_requested || host->machine->now > BOOT_LIMIT_CYCLES)
            return false;
        run_until(host, host->machine->now + LOOK_CYCLES);
    }
    return true;
}

static bool datagram_came(const struct pollfd *polls, unsigned count) {
    for (unsigned i = POLL_UDP; i < count; i++)
        if (polls[i].revents)
            return true;
    return false;
}

/* Debuggers are served in the middle of a window, and want no other chip to be executed meanwhile. */
static void choose_threads(struct host *host, unsigned *threads) {
    unsigned wanted = gdb_is_attached(&host->gdb) ? 1 : host->options->threads;

    if (wanted != *threads && machine_set_threads(host->machine, wanted))
        *threads = wanted;
}

static void run(struct host *host) {
    const struct options *options = host->options;
    struct machine *machine = host->machine;
    struct pollfd polls[POLL_MOST];
    unsigned threads = options->threads;

    pacer_start(&host->pacer, options->pace, machine->now);
    while (!stop_requested && (options->run_cycles == 0 || machine->now < options->run_cycles)) {
        if (hold_is_on(host)) {
            if (!hold_wait(host))
                break;
            continue;
        }
        choose_threads(host, &threads);
        run_until(host, run_limit(host));
        unsigned count = list_polls(host, polls);
        wait_for_work(host, polls, count);
        if (host_must_end(host, polls[POLL_LIFELINE].revents))
            break;
        if (polls[POLL_GDB].revents)
            gdb_serve(&host->gdb);
        if (polls[POLL_CONTROL].revents)
            control_answer(host->control, host);
        if (hold_is_on(host))
            continue;
        if (datagram_came(polls, count)) {
            /* Time has passed in the sleep: a datagram comes at the time that it is now. */
            uint64_t allowed = pacer_allowed(&host->pacer, machine->now);
            if (host->pacer.pace == PACE_REALTIME && allowed < machine->now + 2 * QUIET_CYCLES)
                run_until(host, allowed);
            udp_receive(host);
        }
    }
}

/* A log begins at power-on; and what is wrong with a board from the start, its firmware meets while it boots. */
static bool boots_like_any_other(const struct options *options) {
    return options->image != NULL && options->record == NULL && options->faults == 0;
}

static struct machine *make_machine(const struct options *options, uint32_t unix_time) {
    struct machine_config config = {.board = options->board, .boards = options->boards};
    struct machine *machine;

    if (options->restore != NULL)
        return files_restore(options->restore);
    if (boots_like_any_other(options) && (machine = bootcache_take(options, unix_time)) != NULL)
        return machine;
    memcpy(config.ip, options->ip, sizeof config.ip);
    machine = machine_create(&config);
    if (machine == NULL)
        fprintf(stderr, "spinnlive-board: not enough memory for the machine\n");
    return machine;
}

/* What is wrong with the boards from the start. */
static bool apply_faults(struct host *host) {
    for (unsigned i = 0; i < host->options->faults; i++) {
        const char *words = host->options->fault[i];
        char complaint[FAULT_COMPLAINT_BYTES];
        if (!machine_fault(host->machine, words, complaint, sizeof complaint)) {
            fprintf(stderr, "spinnlive-board: --fault \"%s\": %s\n", words, complaint);
            return false;
        }
        recorder_fault(host->recorder, host->machine->now, words);
    }
    return true;
}

/* Put the machine to work: threads, log, firmware. False if something is missing, which has been said. */
static bool prepare(struct host *host, uint32_t unix_time) {
    static uint8_t image[BOOT_IMAGE_BYTES];
    const struct options *options = host->options;
    uint32_t length = 0;

    if (!machine_set_threads(host->machine, options->threads)) {
        fprintf(stderr, "spinnlive-board: --threads %u: the host does not give so many\n", options->threads);
        return false;
    }
    if (!machine_set_engine(host->machine, options->engine)) {
        fprintf(stderr, "spinnlive-board: --engine fast: this host lets no program make machine code; without the "
                        "option the plain engine serves\n");
        return false;
    }
    if (options->record != NULL && !files_start_record(host, options->record))
        return false;
    if (!apply_faults(host))
        return false;
    if (options->image == NULL || machine_is_up(host->machine))
        return true;
    if (!bootimage_read(options->image, options->board, unix_time, image, &length))
        return false;
    recorder_image(host->recorder, host->machine->now, image, length);
    machine_boot(host->machine, image, length);
    if (finish_booting(host)) {
        if (boots_like_any_other(options))
            bootcache_keep(options, host->machine, unix_time);
        return true;
    }
    if (!stop_requested)
        fprintf(stderr, "spinnlive-board: --image %s: does not boot; it must be SCAMP 4\n", options->image);
    return false;
}

static void say_ready(const struct host *host) {
    printf("{\"ready\": true, \"address\": \"%s\", \"addresses\": [", host->options->address[0]);
    for (unsigned board = 0; board < host->udp.boards; board++)
        printf("%s\"%s\"", board ? ", " : "", host->options->address[board]);
    printf("], \"chips\": %u}\n", host->machine->chip_count);
    fflush(stdout);
}

/* Be a board until asked to stop. False if it never came to that. */
static bool serve(const struct options *options) {
    uint32_t now = (uint32_t)time(NULL);
    struct host host = {.options = options, .machine = make_machine(options, now)};
    struct options bound = *options;
    bool ready = false, recorded;

    if (host.machine == NULL)
        return false;
    if (bound.boards != host.machine->config.boards) { /* a snapshot brings its own number of boards */
        bound.boards = host.machine->config.boards;
        options_number_addresses(&bound);
    }
    host.options = &bound;
    if (udp_open(&host.udp, &bound)) {
        host.control = udp_bind(&bound, 0, CONTROL_PORT);
        bool can_debug = gdb_start(&host.gdb, &host);
        ready = host.control >= 0 && can_debug && prepare(&host, now);
        if (ready) {
            say_ready(&host);
            run(&host);
        }
        gdb_end(&host.gdb);
        close(host.control);
        udp_close(&host.udp);
    }
    recorded = recorder_close(host.recorder, host.machine);
    if (!recorded)
        fprintf(stderr, "spinnlive-board: the log could not be written whole: is the disk full?\n");
    machine_destroy(host.machine);
    return (ready || stop_requested) && recorded;
}

int main(int argc, char **argv) {
    struct options options = options_parse(argc, argv);

    pages_set_source(resident_pages);
    if (options.replay != NULL)
        return replay(options.replay, options.threads, options.engine) ? EXIT_SUCCESS : EXIT_FAILURE;
    if (options.measure_cycles != 0)
        return measure(&options) ? EXIT_SUCCESS : EXIT_FAILURE;
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); /* the kernel's default lets sleeps end 50 us late */
    catch_signals();
    return serve(&options) ? EXIT_SUCCESS : EXIT_FAILURE;
}
