#include "rsp.h"

#define INTERRUPT 0x03
#define ESCAPE    0x7d
#define ESCAPED   0x20

static int digit(char character) {
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    if (character >= 'A' && character <= 'F')
        return character - 'A' + 10;
    return -1;
}

static enum rsp_event take_outside(struct rsp *rsp, uint8_t byte) {
    switch (byte) {
    case '$':
        rsp->state = RSP_CONTENTS;
        rsp->length = 0;
        rsp->sum = 0;
        rsp->too_long = false;
        return RSP_NOTHING;
    case INTERRUPT:
        return RSP_INTERRUPT;
    case '-':
        return RSP_RESEND;
    default: /* an acknowledgement, or rubbish between packets */
        return RSP_NOTHING;
    }
}

static enum rsp_event take_contents(struct rsp *rsp, uint8_t byte) {
    if (byte == '#') {
        rsp->state = RSP_CHECK_HIGH;
        return RSP_NOTHING;
    }
    rsp->sum = (uint8_t)(rsp->sum + byte);
    if (rsp->length < RSP_PACKET_BYTES)
        rsp->packet[rsp->length++] = (char)byte;
    else
        rsp->too_long = true;
    return RSP_NOTHING;
}

enum rsp_event rsp_take(struct rsp *rsp, uint8_t byte) {
    int value = digit((char)byte);

    switch (rsp->state) {
    case RSP_IDLE:
        return take_outside(rsp, byte);
    case RSP_CONTENTS:
        return take_contents(rsp, byte);
    case RSP_CHECK_HIGH:
        rsp->check = (uint8_t)((unsigned)value << 4);
        rsp->too_long |= value < 0;
        rsp->state = RSP_CHECK_LOW;
        return RSP_NOTHING;
    case RSP_CHECK_LOW:
        break;
    }
    rsp->state = RSP_IDLE;
    rsp->packet[rsp->length] = '\0';
    return value < 0 || rsp->too_long || (rsp->check | value) != rsp->sum ? RSP_DAMAGED : RSP_PACKET;
}

size_t rsp_frame(const char *contents, size_t length, char *frame) {
    uint8_t sum = 0;

    frame[0] = '$';
    for (size_t i = 0; i < length; i++) {
        frame[1 + i] = contents[i];
        sum = (uint8_t)(sum + (uint8_t)contents[i]);
    }
    frame[1 + length] = '#';
    rsp_put_hex(frame + 2 + length, &sum, 1);
    return RSP_FRAME_BYTES(length);
}

void rsp_put_hex(char *text, const uint8_t *bytes, size_t length) {
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < length; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
}

bool rsp_get_hex(const char *text, uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        int high = digit(text[2 * i]), low = high < 0 ? -1 : digit(text[2 * i + 1]);
        if (low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool rsp_get_number(const char **text, uint32_t *number) {
    uint64_t value = 0;
    const char *at = *text;

    for (; digit(*at) >= 0; at++) {
        value = value << 4 | (uint64_t)digit(*at);
        if (value > UINT32_MAX)
            return false;
    }
    if (at == *text)
        return false;
    *text = at;
    *number = (uint32_t)value;
    return true;
}

size_t rsp_unescape(char *bytes, size_t length) {
    size_t to = 0;

    for (size_t from = 0; from < length; from++)
        if (bytes[from] == ESCAPE && from + 1 < length)
            bytes[to++] = (char)(bytes[++from] ^ ESCAPED);
        else
            bytes[to++] = bytes[from];
    return to;
}
