#include "processor.h"

/* Registers of each timer; the second timer's are 0x20 further on (SP804 TRM; SpiNNaker datasheet). */
enum {
    LOAD = 0x00,
    COUNT = 0x04,
    CONTROL = 0x08,
    INTERRUPT_CLEAR = 0x0c,
    RAW_INTERRUPT = 0x10,
    MASKED_INTERRUPT = 0x14,
    BACKGROUND_LOAD = 0x18,
    SECOND_TIMER = 0x20,
};

#define ONE_SHOT         0x01u
#define SIZE_32          0x02u
#define INTERRUPT_ENABLE 0x20u
#define PERIODIC         0x40u
#define ENABLE           0x80u
#define CONTROL_RESET    INTERRUPT_ENABLE

static unsigned prescale_shift(const struct timer *timer) {
    static const unsigned shift[4] = {0, 4, 8, 0};
    return shift[timer->control >> 2 & 3];
}

static uint32_t count_mask(const struct timer *timer) {
    return timer->control & SIZE_32 ? 0xffffffffu : 0xffffu;
}

static uint64_t ticks_to_cycles(const struct timer *timer, uint64_t ticks) {
    return ticks << prescale_shift(timer);
}

static uint32_t count_at(const struct timer *timer, uint64_t now) {
    if (timer->expiry == NEVER)
        return timer->count;
    return timer->expiry <= now ? 0 : (uint32_t)((timer->expiry - now) >> prescale_shift(timer));
}

/* Count on from `count`. A count of zero is taken as one tick, so that time always moves on. */
static void start(struct timer *timer, uint64_t now) {
    uint64_t ticks = timer->count & count_mask(timer);
    timer->expiry = timer->control & ENABLE ? now + ticks_to_cycles(timer, ticks ? ticks : 1) : NEVER;
}

static void update(struct processor *processor, unsigned index) {
    const struct timer *timer = &processor->timer[index];
    vic_drive(processor, index ? VIC_TIMER2 : VIC_TIMER1, timer->expired && timer->control & INTERRUPT_ENABLE);
    processor_reschedule(processor);
}

void timer_reset(struct processor *processor) {
    for (unsigned i = 0; i < TIMERS; i++) {
        processor->timer[i] = (struct timer){.control = CONTROL_RESET, .count = 0xffffffffu, .expiry = NEVER};
        update(processor, i);
    }
}

/* From one expiry to the next. A free running timer wraps to all ones. */
static uint64_t turn_cycles(const struct timer *timer) {
    uint64_t ticks =
        timer->control & PERIODIC ? timer->background & count_mask(timer) : (uint64_t)count_mask(timer) + 1;
    return ticks_to_cycles(timer, ticks ? ticks : 1);
}

void timer_advance(struct processor *processor, uint64_t now) {
    for (unsigned i = 0; i < TIMERS; i++) {
        struct timer *timer = &processor->timer[i];
        if (timer->expiry > now)
            continue;
        timer->expired = true;
        if (timer->control & ONE_SHOT) { /* stays enabled: the next write to LOAD starts it again */
            timer->count = 0;
            timer->expiry = NEVER;
        } else { /* on by as many whole turns as have passed, which are many after a long time without a clock */
            uint64_t turn = turn_cycles(timer);
            timer->expiry += ((now - timer->expiry) / turn + 1) * turn;
        }
        update(processor, i);
    }
}

uint32_t timer_read(struct processor *processor, uint32_t offset) {
    const struct timer *timer = &processor->timer[offset & SECOND_TIMER ? 1 : 0];

    switch (offset & ~(uint32_t)SECOND_TIMER) {
    case LOAD:
        return timer->load;
    case COUNT:
        return count_at(timer, processor_now(processor));
    case CONTROL:
        return timer->control;
    case RAW_INTERRUPT:
        return timer->expired;
    case MASKED_INTERRUPT:
        return timer->expired && timer->control & INTERRUPT_ENABLE;
    case BACKGROUND_LOAD:
        return timer->background;
    }
    processor_note_unmodelled(processor, TIMER_BASE + offset, false);
    return 0;
}

uint64_t timer_stays_positive(const struct processor *processor, uint32_t offset) {
    const struct timer *timer = &processor->timer[offset & SECOND_TIMER ? 1 : 0];
    uint64_t last = (uint64_t)1 << prescale_shift(timer); /* the count's last tick, which reads as zero when it began */
    uint64_t now = processor_now(processor);

    if ((offset & ~(uint32_t)SECOND_TIMER) != COUNT || timer->expiry == NEVER || timer->expiry < now + last ||
        count_at(timer, now) > INT32_MAX)
        return 0;
    return timer->expiry - now - last;
}

void timer_write(struct processor *processor, uint32_t offset, uint32_t value) {
    unsigned index = offset & SECOND_TIMER ? 1 : 0;
    struct timer *timer = &processor->timer[index];
    uint64_t now = processor_now(processor);

    switch (offset & ~(uint32_t)SECOND_TIMER) {
    case LOAD:
        timer->load = timer->background = timer->count = value;
        start(timer, now);
        break;
    case CONTROL:
        timer->count = count_at(timer, now);
        timer->control = value & 0xff;
        start(timer, now);
        break;
    case INTERRUPT_CLEAR:
        timer->expired = false;
        break;
    case BACKGROUND_LOAD:
        timer->background = value;
        break;
    default:
        processor_note_unmodelled(processor, TIMER_BASE + offset, true);
        break;
    }
    update(processor, index);
}

void timer_archive(struct archive *archive, struct timer *timer) {
    ARCHIVE(archive, timer->load);
    ARCHIVE(archive, timer->background);
    ARCHIVE(archive, timer->control);
    ARCHIVE(archive, timer->count);
    ARCHIVE(archive, timer->expiry);
    archive_bool(archive, &timer->expired);
}
