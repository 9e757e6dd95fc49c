#define _POSIX_C_SOURCE 200809L
#include "inspect.h"

#include <inttypes.h>
#include <string.h>

#include "firmware.h"

#define IOBUF_PIECE 2048 /* bytes, each of which may need six in JSON */

static const char *yes_or_no(bool value) {
    return value ? "true" : "false";
}

static double seconds(uint64_t cycles) {
    return (double)cycles / CPU_HZ;
}

static void add_words(struct answer *answer, const char *name, const uint32_t *words, unsigned count) {
    answer_add(answer, "\"%s\": [", name);
    for (unsigned i = 0; i < count; i++)
        answer_add(answer, "%s%" PRIu32, i ? ", " : "", words[i]);
    answer_add(answer, "]");
}

/* ---- cores ---- */

/* `number` is SCAMP's; a core that SCAMP does not use has null there. */
static void add_core(struct answer *answer, const struct processor *core) {
    const struct comms *comms = &core->comms;
    unsigned number;
    bool is_used = firmware_number_of(core, &number);
    struct firmware_core firmware = firmware_core(core->chip, is_used ? number : 0);

    answer_add(answer, "{\"number\": ");
    if (is_used)
        answer_add(answer, "%u, \"state\": %u, \"application\": %u, \"rt_code\": %u, \"name\": ", number,
                   firmware.state, firmware.application, firmware.rt_code);
    else
        answer_add(answer, "null, \"state\": 0, \"application\": 0, \"rt_code\": 0, \"name\": ");
    answer_add_string(answer, firmware.name, is_used ? strnlen(firmware.name, sizeof firmware.name) : 0);
    answer_add(answer,
               ", \"physical\": %u, \"running\": %s, \"waiting\": %s, \"pc\": %" PRIu32 ", \"busy_s\": %.6f, "
               "\"instructions\": %" PRIu64 ", \"packets_waiting\": %" PRIu32 ", \"packets_to_send\": %" PRIu32
               ", \"transfers\": %" PRIu32 ", \"packets_sent\": %" PRIu64 ", \"packets_received\": %" PRIu64
               ", \"packets_unheard\": %" PRIu64 "}",
               core->index, yes_or_no(processor_is_running(core)), yes_or_no(core->arm.waiting), core->arm.pc,
               seconds(core->busy), core->arm.instructions, comms->tail - comms->head,
               comms->transmit_tail - comms->transmit_head, core->dma.pending, comms->sent, comms->received,
               comms->unheard);
}

void inspect_core(struct answer *answer, const struct machine *machine, struct processor *core, unsigned number) {
    struct firmware_core firmware = firmware_core(core->chip, number);
    uint32_t registers[17];

    memcpy(registers, core->arm.r, 15 * sizeof *registers);
    registers[15] = core->arm.pc;
    registers[16] = arm_cpsr(&core->arm);
    answer_add(answer, "{\"emulated_s\": %.6f, \"chip\": [%u, %u], \"core\": ", seconds(machine->now), core->chip->x,
               core->chip->y);
    add_core(answer, core);
    answer_add(answer, ", ");
    add_words(answer, "registers", registers, 17);
    answer_add(answer, ", ");
    add_words(answer, "saved", firmware.saved, 8);
    answer_add(answer,
               ", \"saved_psr\": %" PRIu32 ", \"saved_sp\": %" PRIu32 ", \"saved_lr\": %" PRIu32
               ", \"software_errors\": %u, \"loaded_at\": %" PRIu32 ", ",
               firmware.psr, firmware.sp, firmware.lr, firmware.software_errors, firmware.loaded_at);
    add_words(answer, "user", firmware.user, 4);
    answer_add(answer, ", \"debugged\": %s}", yes_or_no(core->debug != NULL));
}

void inspect_iobuf(struct answer *answer, const struct chip *chip, unsigned number, size_t offset) {
    char text[IOBUF_PIECE];
    size_t total, length = firmware_iobuf(chip, number, offset, text, sizeof text, &total);

    answer_add(answer, "{\"total\": %zu, \"offset\": %zu, \"text\": ", total, offset);
    answer_add_string(answer, text, length);
    answer_add(answer, "}");
}

/* ---- chips ---- */

static unsigned entries_in_use(const struct router *router) {
    unsigned count = 0;

    for (uint32_t i = 0; i < router->used; i++)
        count += !(router->key[i] & ~router->mask[i]); /* a key outside its mask matches nothing */
    return count;
}

