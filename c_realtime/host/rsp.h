/* The framing of GDB's Remote Serial Protocol: bytes in, packets out, and no input or output of its own
 * ("Debugging with GDB", appendix "GDB Remote Serial Protocol"). */
#ifndef SPINNLIVE_HOST_RSP_H
#define SPINNLIVE_HOST_RSP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RSP_PACKET_BYTES 4096 /* the longest packet's contents, told to GDB in qSupported */

enum rsp_event {
    RSP_NOTHING,   /* more bytes are wanted */
    RSP_PACKET,    /* `packet` holds one, whose check-sum is right */
    RSP_DAMAGED,   /* a packet with a wrong check-sum, or too long: ask for it again */
    RSP_INTERRUPT, /* the user's Ctrl-C */
    RSP_RESEND,    /* the other side has not understood the last packet */
};

struct rsp {
    enum { RSP_IDLE, RSP_CONTENTS, RSP_CHECK_HIGH, RSP_CHECK_LOW } state;
    char packet[RSP_PACKET_BYTES + 1]; /* a zero follows the contents, which may hold zeros themselves */
    size_t length;
    bool too_long;
    uint8_t sum, check;
};

/* Take one byte. */
enum rsp_event rsp_take(struct rsp *rsp, uint8_t byte);

/* Put $, contents, # and check-sum into `frame`, which has room for RSP_FRAME_BYTES(length). Returns its length. */
#define RSP_FRAME_BYTES(length) ((length) + 4)
size_t rsp_frame(const char *contents, size_t length, char *frame);

/* Hexadecimal digits, two for each byte, as the protocol wants them. */
void rsp_put_hex(char *text, const uint8_t *bytes, size_t length);

/* The reverse; false if the text is not so many pairs of digits. */
bool rsp_get_hex(const char *text, uint8_t *bytes, size_t length);

/* A hexadecimal number at *text, which moves behind it; false if there is none, or it needs more than 32 bits. */
bool rsp_get_number(const char **text, uint32_t *number);

/* Undo the escapes of binary data (0x7d, and the next byte with bit 5 flipped), in place. Returns the new length. */
size_t rsp_unescape(char *bytes, size_t length);

#endif
