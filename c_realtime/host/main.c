/* spinnlive-board: an emulated SpiNNaker board as a process. Joins the machine to sockets and to the wall clock. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bootimage.h"
#include "control.h"
#include "options.h"
#include "pacer.h"
#include "udp.h"

/* How much emulated time passes between looks at the sockets while there is work to do. */
#define LOOK_CYCLES (100 * CYCLES_PER_US)

/* The longest sleep while the monitors do nothing but keep their clocks: nobody can see it if they do that in arrears.
 * A datagram wakes the board at once. */
#define QUIET_CYCLES (5000 * CYCLES_PER_US)

/* Booting from an image takes a second of emulated time or less on 4 chips; a board that is not up after this will
 * never be. */
#define BOOT_LIMIT_CYCLES ((uint64_t)20 * CPU_HZ)

enum { POLL_SCP, POLL_BOOT, POLL_CONTROL, POLL_LIFELINE, POLL_COUNT };

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
static bool lifeline_cut(void) {
    char rubbish[256];
    return read(STDIN_FILENO, rubbish, sizeof rubbish) <= 0;
}

/* How far the machine may run, or its clock may wait, before somebody must look at its outputs and inputs. */
static uint64_t next_look(const struct machine *machine) {
    uint64_t next = machine_next_outward_event(machine);
    if (next < machine->now + LOOK_CYCLES)
        return machine->now + LOOK_CYCLES;
    return next < machine->now + QUIET_CYCLES ? next : machine->now + QUIET_CYCLES;
}

/* Wait until the machine must run on, or somebody wants something of it. */
static void wait_for_work(struct pollfd polls[POLL_COUNT], const struct pacer *pacer, const struct machine *machine) {
    uint64_t next = next_look(machine);
    int64_t wait = pacer_wait_ns(pacer, next);
    struct timespec timeout = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
    ppoll(polls, POLL_COUNT, &timeout, NULL);
}

/* Run, as fast as it goes, until SCAMP says that it is up: nobody should meet a board that is half booted. */
static bool finish_booting(struct machine *machine) {
    while (!machine_is_up(machine)) {
        if (stop_requested || machine->now > BOOT_LIMIT_CYCLES)
            return false;
        machine_run(machine, machine->now + LOOK_CYCLES);
    }
    return true;
}

static void run(struct machine *machine, struct udp *udp, int control, const struct options *options) {
    struct pollfd polls[POLL_COUNT] = {
        [POLL_SCP] = {.fd = udp->socket[UDP_SCP], .events = POLLIN},
        [POLL_BOOT] = {.fd = udp->socket[UDP_BOOT], .events = POLLIN},
        [POLL_CONTROL] = {.fd = control, .events = POLLIN},
        [POLL_LIFELINE] = {.fd = options->lifeline ? STDIN_FILENO : -1, .events = POLLIN},
    };
    struct pacer pacer;

    pacer_start(&pacer, options->pace, machine->now);
    while (!stop_requested && (options->run_cycles == 0 || machine->now < options->run_cycles)) {
        uint64_t allowed = pacer_allowed(&pacer, machine->now), slice_end = next_look(machine);

        if (allowed > machine->now)
            machine_run(machine, allowed < slice_end ? allowed : slice_end);
        udp_send(udp, machine);
        wait_for_work(polls, &pacer, machine);
        if (polls[POLL_LIFELINE].revents && lifeline_cut())
            break;
        if (polls[POLL_CONTROL].revents)
            control_answer(control, machine, &pacer, udp);
        if (polls[POLL_SCP].revents || polls[POLL_BOOT].revents) {
            /* Time has passed in the sleep: a datagram comes at the time that it is now. */
            allowed = pacer_allowed(&pacer, machine->now);
            if (pacer.pace == PACE_REALTIME && allowed < machine->now + 2 * QUIET_CYCLES)
                machine_run(machine, allowed);
            udp_receive(udp, machine);
        }
    }
}

int main(int argc, char **argv) {
    struct options options = options_parse(argc, argv);
    struct machine_config config = {.board = options.board, .engine = options.engine};
    static uint8_t image[BOOT_IMAGE_BYTES];
    uint32_t image_length = 0;
    struct udp udp;
    int control;

    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); /* the kernel's default lets sleeps end 50 us late */
    catch_signals();
    for (int i = 0; i < 4; i++)
        config.ip[i] = options.ip[i];
    if (options.image != NULL && !bootimage_read(options.image, options.board, image, &image_length))
        return EXIT_FAILURE;
    if (!udp_open(&udp, &options))
        return EXIT_FAILURE;
    control = udp_bind(&options, CONTROL_PORT);
    struct machine *machine = control < 0 ? NULL : machine_create(&config);
    if (machine == NULL) {
        if (control >= 0)
            fprintf(stderr, options.engine == ENGINE_FAST
                                ? "spinnlive-board: --engine fast: this host lets no program make machine code, or has "
                                  "no memory left; leave the option out, and the plain engine serves\n"
                                : "spinnlive-board: not enough memory for the machine\n");
        udp_close(&udp);
        return EXIT_FAILURE;
    }
    bool up = true;
    if (options.image != NULL) {
        machine_boot(machine, image, image_length);
        up = finish_booting(machine);
        if (!up && !stop_requested)
            fprintf(stderr, "spinnlive-board: --image %s: does not boot; it must be SCAMP 4\n", options.image);
    }
    if (up) {
        printf("{\"ready\": true, \"address\": \"%s\", \"chips\": %u}\n", options.address, machine->chip_count);
        fflush(stdout);
        run(machine, &udp, control, &options);
    }
    machine_destroy(machine);
    close(control);
    udp_close(&udp);
    return up || stop_requested ? EXIT_SUCCESS : EXIT_FAILURE;
}