static void add_ethernet(struct answer *answer, const struct ethernet *ethernet) {
    answer_add(answer,
               "{\"frames_in\": %" PRIu64 ", \"frames_out\": %" PRIu64 ", \"frames_dropped\": %" PRIu64
               ", \"waiting_in\": %" PRIu32 ", \"waiting_out\": %" PRIu32 "}",
               ethernet->frames_in, ethernet->frames_out, ethernet->dropped,
               ethernet->incoming_tail - ethernet->incoming_head, ethernet->outgoing_tail - ethernet->outgoing_head);
}

void inspect_chip(struct answer *answer, const struct machine *machine, struct chip *chip) {
    uint32_t lit, links = 0;
    unsigned leds = firmware_leds(chip, &lit);

    for (unsigned link = 0; link < LINKS_PER_CHIP; link++)
        if (chip->neighbour[link] != NULL)
            links |= 1u << link;
    answer_add(answer, "{\"emulated_s\": %.6f, \"chip\": [%u, %u], \"booted\": %s, \"links\": %" PRIu32 ", \"leds\": [",
               seconds(machine->now), chip->x, chip->y, yes_or_no(!bootrom_is_active(chip)), links);
    for (unsigned i = 0; i < leds; i++)
        answer_add(answer, "%s%s", i ? ", " : "", yes_or_no(lit >> i & 1));
    answer_add(answer, "], \"router_entries\": %u, \"packets_dumped\": %" PRIu64 ", \"packets_aged\": %" PRIu64 ", ",
               entries_in_use(&chip->router), chip->router.dumped, chip->router.aged);
    add_words(answer, "router_counters", chip->router.counter, ROUTER_DIAGNOSTICS);
    answer_add(answer, ", \"ethernet\": ");
    if (chip->bootrom.settings.has_ethernet)
        add_ethernet(answer, &chip->ethernet);
    else
        answer_add(answer, "null");
    answer_add(answer, ", \"cores\": [");
    for (unsigned i = 0; i < CORES_PER_CHIP; i++) {
        answer_add(answer, i ? ", " : "");
        add_core(answer, &chip->core[i]);
    }
    answer_add(answer, "]}");
}

/* ---- faults ---- */

static void add_link_faults(struct answer *answer, const struct chip *chip, const char **separator) {
    for (unsigned link = 0; link < LINKS_PER_CHIP; link++) {
        const struct link_loss *loss = &chip->links.loss[link];
        if (!(chip->links.losing >> link & 1) || answer->length > ANSWER_BYTES - 256)
            continue;
        answer_add(answer,
                   "%s{\"kind\": \"drop\", \"link\": [%u, %u, %u], \"percent\": %.4f, \"met\": %" PRIu64
                   ", \"done\": %" PRIu64 "}",
                   *separator, chip->x, chip->y, link, loss->share / 10000.0, loss->passed, loss->lost);
        *separator = ", ";
    }
}

void inspect_faults(struct answer *answer, const struct machine *machine) {
    static const char *const kinds[FAULT_KINDS] = {
        [FAULT_LOSE] = "lose", [FAULT_DELAY] = "delay", [FAULT_DUPLICATE] = "duplicate", [FAULT_REORDER] = "reorder"};
    const struct faults *faults = &machine->faults;
    const char *separator = "";

    answer_add(answer, "{\"waiting\": %" PRIu32 ", \"faults\": [", faults->waiting);
    for (uint32_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->fault[i];
        answer_add(answer,
                   "%s{\"kind\": \"%s\", \"direction\": \"%s\", \"percent\": %.4f, \"met\": %" PRIu64
                   ", \"done\": %" PRIu64 "}",
                   separator, kinds[fault->kind], fault->outward ? "out" : "in", fault->share / 10000.0, fault->met,
                   fault->done);
        separator = ", ";
    }
    for (unsigned i = 0; i < machine->chip_count; i++)
        add_link_faults(answer, machine->chip[i], &separator);
    answer_add(answer, "]}");
}

/* ---- what is missing ---- */

void inspect_unmodelled(struct answer *answer, const struct machine *machine) {
    const char *separator = "";

    answer_add(answer, "{\"unmodelled\": [");
    for (unsigned i = 0; i < machine->chip_count; i++) {
        const struct chip *chip = machine->chip[i];
        for (unsigned k = 0; k < chip->unmodelled_count && answer->length < ANSWER_BYTES - 256; k++) {
            const struct unmodelled *note = &chip->unmodelled[k];
            answer_add(answer,
                       "%s{\"chip\": [%u, %u], \"core\": %u, \"address\": %u, \"write\": %s, \"pc\": %u, "
                       "\"count\": %" PRIu64 "}",
                       separator, chip->x, chip->y, note->core, note->address, yes_or_no(note->write), note->pc,
                       note->count);
            separator = ", ";
        }
    }
    answer_add(answer, "]}");
}
