#define _GNU_SOURCE
#include "control.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "answer.h"
#include "files.h"
#include "firmware.h"
#include "hold.h"
#include "inspect.h"

#define COMMAND_BYTES     128
#define ANSWERS_AT_A_TIME 16 /* whoever floods the control port must not stop the board */

static void tell_status(struct answer *answer, const struct host *host) {
    const struct machine *machine = host->machine;
    const struct pacer *pacer = &host->pacer;
    struct machine_statistics s = machine_statistics(machine);

    answer_add(
        answer,
        "{\"emulated_s\": %.6f, \"speed\": %.4f, \"pace\": \"%s\", \"given_up_s\": %.6f, \"booted\": %s, "
        "\"chips\": %u, \"cores_awake\": %u, \"instructions\": %" PRIu64 ", \"datagrams_in\": %" PRIu64
        ", \"datagrams_out\": %" PRIu64 ", \"datagrams_dropped\": %" PRIu64 ", \"datagrams_unsendable\": %" PRIu64
        ", \"packets_sent\": %" PRIu64 ", \"packets_received\": %" PRIu64 ", \"packets_dropped\": %" PRIu64
        ", \"packets_timed_out\": %" PRIu64 ", \"held_by_debugger\": %s, \"frozen\": %s}",
        (double)machine->now / CPU_HZ, pacer->speed, pacer->pace == PACE_FREE ? "free" : "realtime",
        (double)pacer->given_up_ns / 1e9, bootrom_is_active(machine->root) ? "false" : "true", s.chips, s.cores_awake,
        s.instructions, s.datagrams_in, s.datagrams_out, s.datagrams_dropped + host->udp.oversized,
        host->udp.unsendable, s.packets_sent, s.packets_received, s.packets_dropped, s.packets_timed_out,
        gdb_holds(&host->gdb) ? "true" : "false", host->frozen_until_ns != 0 ? "true" : "false");
}

static void tell_outcome(struct answer *answer, const char *complaint) {
    if (complaint == NULL)
        answer_add(answer, "{\"ok\": true}");
    else
        answer_error(answer, complaint);
}

/* ---- places: "X,Y" and "X,Y,P" ---- */

static bool get_numbers(const char *text, unsigned *numbers, unsigned count, const char **rest) {
    for (unsigned i = 0; i < count; i++) {
        char *end;
        if (*text < '0' || *text > '9')
            return false;
        unsigned long value = strtoul(text, &end, 10);
        numbers[i] = value <= UINT32_MAX ? (unsigned)value : UINT32_MAX;
        text = end;
        if (i + 1 < count && *text++ != ',')
            return false;
    }
    *rest = text;
    return *text == '\0' || *text == ' ';
}

static struct chip *find_chip(struct answer *answer, struct machine *machine, const unsigned *place) {
    struct chip *chip =
        place[0] < MACHINE_MAX_SIDE && place[1] < MACHINE_MAX_SIDE ? machine->at[place[0]][place[1]] : NULL;

    if (chip == NULL)
        answer_error(answer, "there is no such chip");
    return chip;
}

static struct processor *find_core(struct answer *answer, struct machine *machine, const unsigned *place) {
    struct chip *chip = find_chip(answer, machine, place);
    struct processor *core = chip ? firmware_core_at(chip, place[2]) : NULL;

    if (chip != NULL && core == NULL)
        answer_error(answer, "there is no such core on that chip");
    return core;
}

static void tell_chip(struct answer *answer, const char *argument, struct host *host) {
    unsigned place[2];
    const char *rest;

    if (!get_numbers(argument, place, 2, &rest) || *rest != '\0') {
        answer_error(answer, "chip wants X,Y");
        return;
    }
    struct chip *chip = find_chip(answer, host->machine, place);
    if (chip != NULL)
        inspect_chip(answer, host->machine, chip);
}

static void tell_core(struct answer *answer, const char *argument, struct host *host) {
    unsigned place[3];
    const char *rest;

    if (!get_numbers(argument, place, 3, &rest) || *rest != '\0') {
        answer_error(answer, "core wants X,Y,P");
        return;
    }
    struct processor *core = find_core(answer, host->machine, place);
    if (core != NULL)
        inspect_core(answer, host->machine, core, place[2]);
}

static void tell_iobuf(struct answer *answer, const char *argument, struct host *host) {
    unsigned place[3], offset = 0;
    const char *rest;

    if (!get_numbers(argument, place, 3, &rest) || (*rest == ' ' && !get_numbers(rest + 1, &offset, 1, &rest))) {
        answer_error(answer, "iobuf wants X,Y,P, and perhaps the number of the first byte");
        return;
    }
    struct processor *core = find_core(answer, host->machine, place);
    if (core != NULL)
        inspect_iobuf(answer, core->chip, place[2], offset);
}

/* ---- holding the machine ---- */

static unsigned board_of(const struct machine *machine, const struct chip *chip) {
    for (unsigned i = 0; i < machine->chip_count; i++)
        if (machine->chip[i] == chip) /* chips come board by board */
            return i / (machine->chip_count / machine->config.boards);
    return 0;
}

