/* The network that the boards are plugged into. */
#ifndef SPINNLIVE_MACHINE_LAN_H
#define SPINNLIVE_MACHINE_LAN_H

#include "machine.h"

/* When the next frame of any board will have left; NEVER if none is on its way. */
uint64_t lan_next_departure(const struct machine *machine);

/* Take the frames that have left the boards by now off the wire: datagrams for the host, ARP to be answered. */
void lan_carry(struct machine *machine);

/* Hand a datagram to the board's Ethernet, or to the host. */
void lan_in(struct machine *machine, const struct datagram *datagram);
void lan_out(struct machine *machine, const struct datagram *datagram);

#endif
