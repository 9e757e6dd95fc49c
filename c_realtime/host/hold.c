#define _GNU_SOURCE
#include "hold.h"

#include <poll.h>
#include <unistd.h>

#include "control.h"

static bool is_frozen(struct host *host) {
    if (host->frozen_until_ns != 0 && host->frozen_until_ns <= pacer_wall_ns())
        hold_freeze(host, 0);
    return host->frozen_until_ns != 0;
}

bool hold_is_on(struct host *host) {
    return gdb_holds(&host->gdb) || is_frozen(host);
}

void hold_freeze(struct host *host, int64_t ns) {
    host->frozen_until_ns = ns == 0 || ns == HOLD_FOREVER ? ns : pacer_wall_ns() + ns;
    pacer_resume(&host->pacer, host->machine->now);
}

#define LOOK_NS 100000000 /* a signal may come just before the wait: it is seen after so long at the latest */

static struct timespec time_left(const struct host *host) {
    int64_t ns = LOOK_NS, left = host->frozen_until_ns - pacer_wall_ns();

    if (host->frozen_until_ns != 0 && left < ns)
        ns = left > 0 ? left : 0;
    return (struct timespec){.tv_nsec = ns};
}

bool hold_wait(struct host *host) {
    enum { CONTROL, DEBUGGERS, LIFELINE, COUNT };
    struct pollfd polls[COUNT] = {
        [CONTROL] = {.fd = host->control, .events = POLLIN},
        [DEBUGGERS] = {.fd = host->gdb.poll, .events = POLLIN},
        [LIFELINE] = {.fd = host->options->lifeline ? STDIN_FILENO : -1, .events = POLLIN},
    };
    struct timespec timeout = time_left(host);

    if (ppoll(polls, COUNT, &timeout, NULL) > 0) {
        if (polls[DEBUGGERS].revents)
            gdb_serve(&host->gdb);
        if (polls[CONTROL].revents)
            control_answer(host->control, host);
    }
    pacer_resume(&host->pacer, host->machine->now);
    return !host_must_end(host, polls[LIFELINE].revents);
}
