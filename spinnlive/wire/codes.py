"""The numbers of SCP: commands, result codes, signals, core states.

Sources: spinnaker_tools ``include/sark.h`` and ``include/spinnaker.h`` (SCAMP 4.0.0), SpiNNMan
``model/enums``, and for `RunControl` SpiNNFrontEndCommon ``c_common`` ``simulation.c``.
"""

from __future__ import annotations

from enum import IntEnum


class Command(IntEnum):
    """What an SCP request asks the monitor core (SCAMP) to do; SDP port 0."""

    VER = 0
    """Say who you are; answered as `Version`."""
    READ = 2
    """Read memory: address, length 1 to 256 (bytes), `AccessType`."""
    WRITE = 3
    """Write memory: address, length 1 to 256 (bytes), `AccessType`; then the bytes."""
    FILL = 5
    """Fill memory: address, 32-bit value, size (bytes)."""
    COUNT = 15
    """Count the cores of an application that are in a state: application id, `CpuState`."""
    LINK_READ = 17
    """Read the memory of the neighbour behind a link: address, length (bytes), link 0 to 5."""
    LINK_WRITE = 18
    """Write the memory of the neighbour behind a link: address, length (bytes), link 0 to 5."""
    AR = 19
    """Run the application staged in SDRAM on the cores of a mask ("application run")."""
    NNP = 20
    """Send a nearest-neighbour packet; with SpiNNMan's arguments: stop an application
    everywhere."""
    APP_COPY_RUN = 21
    """Copy the staged application from a neighbour chip, then run it."""
    SIG = 22
    """Send a signal to an application: signal type, signal and application id, core mask."""
    FFD = 23
    """One block of flood-fill data."""
    LED = 25
    """Set, clear or toggle LEDs."""
    IPTAG = 26
    """Set, get or clear an IP tag (`IpTagOperation`)."""
    ALLOC = 28
    """Allocate or free SDRAM or router entries."""
    RTR = 29
    """Clear or load the router's tables."""
    INFO = 31
    """Describe a chip; answered as `ChipInfo`."""
    SYNC = 32
    """Switch the clock beacons on (1) or off (0)."""


class AccessType(IntEnum):
    """Width of the accesses by which READ and WRITE are carried out."""

    BYTE = 0
    """8 bits at a time; any address and length."""
    HALF = 1
    """16 bits at a time; address and length even."""
    WORD = 2
    """32 bits at a time; address and length multiples of 4."""


class IpTagOperation(IntEnum):
    """What an IPTAG command does, bits 16 and up of its first argument (SCAMP ``cmd_iptag``)."""

    NEW = 0
    """Allocate a tag."""
    SET = 1
    """Set a tag; answered with the tag's number as a 32-bit word."""
    GET = 2
    """Read a tag's 32-byte entry."""
    CLEAR = 3
    """Clear a tag."""
    TTO = 4
    """Set or (argument 16 and up) read the transient time-out."""


class RunControl(IntEnum):
    """What an SCP-shaped request to SDP port 3 of a simulation core asks for (``simulation.c``)."""

    STOP = 6
    """Stop the simulation."""
    NEW_RUN_TIME = 7
    """Run until tick, infinite flag, current tick; data: 32-bit number of ticks between
    synchronisations."""
    PROVENANCE_AND_EXIT = 8
    """Write provenance and exit; sent as bare SDP, no reply."""
    CLEAR_IOBUF = 9
    """Empty the core's text buffer; a reply comes only if the third argument is 1."""
    PAUSE = 10
    """Pause at the next tick."""
    GET_TIME = 11
    """Say the current tick (unsigned 32 bits); 0xFFFFFFFF before the first one."""


