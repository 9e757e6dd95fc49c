"""The SCP requests that spinnlive sends, each made from what it is about.

Every function gives an `ScpRequest`; `encode_request` turns it into a datagram. Layouts: SpiNNMan
``messages/scp/impl`` and spinnaker_tools ``scamp/scamp-cmd.c``; each is held to a golden vector in
``protocols/vectors``.
"""

from __future__ import annotations

from spinnlive.wire.codes import AccessType, Command, CpuState, IpTagOperation, RunControl, Signal
from spinnlive.wire.scp import SCP_MAX_DATA, ScpRequest
from spinnlive.wire.sdp import PORT_RUN_CONTROL, ROOT_CHIP

IPTAG_STRIP_SDP = 1 << 28
"""Flag of IPTAG SET: send the data without the SDP header."""

IPTAG_USE_SENDER = 1 << 30
"""Flag of IPTAG SET: send to the address and port that this very request came from."""

ALL_CORES = 0xFFFF
"""SIG: to every chip of the machine (SpiNNMan's third argument)."""

APP_MASK_ONE = 0xFF << 8
"""SIG and NNP: all eight bits of the application id must match."""

_ONE_ENTRY = 1
_INFO_ALL = 0x5F
# NNP arguments by which SpiNNMan stops an application everywhere (messages/scp/impl/app_stop.py)
_STOP_KEY = 0x003F0000
_STOP_SIGNAL = 5 << 28 | Signal.STOP << 16
_STOP_RETRY = 0x80003F00
_SIGNAL_MULTICAST = 0
_SIGNAL_NEAREST_NEIGHBOUR = 2


def version_request(x: int = ROOT_CHIP, y: int = ROOT_CHIP) -> ScpRequest:
    """Ask a chip, by default the root chip, who it is; read the reply with `parse_version`."""
    return ScpRequest(x, y, Command.VER)


def chip_info_request(x: int, y: int) -> ScpRequest:
    """Ask a chip to describe itself; read the reply with `parse_chip_info`."""
    return ScpRequest(x, y, Command.INFO, _INFO_ALL)


def read_request(x: int, y: int, address: int, length: int) -> ScpRequest:
    """Read 1 to 256 bytes of a chip's memory; the reply's data are the bytes."""
    _check_length(length)
    return ScpRequest(x, y, Command.READ, address, length, access_type(address, length))


def write_request(x: int, y: int, address: int, data: bytes) -> ScpRequest:
    """Write 1 to 256 bytes of a chip's memory."""
    _check_length(len(data))
    kind = access_type(address, len(data))
    return ScpRequest(x, y, Command.WRITE, address, len(data), kind, bytes(data))


def access_type(address: int, length: int) -> AccessType:
    """Give the widest access that fits the address and the length (bytes)."""
    low = (address | length) & 3
    if low == 0:
        return AccessType.WORD
    return AccessType.BYTE if low & 1 else AccessType.HALF


def iptag_to_sender_request(x: int, y: int, tag: int) -> ScpRequest:
    """Make IP tag ``tag`` (0 to 7) send, stripped of SDP, to the socket that sends this request.

    ``x, y`` is the Ethernet chip that holds the tag. SCAMP replies with the tag's number as a word.
    This is how a client turns live output to itself.
    """
    flags = IPTAG_STRIP_SDP | IPTAG_USE_SENDER
    arg1 = flags | IpTagOperation.SET << 16 | _checked("IP tag", tag, 15)
    return ScpRequest(x, y, Command.IPTAG, arg1, src_x=x, src_y=y)


def iptag_get_request(x: int, y: int, tag: int) -> ScpRequest:
    """Read the entry of IP tag ``tag`` on the Ethernet chip ``x, y``, see `parse_ip_tag`."""
    arg1 = IpTagOperation.GET << 16 | _checked("IP tag", tag, 15)
    return ScpRequest(x, y, Command.IPTAG, arg1, _ONE_ENTRY)


def iptag_clear_request(x: int, y: int, tag: int) -> ScpRequest:
    """Clear IP tag ``tag`` on the Ethernet chip ``x, y``."""
    arg1 = IpTagOperation.CLEAR << 16 | _checked("IP tag", tag, 15)
    return ScpRequest(x, y, Command.IPTAG, arg1)


def count_request(x: int, y: int, app_id: int, state: CpuState) -> ScpRequest:
    """Count the cores of an application in a state on the board of Ethernet chip ``x, y``.

    Replied as a word.
    """
    return ScpRequest(x, y, Command.COUNT, _checked("application id", app_id, 255), state)


def signal_request(app_id: int, signal: Signal) -> ScpRequest:
    """Send a signal to all cores of an application."""
    kind = _SIGNAL_NEAREST_NEIGHBOUR if signal == Signal.STOP else _SIGNAL_MULTICAST
    arg2 = signal << 16 | APP_MASK_ONE | _checked("application id", app_id, 255)
    return ScpRequest(ROOT_CHIP, ROOT_CHIP, Command.SIG, kind, arg2, ALL_CORES)


def stop_application_request(app_id: int) -> ScpRequest:
    """Stop an application everywhere: its cores become idle, its SDRAM and router entries free."""
    arg2 = _STOP_SIGNAL | APP_MASK_ONE | _checked("application id", app_id, 255)
    return ScpRequest(ROOT_CHIP, ROOT_CHIP, Command.NNP, _STOP_KEY, arg2, _STOP_RETRY)


def get_time_request(x: int, y: int, cpu: int) -> ScpRequest:
    """Ask a simulation core for its current tick.

    Replied as a word, 0xFFFFFFFF before the first tick.
    """
    return ScpRequest(x, y, RunControl.GET_TIME, cpu=cpu, port=PORT_RUN_CONTROL)


def pause_request(x: int, y: int, cpu: int) -> ScpRequest:
    """Have a simulation core end its run at its next tick; it answers when it has taken notice."""
    return ScpRequest(x, y, RunControl.PAUSE, cpu=cpu, port=PORT_RUN_CONTROL)


def _check_length(length: int) -> None:
    if not 1 <= length <= SCP_MAX_DATA:
        raise ValueError(f"one READ or WRITE takes 1 to {SCP_MAX_DATA} bytes, not {length}")


def _checked(name: str, value: int, limit: int) -> int:
    if not 0 <= value <= limit:
        raise ValueError(f"{name} is {value}; it must be 0 to {limit}")
    return value
