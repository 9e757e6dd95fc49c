#include "chip.h"

/* Registers (SpiNNaker datasheet, communications controller). */
enum {
    TRANSMIT_CONTROL = 0x00,
    TRANSMIT_DATA = 0x04, /* writing it gives the next packet a payload */
    TRANSMIT_KEY = 0x08,  /* writing it sends */
    RECEIVE_STATUS = 0x0c,
    RECEIVE_DATA = 0x10,
    RECEIVE_KEY = 0x14, /* reading it takes the packet */
    SOURCE_ADDRESS = 0x18,
};

#define SOURCE_ADDRESS_RESET (PACKET_SOURCE_LOCAL << PACKET_SOURCE_SHIFT) /* packets come from where they are sent */

#define TCR_EMPTY      0x80000000u
#define TCR_FULL       0x40000000u
#define TCR_OVERRUN    0x20000000u
#define TCR_NOT_FULL   0x10000000u
#define RSR_RECEIVED   0x80000000u
#define RSR_ERROR_FREE 0x10000000u /* links do not corrupt packets here */

static uint32_t waiting(const struct comms *comms) {
    return comms->tail - comms->head;
}

static struct packet *first(struct comms *comms) {
    return &comms->queue[comms->head % COMMS_QUEUE_SIZE];
}

/* The receive lines follow the type of the first packet in the queue. */
static void update_receive(struct processor *processor) {
    struct comms *comms = &processor->comms;
    uint32_t lines = waiting(comms) ? VIC_COMMS_RECEIVED | VIC_COMMS_TYPE(packet_type(first(comms))) : 0;

    vic_drive(processor, (VIC_COMMS_RECEIVED | VIC_COMMS_ALL_TYPES) & ~lines, false);
    vic_drive(processor, lines, true);
}

static uint32_t unsent(const struct comms *comms) {
    return comms->transmit_tail - comms->transmit_head;
}

static bool transmit_full(const struct comms *comms) {
    return unsent(comms) == COMMS_TRANSMIT_SIZE;
}

static void update_transmit(struct processor *processor) {
    uint32_t bit = 1u << processor->index;

    processor->chip->sending = (processor->chip->sending & ~bit) | (unsent(&processor->comms) ? bit : 0);
    if (processor->chip->sending)
        chip_is_due(processor->chip);
    vic_drive(processor, VIC_COMMS_EMPTY | VIC_COMMS_NOT_FULL, !transmit_full(&processor->comms));
    vic_drive(processor, VIC_COMMS_FULL, transmit_full(&processor->comms));
    vic_drive(processor, VIC_COMMS_OVERRUN, processor->comms.overrun);
}

void comms_reset(struct processor *processor) {
    struct comms *comms = &processor->comms;
    comms->transmit_control = comms->transmit_data = 0;
    comms->has_data = comms->overrun = false;
    comms->transmit_head = comms->transmit_tail = 0;
    comms->head = comms->tail = 0;
    comms->source_address = SOURCE_ADDRESS_RESET;
    router_output_moves(processor->chip, processor->index);
    update_receive(processor);
    update_transmit(processor);
}

/* ---- sending ---- */

static void send_key(struct processor *processor, uint32_t key) {
    struct comms *comms = &processor->comms;
    struct packet packet = {comms->transmit_control & PACKET_CONTROL_MASK, comms->transmit_data, key,
                            comms->source_address};

    /* sPyNNaker's Poisson sources leave the control bit out, and rely on the data alone. */
    if (comms->has_data)
        packet.control |= PACKET_HAS_PAYLOAD;
    comms->has_data = false;
    if (transmit_full(comms)) {
        comms->overrun = true;
        update_transmit(processor);
        return;
    }
    comms->transmit[comms->transmit_tail++ % COMMS_TRANSMIT_SIZE] = packet;
    update_transmit(processor);
    if (transmit_full(comms))
        processor_stall(processor); /* its software would poll: no packet leaves before the window's end */
}

const struct packet *comms_next_to_send(const struct processor *processor) {
    const struct comms *comms = &processor->comms;
    return unsent(comms) ? &comms->transmit[comms->transmit_head % COMMS_TRANSMIT_SIZE] : NULL;
}

