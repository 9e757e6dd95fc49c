#define _POSIX_C_SOURCE 200809L
#include "crew.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "../chip/chip.h"

/* A window is a few microseconds long: between two of them a worker keeps looking, and sleeps only when the machine
 * does. */
#define LOOKS_BEFORE_SLEEP 4000

/* A sleeping worker is worth its waking only if many windows with work for two follow each other. */
#define WINDOWS_BEFORE_WAKE 64

/* Which chip is next, in one word, so that a worker that comes late cannot take a place of another window: the window's
 * number, how many chips it has, and the first that nobody has taken. */
#define INDEX_BITS   20
#define INDEX_MASK   ((UINT64_C(1) << INDEX_BITS) - 1)
#define COUNT_SHIFT  INDEX_BITS
#define WINDOW_SHIFT (2 * INDEX_BITS)

struct crew {
    _Atomic uint64_t ticket;
    _Atomic unsigned finished; /* chips of the window in progress */
    struct chip *const *chips;
    uint64_t end, window;

    pthread_mutex_t lock;
    pthread_cond_t work;
    _Atomic unsigned sleepers;
    bool dismissed;
    unsigned windows_in_a_row;
    unsigned workers;
    pthread_t worker[];
};

/* Execute chips until none of the window is left. False if there was none. */
static bool take_part(struct crew *crew) {
    bool took_part = false;

    for (;;) {
        uint64_t ticket = atomic_load_explicit(&crew->ticket, memory_order_acquire);
        if ((ticket & INDEX_MASK) >= (ticket >> COUNT_SHIFT & INDEX_MASK))
            return took_part;
        if (!atomic_compare_exchange_weak_explicit(&crew->ticket, &ticket, ticket + 1, memory_order_acq_rel,
                                                   memory_order_relaxed))
            continue;
        /* The window cannot end before this chip has: what was published with the ticket stands. */
        chip_run(crew->chips[ticket & INDEX_MASK], crew->end);
        atomic_fetch_add_explicit(&crew->finished, 1, memory_order_release);
        took_part = true;
    }
}

static void sleep_until_work(struct crew *crew, uint64_t seen) {
    pthread_mutex_lock(&crew->lock);
    atomic_fetch_add(&crew->sleepers, 1);
    while (!crew->dismissed && atomic_load(&crew->ticket) == seen)
        pthread_cond_wait(&crew->work, &crew->lock);
    atomic_fetch_sub(&crew->sleepers, 1);
    pthread_mutex_unlock(&crew->lock);
}

static void *work(void *context) {
    struct crew *crew = context;
    unsigned looks = 0;

    for (;;) {
        uint64_t seen = atomic_load(&crew->ticket);
        if (take_part(crew)) {
            looks = 0;
        } else if (++looks > LOOKS_BEFORE_SLEEP) {
            sleep_until_work(crew, seen);
            pthread_mutex_lock(&crew->lock);
            bool dismissed = crew->dismissed;
            pthread_mutex_unlock(&crew->lock);
            if (dismissed)
                return NULL;
            looks = 0;
        }
    }
}

struct crew *crew_create(unsigned threads) {
    struct crew *crew = calloc(1, sizeof *crew + threads * sizeof *crew->worker);

    if (crew == NULL)
        return NULL;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->work, NULL);
    for (; crew->workers + 1 < threads; crew->workers++)
        if (pthread_create(&crew->worker[crew->workers], NULL, work, crew) != 0) {
            crew_destroy(crew);
            return NULL;
        }
    return crew;
}

void crew_destroy(struct crew *crew) {
    if (crew == NULL)
        return;
    pthread_mutex_lock(&crew->lock);
    crew->dismissed = true;
    pthread_cond_broadcast(&crew->work);
    pthread_mutex_unlock(&crew->lock);
    for (unsigned i = 0; i < crew->workers; i++)
        pthread_join(crew->worker[i], NULL);
    pthread_cond_destroy(&crew->work);
    pthread_mutex_destroy(&crew->lock);
    free(crew);
}

void crew_run(struct crew *crew, struct chip *const *chips, unsigned count, uint64_t end) {
    if (count < 2) {
        crew->windows_in_a_row = 0;
        if (count)
            chip_run(chips[0], end);
        return;
    }
    crew->chips = chips;
    crew->end = end;
    crew->window++;
    atomic_store_explicit(&crew->finished, 0, memory_order_relaxed);
    atomic_store_explicit(&crew->ticket, crew->window << WINDOW_SHIFT | (uint64_t)count << COUNT_SHIFT,
                          memory_order_release);
    if (++crew->windows_in_a_row >= WINDOWS_BEFORE_WAKE && atomic_load(&crew->sleepers)) {
        pthread_mutex_lock(&crew->lock);
        pthread_cond_broadcast(&crew->work);
        pthread_mutex_unlock(&crew->lock);
    }
    take_part(crew);
    while (atomic_load_explicit(&crew->finished, memory_order_acquire) != count)
        sched_yield();
}