static void debug(struct answer *answer, const char *argument, struct host *host) {
    unsigned place[3], port = 0;
    const char *rest, *complaint = NULL;
    bool well = get_numbers(argument, place, 3, &rest), off = well && strcmp(rest, " off") == 0;

    if (!well || (!off && *rest == ' ' && (!get_numbers(rest + 1, &port, 1, &rest) || port > UINT16_MAX))) {
        answer_error(answer, "gdb wants X,Y,P and a TCP port, or off; port 0 takes a free one");
        return;
    }
    struct processor *core = find_core(answer, host->machine, place);
    if (core == NULL)
        return;
    if (off) {
        tell_outcome(answer, gdb_close(&host->gdb, core) ? NULL : "that core has no port for a debugger");
        return;
    }
    port = gdb_listen(&host->gdb, core, board_of(host->machine, core->chip), port, &complaint);
    if (port == 0)
        answer_error(answer, complaint);
    else
        answer_add(answer, "{\"port\": %u}", port);
}

#define FREEZE_MOST_MS 86400000u /* a day; longer than that is for ever */

static void freeze(struct answer *answer, const char *argument, struct host *host) {
    unsigned ms;
    const char *rest;
    bool forever = strcmp(argument, "forever") == 0;

    if (!forever && (!get_numbers(argument, &ms, 1, &rest) || *rest != '\0' || ms == 0 || ms > FREEZE_MOST_MS)) {
        answer_error(answer, "freeze wants 1 to 86400000 milliseconds of the wall clock, or forever");
        return;
    }
    hold_freeze(host, forever ? HOLD_FOREVER : (int64_t)ms * 1000000);
    tell_outcome(answer, NULL);
}

static void thaw(struct answer *answer, struct host *host) {
    hold_freeze(host, 0);
    tell_outcome(answer, NULL);
}

/* ---- all commands ---- */

/* The argument of a command, if this is it. */
static const char *argument_of(const char *command, const char *name) {
    size_t length = strlen(name);
    return strncmp(command, name, length) == 0 && command[length] == ' ' ? command + length + 1 : NULL;
}

/* What may be asked at any time: it touches nothing, or not the machine. */
static bool obey_always(struct answer *answer, const char *command, struct host *host) {
    const char *argument;

    if (strcmp(command, "status") == 0)
        tell_status(answer, host);
    else if (strcmp(command, "unmodelled") == 0)
        inspect_unmodelled(answer, host->machine);
    else if ((argument = argument_of(command, "chip")) != NULL)
        tell_chip(answer, argument, host);
    else if ((argument = argument_of(command, "core")) != NULL)
        tell_core(answer, argument, host);
    else if ((argument = argument_of(command, "iobuf")) != NULL)
        tell_iobuf(answer, argument, host);
    else if ((argument = argument_of(command, "gdb")) != NULL)
        debug(answer, argument, host);
    else if ((argument = argument_of(command, "freeze")) != NULL)
        freeze(answer, argument, host);
    else if (strcmp(command, "thaw") == 0)
        thaw(answer, host);
    else
        return false;
    return true;
}

/* What needs a machine that is between two windows. */
static bool obey_between_windows(struct answer *answer, const char *command, struct host *host) {
    const char *argument;

    if (strcmp(command, "hash") == 0) {
        answer_add(answer, "{\"emulated_s\": %.6f, \"hash\": \"%016" PRIx64 "\"}", (double)host->machine->now / CPU_HZ,
                   machine_hash(host->machine));
    } else if (strcmp(command, "pace realtime") == 0 || strcmp(command, "pace free") == 0) {
        pacer_start(&host->pacer, command[5] == 'f' ? PACE_FREE : PACE_REALTIME, host->machine->now);
        tell_outcome(answer, NULL);
    } else if ((argument = argument_of(command, "snapshot")) != NULL) {
        tell_outcome(answer, files_snapshot(host, argument));
    } else if ((argument = argument_of(command, "record")) != NULL) {
        tell_outcome(answer, files_record(host, argument));
    } else if (strcmp(command, "record") == 0) {
        tell_outcome(answer, files_end_record(host));
    } else {
        return false;
    }
    return true;
}

void control_obey(struct answer *answer, const char *command, struct host *host) {
    answer->length = 0;
    if (obey_always(answer, command, host))
        return;
    if (host->gdb.inside_window)
        answer_error(answer, "a debugger holds the machine: let the core go on, or detach, and ask again");
    else if (!obey_between_windows(answer, command, host))
        answer_error(answer, "unknown command: there are status, unmodelled, chip X,Y, core X,Y,P, iobuf X,Y,P OFFSET, "
                             "gdb X,Y,P PORT|off, freeze MS|forever, thaw, hash, pace realtime|free, snapshot NAME, "
                             "record NAME, record");
}

void control_answer(int fd, struct host *host) {
    for (int i = 0; i < ANSWERS_AT_A_TIME; i++) {
        char command[COMMAND_BYTES];
        struct sockaddr_in from;
        socklen_t from_length = sizeof from;
        ssize_t length = recvfrom(fd, command, sizeof command - 1, 0, (struct sockaddr *)&from, &from_length);
        struct answer answer;

        if (length < 0)
            return;
        command[length] = '\0';
        command[strcspn(command, "\r\n")] = '\0';
        control_obey(&answer, command, host);
        sendto(fd, answer.text, answer.length, 0, (struct sockaddr *)&from, from_length);
    }
}
