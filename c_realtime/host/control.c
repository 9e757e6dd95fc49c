#define _GNU_SOURCE
#include "control.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "files.h"

#define COMMAND_BYTES     64
#define ANSWER_BYTES      4096
#define ANSWERS_AT_A_TIME 16 /* whoever floods the control port must not stop the board */

struct answer {
    char text[ANSWER_BYTES];
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void append(struct answer *answer, const char *format, ...) {
    va_list arguments;
    size_t room = sizeof answer->text - answer->length;

    va_start(arguments, format);
    int length = vsnprintf(answer->text + answer->length, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        answer->length += (size_t)length < room ? (size_t)length : room - 1;
}

static void tell_status(struct answer *answer, const struct host *host) {
    const struct machine *machine = host->machine;
    const struct pacer *pacer = &host->pacer;
    struct machine_statistics s = machine_statistics(machine);

    append(answer,
           "{\"emulated_s\": %.6f, \"speed\": %.4f, \"pace\": \"%s\", \"given_up_s\": %.6f, \"booted\": %s, "
           "\"chips\": %u, \"cores_awake\": %u, \"instructions\": %" PRIu64 ", \"datagrams_in\": %" PRIu64
           ", \"datagrams_out\": %" PRIu64 ", \"datagrams_dropped\": %" PRIu64 ", \"datagrams_unsendable\": %" PRIu64
           ", \"packets_sent\": %" PRIu64 ", \"packets_received\": %" PRIu64 ", \"packets_dropped\": %" PRIu64
           ", \"packets_timed_out\": %" PRIu64 "}",
           (double)machine->now / CPU_HZ, pacer->speed, pacer->pace == PACE_FREE ? "free" : "realtime",
           (double)pacer->given_up_ns / 1e9, bootrom_is_active(machine->root) ? "false" : "true", s.chips,
           s.cores_awake, s.instructions, s.datagrams_in, s.datagrams_out, s.datagrams_dropped + host->udp.oversized,
           host->udp.unsendable, s.packets_sent, s.packets_received, s.packets_dropped, s.packets_timed_out);
}

static void tell_unmodelled(struct answer *answer, const struct machine *machine) {
    const char *separator = "";

    append(answer, "{\"unmodelled\": [");
    for (unsigned i = 0; i < machine->chip_count; i++) {
        const struct chip *chip = machine->chip[i];
        for (unsigned k = 0; k < chip->unmodelled_count && answer->length < ANSWER_BYTES - 256; k++) {
            const struct unmodelled *note = &chip->unmodelled[k];
            append(answer,
                   "%s{\"chip\": [%u, %u], \"core\": %u, \"address\": %u, \"write\": %s, \"pc\": %u, "
                   "\"count\": %" PRIu64 "}",
                   separator, chip->x, chip->y, note->core, note->address, note->write ? "true" : "false", note->pc,
                   note->count);
            separator = ", ";
        }
    }
    append(answer, "]}");
}

static void tell_outcome(struct answer *answer, const char *complaint) {
    if (complaint == NULL)
        append(answer, "{\"ok\": true}");
    else
        append(answer, "{\"error\": \"%s\"}", complaint);
}

static void obey(struct answer *answer, const char *command, struct host *host) {
    struct machine *machine = host->machine;

    if (strcmp(command, "status") == 0) {
        tell_status(answer, host);
    } else if (strcmp(command, "unmodelled") == 0) {
        tell_unmodelled(answer, machine);
    } else if (strcmp(command, "hash") == 0) {
        append(answer, "{\"emulated_s\": %.6f, \"hash\": \"%016" PRIx64 "\"}", (double)machine->now / CPU_HZ,
               machine_hash(machine));
    } else if (strcmp(command, "pace realtime") == 0 || strcmp(command, "pace free") == 0) {
        pacer_start(&host->pacer, command[5] == 'f' ? PACE_FREE : PACE_REALTIME, machine->now);
        append(answer, "{\"ok\": true}");
    } else if (strncmp(command, "snapshot ", 9) == 0) {
        tell_outcome(answer, files_snapshot(host, command + 9));
    } else if (strncmp(command, "record ", 7) == 0) {
        tell_outcome(answer, files_record(host, command + 7));
    } else if (strcmp(command, "record") == 0) {
        tell_outcome(answer, files_end_record(host));
    } else {
        append(answer, "{\"error\": \"unknown command: there are status, unmodelled, hash, pace realtime, pace free, "
                       "snapshot NAME, record NAME, record\"}");
    }
}

void control_answer(int fd, struct host *host) {
    for (int i = 0; i < ANSWERS_AT_A_TIME; i++) {
        char command[COMMAND_BYTES];
        struct sockaddr_in from;
        socklen_t from_length = sizeof from;
        ssize_t length = recvfrom(fd, command, sizeof command - 1, 0, (struct sockaddr *)&from, &from_length);
        struct answer answer = {.length = 0};

        if (length < 0)
            return;
        command[length] = '\0';
        command[strcspn(command, "\r\n")] = '\0';
        obey(&answer, command, host);
        sendto(fd, answer.text, answer.length, 0, (struct sockaddr *)&from, from_length);
    }
}