class Signal(IntEnum):
    """Signals to an application (SIG)."""

    INIT = 0
    """Start the application anew."""
    POWER_DOWN = 1
    """Put the cores to sleep."""
    STOP = 2
    """Stop the application; a nearest-neighbour signal."""
    START = 3
    """Release cores that wait after loading."""
    SYNC0 = 4
    """Release cores that wait in state `CpuState.SYNC0`."""
    SYNC1 = 5
    """Release cores that wait in state `CpuState.SYNC1`."""
    PAUSE = 6
    """Pause."""
    CONTINUE = 7
    """Go on after a pause."""
    EXIT = 8
    """Leave the event loop."""
    TIMER = 9
    """Call the timer callback."""
    USER_0 = 10
    """For the application's own use."""
    USER_1 = 11
    """For the application's own use."""
    USER_2 = 12
    """For the application's own use."""
    USER_3 = 13
    """For the application's own use."""


class CpuState(IntEnum):
    """State of a core, as SCAMP keeps it in the vcpu block (byte 46) and reports it by INFO."""

    DEAD = 0
    """The core did not pass its self-test."""
    POWERED_DOWN = 1
    """The core sleeps."""
    RUN_TIME_EXCEPTION = 2
    """The application ended with a run-time error (RTE); the code is in vcpu byte 44."""
    WATCHDOG = 3
    """The core's watchdog fired."""
    INITIALISING = 4
    """The application is being started."""
    READY = 5
    """The application waits (loaded with the wait flag, or at the end of an sPyNNaker run)."""
    C_MAIN = 6
    """The application has entered ``c_main``."""
    RUNNING = 7
    """The event loop runs; the monitor is always in this state."""
    SYNC0 = 8
    """The core waits for signal SYNC0."""
    SYNC1 = 9
    """The core waits for signal SYNC1."""
    PAUSED = 10
    """The application is paused."""
    FINISHED = 11
    """The application has ended."""
    CPU_STATE_12 = 12
    """Not used by SCAMP."""
    CPU_STATE_13 = 13
    """Not used by SCAMP."""
    CPU_STATE_14 = 14
    """Not used by SCAMP."""
    IDLE = 15
    """No application; only idle cores can be given one."""


class ResultCode(IntEnum):
    """How SCAMP answers a request; each code carries a sentence for people in `sentence`."""

    sentence: str

    def __new__(cls, value: int, sentence: str) -> ResultCode:
        """Make a member of its number and its sentence."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    OK = 0x80, "the command was carried out"
    LEN = 0x81, "the message is too short or too long for its command"
    SUM = 0x82, "a checksum does not fit its data"
    CMD = 0x83, "the core does not know this command"
    ARG = 0x84, "an argument is out of range"
    PORT = 0x85, "the SDP port does not exist"
    TIMEOUT = 0x86, "the core did not take the message from its mailbox in time"
    ROUTE = 0x87, "there is no route to that chip; it is missing or dead"
    CPU = 0x88, "that core number does not exist on the chip"
    DEAD = 0x89, "the core is dead"
    BUF = 0x8A, "the chip has no message buffer left"
    P2P_NOREPLY = 0x8B, "the other chip did not open the channel"
    P2P_REJECT = 0x8C, "the other chip refused the message"
    P2P_BUSY = 0x8D, "the other chip was busy"
    P2P_TIMEOUT = 0x8E, "the other chip did not answer in time"
    PKT_TX = 0x8F, "a packet could not be sent"


RETRYABLE = frozenset(
    {
        ResultCode.TIMEOUT,
        ResultCode.P2P_TIMEOUT,
        ResultCode.LEN,
        ResultCode.P2P_NOREPLY,
        ResultCode.P2P_BUSY,
    }
)
"""Codes after which the same request may succeed a moment later (as SpiNNMan's
``scp_request_pipeline``)."""


def result_sentence(code: int) -> str:
    """Say a result code for people, its number included.

    Also for one that SCAMP does not define.
    """
    try:
        known = ResultCode(code)  # type: ignore[call-arg]
    except ValueError:
        return f"result code {code:#04x}, which SCAMP does not define"
    return f"RC_{known.name} ({code:#04x}): {known.sentence}"