void comms_sent(struct processor *processor) {
    processor->comms.transmit_head++;
    processor->comms.sent++;
    update_transmit(processor);
}

/* ---- receiving ---- */

bool comms_accepts(const struct processor *processor, enum packet_type type) {
    bool paced = type == PACKET_POINT_TO_POINT || type == PACKET_NEAREST_NEIGHBOUR;
    return !processor_is_running(processor) ||
           waiting(&processor->comms) < (paced ? COMMS_QUEUE_SIZE : COMMS_HOLD_MARK);
}

void comms_receive(struct processor *processor, const struct packet *packet) {
    struct comms *comms = &processor->comms;

    if (!processor_is_running(processor) || waiting(comms) == COMMS_QUEUE_SIZE) {
        comms->unheard++;
        return;
    }
    comms->queue[comms->tail++ % COMMS_QUEUE_SIZE] = *packet;
    comms->received++;
    update_receive(processor);
}

/* ---- registers ---- */

uint32_t comms_read(struct processor *processor, uint32_t offset) {
    struct comms *comms = &processor->comms;
    const struct packet *packet = waiting(comms) ? first(comms) : NULL;

    switch (offset) {
    case TRANSMIT_CONTROL: {
        uint32_t status = transmit_full(comms) ? TCR_FULL : TCR_EMPTY | TCR_NOT_FULL;
        if (comms->overrun)
            status |= TCR_OVERRUN;
        comms->overrun = false;
        update_transmit(processor);
        return status | comms->transmit_control;
    }
    case RECEIVE_STATUS:
        return packet ? RSR_RECEIVED | RSR_ERROR_FREE | packet->control | 1u << packet_type(packet) : 0;
    case RECEIVE_DATA:
        return packet ? packet->payload : 0;
    case RECEIVE_KEY: {
        uint32_t key = packet ? packet->key : 0;
        if (packet) {
            comms->head++;
            router_output_moves(processor->chip, processor->index);
            update_receive(processor);
        }
        return key;
    }
    case SOURCE_ADDRESS:
        return comms->source_address;
    }
    processor_note_unmodelled(processor, COMMS_BASE + offset, false);
    return 0;
}

void comms_write(struct processor *processor, uint32_t offset, uint32_t value) {
    struct comms *comms = &processor->comms;

    switch (offset) {
    case TRANSMIT_CONTROL:
        comms->transmit_control = value & PACKET_CONTROL_MASK;
        break;
    case TRANSMIT_DATA:
        comms->transmit_data = value;
        comms->has_data = true;
        break;
    case TRANSMIT_KEY:
        send_key(processor, value);
        break;
    case RECEIVE_STATUS: /* clears parity and framing errors, of which there are none */
        break;
    case SOURCE_ADDRESS:
        comms->source_address = value;
        break;
    default:
        processor_note_unmodelled(processor, COMMS_BASE + offset, true);
        break;
    }
}

/* ---- state ---- */

void comms_archive(struct archive *archive, struct comms *comms) {
    ARCHIVE(archive, comms->transmit_control);
    ARCHIVE(archive, comms->transmit_data);
    ARCHIVE(archive, comms->source_address);
    archive_bool(archive, &comms->has_data);
    archive_bool(archive, &comms->overrun);
    archive_ring(archive, &comms->transmit_head, &comms->transmit_tail, COMMS_TRANSMIT_SIZE);
    for (uint32_t i = comms->transmit_head; i != comms->transmit_tail; i++)
        ARCHIVE(archive, comms->transmit[i % COMMS_TRANSMIT_SIZE]);
    archive_ring(archive, &comms->head, &comms->tail, COMMS_QUEUE_SIZE);
    for (uint32_t i = comms->head; i != comms->tail; i++)
        ARCHIVE(archive, comms->queue[i % COMMS_QUEUE_SIZE]);
    ARCHIVE(archive, comms->sent);
    ARCHIVE(archive, comms->received);
    ARCHIVE(archive, comms->unheard);
}
