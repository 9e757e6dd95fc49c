#include <string.h>

#include "chip.h"

/* Address ranges and registers (SpiNNaker datasheet, Ethernet controller). */
enum {
    TRANSMIT_RAM = 0x0000,
    RECEIVE_RAM = 0x4000,
    RECEIVE_DESCRIPTORS = 0x8000,
    CONTROL = 0xc000,
    STATUS = 0xc004,
    TRANSMIT_LENGTH = 0xc008,
    TRANSMIT_COMMAND = 0xc00c,
    RECEIVE_COMMAND = 0xc010, /* writing it discards the frame in the receive RAM */
    MAC_LOW = 0xc014,
    MAC_HIGH = 0xc018,
    PHY_CONTROL = 0xc01c,
    INTERRUPT_CLEAR = 0xc020,
    RECEIVE_BUFFER_POINTER = 0xc024,
    RECEIVE_DESCRIPTOR_POINTER = 0xc02c,
};

#define STATUS_TRANSMIT_BUSY 0x01u
#define STATUS_COUNT_SHIFT   1     /* frames received */
#define PHY_DATA_IN          0x02u /* management data from the PHY: all ones, so that every status bit says "up" */

/* The emulated MAC presents one frame at a time, always at the start of the receive RAM and with the first descriptor.
 */
static void present_next(struct chip *chip) {
    struct ethernet *ethernet = &chip->ethernet;

    if (!ethernet->receiving && ethernet->incoming_head != ethernet->incoming_tail) {
        const struct ethernet_frame *frame = &ethernet->incoming[ethernet->incoming_head++ % ETHERNET_BACKLOG];
        memcpy(ethernet->receive_ram, frame->bytes, frame->length);
        ethernet->receive_length = frame->length;
        ethernet->receiving = true;
    }
    vic_drive(router_monitor(chip), VIC_ETHERNET_RX, ethernet->receiving);
}

void ethernet_reset(struct chip *chip) {
    struct ethernet *ethernet = &chip->ethernet;

    ethernet->control = ethernet->transmit_length = ethernet->mac_low = ethernet->mac_high = ethernet->phy_control = 0;
    ethernet->receiving = false;
    ethernet->incoming_head = ethernet->incoming_tail;
    ethernet->outgoing_head = ethernet->outgoing_tail;
    present_next(chip);
}

bool ethernet_receive(struct chip *chip, const uint8_t *bytes, uint32_t length) {
    struct ethernet *ethernet = &chip->ethernet;
    struct ethernet_frame *frame = &ethernet->incoming[ethernet->incoming_tail % ETHERNET_BACKLOG];

    if (length > ETHERNET_FRAME_BYTES || ethernet->incoming_tail - ethernet->incoming_head == ETHERNET_BACKLOG) {
        ethernet->dropped++;
        return false;
    }
    frame->length = length;
    memcpy(frame->bytes, bytes, length);
    ethernet->incoming_tail++;
    ethernet->frames_in++;
    present_next(chip);
    return true;
}

static void transmit(struct chip *chip) {
    struct ethernet *ethernet = &chip->ethernet;
    struct ethernet_frame *frame = &ethernet->outgoing[ethernet->outgoing_tail % ETHERNET_OUTGOING];
    uint32_t length = ethernet->transmit_length;

    if (length > ETHERNET_FRAME_BYTES || ethernet->outgoing_tail - ethernet->outgoing_head == ETHERNET_OUTGOING) {
        ethernet->dropped++; /* only software that does not look at STATUS gets here */
        return;
    }
    if (ethernet->wire_free < chip_now(chip))
        ethernet->wire_free = chip_now(chip);
    ethernet->wire_free += (uint64_t)(length + ETHERNET_OVERHEAD_BYTES) * ETHERNET_CYCLES_PER_BYTE;
    frame->due = ethernet->wire_free + ETHERNET_LATENCY_CYCLES;
    frame->length = length;
    memcpy(frame->bytes, ethernet->transmit_ram, length);
    ethernet->outgoing_tail++;
    ethernet->frames_out++;
}

uint64_t ethernet_next_departure(const struct chip *chip) {
    const struct ethernet *ethernet = &chip->ethernet;

    if (ethernet->outgoing_head == ethernet->outgoing_tail)
        return NEVER;
    return ethernet->outgoing[ethernet->outgoing_head % ETHERNET_OUTGOING].due;
}

const struct ethernet_frame *ethernet_sent(const struct chip *chip, uint64_t now) {
    const struct ethernet *ethernet = &chip->ethernet;
    const struct ethernet_frame *frame = &ethernet->outgoing[ethernet->outgoing_head % ETHERNET_OUTGOING];

    return ethernet->outgoing_head != ethernet->outgoing_tail && frame->due <= now ? frame : NULL;
}

void ethernet_taken(struct chip *chip) {
    chip->ethernet.outgoing_head++;
}

