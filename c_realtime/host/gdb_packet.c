#include "gdb_packet.h"

#include <stdio.h>
#include <string.h>

#define CPSR      16
#define REGISTERS 17

/* GDB reads the numbers of registers off their order here. */
static const char target_description[] =
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
    "<target version=\"1.0\"><architecture>armv5te</architecture><feature name=\"org.gnu.gdb.arm.core\">"
    "<reg name=\"r0\" bitsize=\"32\"/><reg name=\"r1\" bitsize=\"32\"/><reg name=\"r2\" bitsize=\"32\"/>"
    "<reg name=\"r3\" bitsize=\"32\"/><reg name=\"r4\" bitsize=\"32\"/><reg name=\"r5\" bitsize=\"32\"/>"
    "<reg name=\"r6\" bitsize=\"32\"/><reg name=\"r7\" bitsize=\"32\"/><reg name=\"r8\" bitsize=\"32\"/>"
    "<reg name=\"r9\" bitsize=\"32\"/><reg name=\"r10\" bitsize=\"32\"/><reg name=\"r11\" bitsize=\"32\"/>"
    "<reg name=\"r12\" bitsize=\"32\"/><reg name=\"sp\" bitsize=\"32\" type=\"data_ptr\"/>"
    "<reg name=\"lr\" bitsize=\"32\"/><reg name=\"pc\" bitsize=\"32\" type=\"code_ptr\"/>"
    "<reg name=\"cpsr\" bitsize=\"32\"/></feature></target>";

static void say(struct gdb_answer *answer, const char *text) {
    size_t length = strlen(text);

    if (length > sizeof answer->text)
        length = sizeof answer->text;
    memcpy(answer->text, text, length);
    answer->length = length;
}

static void say_error(struct gdb_answer *answer) {
    say(answer, "E01");
}

static void say_hex(struct gdb_answer *answer, const uint8_t *bytes, size_t length) {
    rsp_put_hex(answer->text, bytes, length);
    answer->length = 2 * length;
}

/* ---- registers ---- */

static uint32_t get_register(const struct processor *core, unsigned number) {
    return number == CPSR ? arm_cpsr(&core->arm) : number == 15 ? core->arm.pc : core->arm.r[number];
}

static bool is_mode(uint32_t mode) {
    return mode == ARM_USR || mode == ARM_FIQ || mode == ARM_IRQ || mode == ARM_SVC || mode == ARM_ABT ||
           mode == ARM_UND || mode == ARM_SYS;
}

static bool set_register(struct processor *core, unsigned number, uint32_t value) {
    if (number == CPSR) {
        if (!is_mode(value & 0x1f))
            return false;
        arm_set_cpsr(&core->arm, value);
    } else if (number == 15) {
        core->arm.pc = value & ~(core->arm.thumb ? 1u : 3u);
        core->debug->passing = false;
    } else {
        core->arm.r[number] = value;
    }
    return true;
}

static void read_registers(const struct processor *core, struct gdb_answer *answer) {
    uint32_t values[REGISTERS];

    for (unsigned i = 0; i < REGISTERS; i++)
        values[i] = get_register(core, i);
    say_hex(answer, (const uint8_t *)values, sizeof values);
}

static bool write_registers(struct processor *core, const char *text, size_t length) {
    uint32_t values[REGISTERS];

    if (length < 2 * sizeof values || !rsp_get_hex(text, (uint8_t *)values, sizeof values) ||
        !is_mode(values[CPSR] & 0x1f))
        return false;
    set_register(core, CPSR, values[CPSR]); /* first: the others are of its mode */
    for (unsigned i = 0; i < CPSR; i++)
        set_register(core, i, values[i]);
    return true;
}

static bool write_register(struct processor *core, const char *text) {
    uint32_t number, value;

    return rsp_get_number(&text, &number) && number < REGISTERS && *text++ == '=' &&
           rsp_get_hex(text, (uint8_t *)&value, sizeof value) && set_register(core, number, value);
}

/* ---- memory ---- */

