#define _POSIX_C_SOURCE 200809L
#include "pacer.h"

#include <time.h>

#define NS_PER_CYCLE (1000000000 / (int64_t)CPU_HZ)

int64_t pacer_wall_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void pacer_start(struct pacer *pacer, enum pace pace, uint64_t now) {
    int64_t wall = pacer_wall_ns();
    *pacer = (struct pacer){
        .pace = pace, .reference_ns = wall, .reference_cycles = now, .speed_since_ns = wall, .speed_since_cycles = now};
}

void pacer_resume(struct pacer *pacer, uint64_t now) {
    pacer->reference_ns = pacer->speed_since_ns = pacer_wall_ns();
    pacer->reference_cycles = pacer->speed_since_cycles = now;
}

static void measure_speed(struct pacer *pacer, uint64_t now, int64_t wall) {
    int64_t elapsed = wall - pacer->speed_since_ns;
    if (elapsed < PACER_SPEED_NS)
        return;
    pacer->speed = (double)(now - pacer->speed_since_cycles) * NS_PER_CYCLE / (double)elapsed;
    pacer->speed_since_ns = wall;
    pacer->speed_since_cycles = now;
}

static int64_t wall_of(const struct pacer *pacer, uint64_t then) {
    return pacer->reference_ns + ((int64_t)then - (int64_t)pacer->reference_cycles) * NS_PER_CYCLE;
}

uint64_t pacer_allowed(struct pacer *pacer, uint64_t now) {
    int64_t wall = pacer_wall_ns(), behind = wall - wall_of(pacer, now);

    measure_speed(pacer, now, wall);
    if (pacer->pace == PACE_FREE)
        return UINT64_MAX;
    if (behind > PACER_CATCH_UP_NS) {
        pacer->given_up_ns += behind - PACER_CATCH_UP_NS;
        pacer->reference_ns += behind - PACER_CATCH_UP_NS;
        behind = PACER_CATCH_UP_NS;
    }
    return behind > 0 ? now + (uint64_t)(behind / NS_PER_CYCLE) : now;
}

int64_t pacer_wait_ns(const struct pacer *pacer, uint64_t then) {
    int64_t wait = wall_of(pacer, then) - pacer_wall_ns();
    return pacer->pace == PACE_FREE || wait < 0 ? 0 : wait;
}