/* Half of the outgoing frames may wait before the transmitter says that it is busy: SCAMP throws messages away if it
 * must wait long for it. */
static bool transmitter_busy(const struct ethernet *ethernet) {
    return ethernet->outgoing_tail - ethernet->outgoing_head >= ETHERNET_OUTGOING / 2;
}

uint32_t ethernet_read(struct chip *chip, uint32_t offset) {
    struct ethernet *ethernet = &chip->ethernet;
    uint32_t word = 0;

    if (offset < RECEIVE_RAM) {
        if (offset < ETHERNET_FRAME_BYTES)
            memcpy(&word, ethernet->transmit_ram + offset, sizeof word);
        return word;
    }
    if (offset < RECEIVE_DESCRIPTORS) {
        if (offset - RECEIVE_RAM < ETHERNET_FRAME_BYTES)
            memcpy(&word, ethernet->receive_ram + (offset - RECEIVE_RAM), sizeof word);
        return word;
    }
    if (offset < CONTROL)
        return ethernet->receive_length;
    switch (offset) {
    case CONTROL:
        return ethernet->control;
    case STATUS:
        return (uint32_t)ethernet->receiving << STATUS_COUNT_SHIFT |
               (transmitter_busy(ethernet) ? STATUS_TRANSMIT_BUSY : 0);
    case PHY_CONTROL:
        return ethernet->phy_control | PHY_DATA_IN;
    case RECEIVE_BUFFER_POINTER:
    case RECEIVE_DESCRIPTOR_POINTER:
        return 0;
    }
    chip_note_unmodelled(chip, NULL, ETHERNET_BASE + offset, false);
    return 0;
}

void ethernet_write(struct chip *chip, uint32_t offset, unsigned bytes, uint32_t value) {
    struct ethernet *ethernet = &chip->ethernet;

    if (offset < RECEIVE_RAM) {
        if (offset + bytes <= ETHERNET_FRAME_BYTES)
            memcpy(ethernet->transmit_ram + offset, &value, bytes);
        return;
    }
    switch (offset & ~3u) {
    case CONTROL:
        ethernet->control = value;
        break;
    case TRANSMIT_LENGTH:
        ethernet->transmit_length = value;
        break;
    case TRANSMIT_COMMAND:
        transmit(chip);
        break;
    case RECEIVE_COMMAND:
        ethernet->receiving = false;
        present_next(chip);
        break;
    case MAC_LOW:
        ethernet->mac_low = value;
        break;
    case MAC_HIGH:
        ethernet->mac_high = value;
        break;
    case PHY_CONTROL:
        ethernet->phy_control = value & ~PHY_DATA_IN;
        break;
    case INTERRUPT_CLEAR:
        present_next(chip);
        break;
    default:
        chip_note_unmodelled(chip, NULL, ETHERNET_BASE + offset, true);
        break;
    }
}

/* ---- state ---- */

static void archive_frame(struct archive *archive, struct ethernet_frame *frame) {
    ARCHIVE(archive, frame->due);
    ARCHIVE(archive, frame->length);
    archive_expect(archive, frame->length <= ETHERNET_FRAME_BYTES);
    archive->bytes(archive, frame->bytes, frame->length <= ETHERNET_FRAME_BYTES ? frame->length : 0);
}

void ethernet_archive(struct archive *archive, struct ethernet *ethernet) {
    ARCHIVE(archive, ethernet->control);
    ARCHIVE(archive, ethernet->transmit_length);
    ARCHIVE(archive, ethernet->mac_low);
    ARCHIVE(archive, ethernet->mac_high);
    ARCHIVE(archive, ethernet->phy_control);
    archive_bool(archive, &ethernet->receiving);
    ARCHIVE(archive, ethernet->receive_length);
    ARCHIVE(archive, ethernet->wire_free);
    archive->memory(archive, ethernet->transmit_ram, sizeof ethernet->transmit_ram);
    archive->memory(archive, ethernet->receive_ram, sizeof ethernet->receive_ram);
    archive_ring(archive, &ethernet->incoming_head, &ethernet->incoming_tail, ETHERNET_BACKLOG);
    for (uint32_t i = ethernet->incoming_head; i != ethernet->incoming_tail; i++)
        archive_frame(archive, &ethernet->incoming[i % ETHERNET_BACKLOG]);
    archive_ring(archive, &ethernet->outgoing_head, &ethernet->outgoing_tail, ETHERNET_OUTGOING);
    for (uint32_t i = ethernet->outgoing_head; i != ethernet->outgoing_tail; i++)
        archive_frame(archive, &ethernet->outgoing[i % ETHERNET_OUTGOING]);
    ARCHIVE(archive, ethernet->frames_in);
    ARCHIVE(archive, ethernet->frames_out);
    ARCHIVE(archive, ethernet->dropped);
}