/* "ADDRESS,LENGTH" and what follows. */
static bool get_range(const char **text, uint32_t *address, uint32_t *length) {
    return rsp_get_number(text, address) && *(*text)++ == ',' && rsp_get_number(text, length);
}

static void read_memory(struct processor *core, const char *text, struct gdb_answer *answer) {
    uint8_t bytes[RSP_PACKET_BYTES / 2];
    uint32_t address, length;

    if (!get_range(&text, &address, &length)) {
        say_error(answer);
        return;
    }
    if (length > sizeof bytes)
        length = sizeof bytes;
    size_t got = debug_read(core, address, bytes, length);
    if (got == 0 && length > 0)
        say_error(answer);
    else
        say_hex(answer, bytes, got);
}

/* M has digits behind the colon, X has escaped bytes. */
static bool write_memory(struct processor *core, struct rsp *rsp, bool binary) {
    const char *text = rsp->packet + 1;
    uint8_t bytes[RSP_PACKET_BYTES];
    uint32_t address, length;

    if (!get_range(&text, &address, &length) || *text++ != ':' || length > sizeof bytes)
        return false;
    if (binary) {
        char *data = rsp->packet + (text - rsp->packet);
        size_t there = rsp_unescape(data, rsp->length - (size_t)(text - rsp->packet));
        if (there != length)
            return false;
        memcpy(bytes, data, length);
    } else if (!rsp_get_hex(text, bytes, length)) {
        return false;
    }
    return debug_write(core, address, bytes, length) == length;
}

/* ---- where to stop ---- */

static void set_point(struct processor *core, const char *text, bool set, struct gdb_answer *answer) {
    static const enum debug_reason watch_kinds[] = {DEBUG_WATCH_WRITE, DEBUG_WATCH_READ, DEBUG_WATCH_ACCESS};
    uint32_t type, address, length;

    if (!rsp_get_number(&text, &type) || *text++ != ',' || !get_range(&text, &address, &length))
        say_error(answer);
    else if (type > 4)
        say(answer, "");
    else if (type < 2 ? debug_set_breakpoint(core->debug, address, set)
                      : debug_set_watchpoint(core, watch_kinds[type - 2], address, length, set))
        say(answer, "OK");
    else
        say_error(answer);
}

struct gdb_answer gdb_stop_reply(enum debug_reason reason, uint32_t address) {
    static const char *const names[] = {
        [DEBUG_WATCH_WRITE] = "watch", [DEBUG_WATCH_READ] = "rwatch", [DEBUG_WATCH_ACCESS] = "awatch"};
    struct gdb_answer answer = {.length = 0};
    int length =
        reason == DEBUG_BREAKPOINT || reason == DEBUG_STEPPED
            ? snprintf(answer.text, sizeof answer.text, "T%02xthread:1;", GDB_SIGTRAP)
            : snprintf(answer.text, sizeof answer.text, "T%02x%s:%x;thread:1;", GDB_SIGTRAP, names[reason], address);

    answer.length = (size_t)length;
    return answer;
}

/* ---- queries ---- */

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

/* "OFFSET,LENGTH" of the target description: m and a piece of it, or l and the last. */
static void describe_target(const char *text, struct gdb_answer *answer) {
    uint32_t offset, length, all = sizeof target_description - 1;

    if (!get_range(&text, &offset, &length)) {
        say_error(answer);
        return;
    }
    if (offset > all)
        offset = all;
    if (length > sizeof answer->text - 1)
        length = sizeof answer->text - 1;
    bool last = length >= all - offset;
    if (last)
        length = all - offset;
    answer->text[0] = last ? 'l' : 'm';
    memcpy(answer->text + 1, target_description + offset, length);
    answer->length = 1 + length;
}

#define DESCRIPTION_QUERY "qXfer:features:read:target.xml:"

/* A core is a process of one thread. What is not known is answered by nothing at all, as the protocol wants it. */
static void answer_query(const char *text, struct gdb_answer *answer) {
    if (starts_with(text, "qSupported")) {
        answer->length = (size_t)snprintf(answer->text, sizeof answer->text,
                                          "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+", RSP_PACKET_BYTES);
    } else if (starts_with(text, DESCRIPTION_QUERY)) {
        describe_target(text + strlen(DESCRIPTION_QUERY), answer);
    } else if (strcmp(text, "qAttached") == 0) {
        say(answer, "1");
    } else if (strcmp(text, "qC") == 0) {
        say(answer, "QC1");
    } else if (strcmp(text, "qfThreadInfo") == 0) {
        say(answer, "m1");
    } else if (strcmp(text, "qsThreadInfo") == 0) {
        say(answer, "l");
    }
}

/* ---- all packets ---- */

/* c, s, C and S, with an address to go on at, or with a signal, which means nothing here. */
static enum gdb_outcome go_on(struct processor *core, const char *text, bool may_write, struct gdb_answer *answer) {
    bool steps = *text == 's' || *text == 'S', with_signal = *text == 'C' || *text == 'S';
    uint32_t number;

    text++;
    if (with_signal && (!rsp_get_number(&text, &number) || (*text && *text++ != ';'))) {
        say_error(answer);
        return GDB_ANSWER;
    }
    if (rsp_get_number(&text, &number)) {
        if (!may_write) {
            say_error(answer);
            return GDB_ANSWER;
        }
        set_register(core, 15, number);
    }
    return steps ? GDB_STEP : GDB_GO_ON;
}

static enum gdb_outcome obey_v(const char *text, struct gdb_answer *answer) {
    if (strcmp(text, "vCont?") == 0)
        say(answer, "vCont;c;C;s;S");
    else if (starts_with(text, "vCont;") && strchr("cCsS", text[6]) != NULL && text[6] != '\0')
        return text[6] == 's' || text[6] == 'S' ? GDB_STEP : GDB_GO_ON;
    return GDB_ANSWER;
}

static enum gdb_outcome say_whether(bool done, struct gdb_answer *answer) {
    say(answer, done ? "OK" : "E01");
    return GDB_ANSWER;
}

enum gdb_outcome gdb_obey(struct processor *core, struct rsp *rsp, const char *stopped, bool may_write,
                          struct gdb_answer *answer) {
    const char *text = rsp->packet, *number_text = text + 1;
    uint32_t number;

    answer->length = 0;
    switch (*text) {
    case '?':
        say(answer, stopped);
        return GDB_ANSWER;
    case 'g':
        read_registers(core, answer);
        return GDB_ANSWER;
    case 'G':
        return say_whether(may_write && write_registers(core, text + 1, rsp->length - 1), answer);
    case 'p':
        if (rsp_get_number(&number_text, &number) && number < REGISTERS) {
            uint32_t value = get_register(core, number);
            say_hex(answer, (const uint8_t *)&value, sizeof value);
        } else {
            say_error(answer);
        }
        return GDB_ANSWER;
    case 'P':
        return say_whether(may_write && write_register(core, text + 1), answer);
    case 'm':
        read_memory(core, text + 1, answer);
        return GDB_ANSWER;
    case 'M':
    case 'X':
        return say_whether(may_write && write_memory(core, rsp, *text == 'X'), answer);
    case 'Z':
    case 'z':
        set_point(core, text + 1, *text == 'Z', answer);
        return GDB_ANSWER;
    case 'c':
    case 's':
    case 'C':
    case 'S':
        return go_on(core, text, may_write, answer);
    case 'v':
        return obey_v(text, answer);
    case 'H':
    case 'T':
        return say_whether(true, answer);
    case 'D':
        say(answer, "OK");
        return GDB_DETACH;
    case 'k': /* a core cannot be killed: it goes on */
        return GDB_LEAVE;
    case 'Q':
        if (strcmp(text, "QStartNoAckMode") != 0)
            return GDB_ANSWER;
        say(answer, "OK");
        return GDB_QUIET;
    case 'q':
        answer_query(text, answer);
        return GDB_ANSWER;
    default:
        return GDB_ANSWER;
    }
}
