"""SCP, the SpiNNaker Command Protocol: requests to SCAMP and to cores, and their replies.

::

    offset in the UDP datagram  size  request    reply
    10                          2     command    result code
    12                          2     sequence   the same sequence
    14                          4     argument 1 data starts here
    18                          4     argument 2
    22                          4     argument 3
    26                          ...   data, at most 256 bytes

All numbers are little-endian. The three arguments are always sent: SCAMP answers RC_LEN to anything
shorter. Source: SpiNNMan ``messages/scp``; spinnaker_tools ``scamp/scamp-cmd.c``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache

from spinnlive.wire.codes import CpuState
from spinnlive.wire.errors import MalformedPacket
from spinnlive.wire.sdp import (
    FLAG_REPLY_WANTED,
    OUTSIDE_CPU,
    OUTSIDE_PORT,
    PORT_SCAMP,
    ROOT_CHIP,
    TAG_TRANSIENT,
    SdpHeader,
    decode_sdp,
)

SCP_MAX_DATA = 256
"""Most data that one request or reply carries (bytes); also what VER reports as buffer size."""

SCP_REPLY_SIZE = 14
"""Size of a reply without data (bytes of UDP payload)."""

SCP_MAX_REPLY_SIZE = 282
"""Longest reply (bytes of UDP payload): data may also use the room of the three arguments."""

MAX_CORES = 18
"""Cores of a SpiNNaker chip, the monitor included."""

NO_PARENT_LINK = 6
"""From this value on, INFO's "link to the parent chip" means none: links are 0 to 5; the root chip
sends 7."""

_REQUEST = struct.Struct("<HHIII")
_REPLY = struct.Struct("<HH")
_VERSION = struct.Struct("<BBBBHHI")
_CHIP_INFO = struct.Struct("<III18sBB4sH")
_WORD = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class ScpRequest:
    """One request, all but its sequence number.

    Chip ``x, y`` (255, 255 is the root chip), virtual core ``cpu`` and SDP ``port``; three unsigned
    32-bit arguments and at most 256 bytes of data, with a meaning that depends on ``command``
    (`Command`, or `RunControl` on port 3).
    """

    x: int
    y: int
    command: int
    arg1: int = 0
    arg2: int = 0
    arg3: int = 0
    data: bytes = b""
    cpu: int = 0
    port: int = PORT_SCAMP
    src_x: int = ROOT_CHIP
    src_y: int = ROOT_CHIP


@dataclass(frozen=True, slots=True)
class ScpReply:
    """What a chip answered: who (``x, y, cpu, port``), how (``code``), to what, and the data.

    The chip's coordinates are true ones even if the request went to 255, 255. ``code`` is a plain
    number because a peer can send any; compare it with `ResultCode`.
    """

    x: int
    y: int
    cpu: int
    port: int
    code: int
    sequence: int
    data: bytes

    def word(self) -> int:
        """Give the first four bytes of data as an unsigned number.

        Raises `MalformedPacket` if there are fewer.
        """
        if len(self.data) < 4:
            raise MalformedPacket(f"SCP reply carries {len(self.data)} bytes; a word has 4")
        value: int = _WORD.unpack_from(self.data)[0]
        return value


@dataclass(frozen=True, slots=True)
class Version:
    """Who answers (VER): the software ``name``, its version, the ``hardware``, and the core.

    ``build_time`` is in seconds since 1970. While a board still boots it reports chip 255, 255:
    ``booting``.
    """

    name: str
    hardware: str
    version: tuple[int, int, int]
    x: int
    y: int
    virtual_cpu: int
    physical_cpu: int
    buffer_size: int
    build_time: int

    @property
    def booting(self) -> bool:
        """Whether the board has not found its place in the machine yet; ask again in a while."""
        return self.x == ROOT_CHIP and self.y == ROOT_CHIP


@dataclass(frozen=True, slots=True)
class ChipInfo:
    """A chip as it describes itself (INFO); sizes in bytes.

    ``core_states`` has one state for each working core, the monitor (core 0) first. ``links_up``
    has the numbers of the working links: 0 east, 1 north-east, 2 north, 3 west, 4 south-west, 5
    south. ``ip_address`` is None on a chip without Ethernet, ``parent_link`` None on the root chip.
    """

    core_states: tuple[CpuState, ...]
    links_up: tuple[int, ...]
    free_router_entries: int
    ethernet_up: bool
    free_sdram: int
    free_system_ram: int
    nearest_ethernet_x: int
    nearest_ethernet_y: int
    ip_address: str | None
    parent_link: int | None

    @property
    def cores(self) -> int:
        """Number of working cores, the monitor included."""
        return len(self.core_states)


def encode_request(request: ScpRequest, sequence: int) -> bytes:
    """Give the UDP datagram of a request. Raises ValueError for a field out of its range."""
    if len(request.data) > SCP_MAX_DATA:
        raise ValueError(f"SCP data has {len(request.data)} bytes; the limit is {SCP_MAX_DATA}")
    header = _header(request.x, request.y, request.cpu, request.port, request.src_x, request.src_y)
    try:
        command = _REQUEST.pack(request.command, sequence, request.arg1, request.arg2, request.arg3)
    except struct.error as error:
        raise ValueError(
            f"SCP command {request.command}, sequence {sequence} (16 bits each) or an argument "
            f"(32 bits each) is out of range: {request.arg1}, {request.arg2}, {request.arg3}"
        ) from error
    return header + command + request.data


@lru_cache(maxsize=4096)
def _header(x: int, y: int, cpu: int, port: int, src_x: int, src_y: int) -> bytes:
    """Give the SDP header of a request; those of a run go to the same few cores."""
    return SdpHeader(
        dest_x=x,
        dest_y=y,
        dest_cpu=cpu,
        dest_port=port,
        flags=FLAG_REPLY_WANTED,
        tag=TAG_TRANSIENT,
        src_x=src_x,
        src_y=src_y,
        src_cpu=OUTSIDE_CPU,
        src_port=OUTSIDE_PORT,
    ).encode()


def decode_reply(datagram: bytes | bytearray | memoryview) -> ScpReply:
    """Take a reply apart. Raises `MalformedPacket` when it is too short or too long to be one."""
    header, body = decode_sdp(datagram)
    if len(datagram) < SCP_REPLY_SIZE:
        raise MalformedPacket(
            f"SCP reply of {len(datagram)} bytes; the shortest has {SCP_REPLY_SIZE}"
        )
    if len(datagram) > SCP_MAX_REPLY_SIZE:
        raise MalformedPacket(
            f"SCP reply of {len(datagram)} bytes; the longest has {SCP_MAX_REPLY_SIZE}"
        )
    code, sequence = _REPLY.unpack_from(body)
    return ScpReply(
        x=header.src_x,
        y=header.src_y,
        cpu=header.src_cpu,
        port=header.src_port,
        code=code,
        sequence=sequence,
        data=bytes(body[_REPLY.size :]),
    )


def parse_version(data: bytes) -> Version:
    """Read the data of a reply to VER.

    New software (version field 0xFFFF) says ``name/hardware NUL n.n.n NUL``, old software only
    ``name/hardware`` and keeps ``major * 100 + minor`` in the version field. Raises
    `MalformedPacket` for anything else.
    """
    if len(data) < _VERSION.size:
        raise MalformedPacket(f"VER reply carries {len(data)} bytes; it needs {_VERSION.size}")
    virtual, physical, y, x, buffer_size, number, build_time = _VERSION.unpack_from(data)
    try:
        texts = data[_VERSION.size :].decode("ascii").rstrip("\0").split("\0")
    except UnicodeDecodeError as error:
        raise MalformedPacket("VER reply: its text is not ASCII") from error
    name, slash, hardware = texts[0].partition("/")
    if not slash:
        raise MalformedPacket(f"VER reply: {texts[0]!r} is not 'name/hardware'")
    if number < 0xFFFF:
        version = (number // 100, number % 100, 0)
    else:
        version = _version_numbers(texts[1] if len(texts) > 1 else "")
    return Version(name, hardware, version, x, y, virtual, physical, buffer_size, build_time)


def _version_numbers(text: str) -> tuple[int, int, int]:
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isdigit() and len(part) <= 5 for part in parts):
        raise MalformedPacket(f"VER reply: version {text!r} is not 'n.n.n'")
    major, minor, patch = map(int, parts)
    return major, minor, patch


def parse_chip_info(data: bytes) -> ChipInfo:
    """Read the data of a reply to INFO (38 bytes; more is ignored).

    Raises `MalformedPacket` when it is shorter, or claims more cores than a chip has or a state
    that no core can be in.
    """
    if len(data) < _CHIP_INFO.size:
        raise MalformedPacket(f"INFO reply carries {len(data)} bytes; it needs {_CHIP_INFO.size}")
    word, sdram, system_ram, states, eth_y, eth_x, ip, parent = _CHIP_INFO.unpack_from(data)
    cores = word & 0x1F
    if cores > MAX_CORES:
        raise MalformedPacket(f"INFO reply claims {cores} cores; a chip has at most {MAX_CORES}")
    try:
        core_states = tuple(CpuState(state) for state in states[:cores])
    except ValueError as error:
        raise MalformedPacket(f"INFO reply: {error}") from error
    return ChipInfo(
        core_states=core_states,
        links_up=tuple(link for link in range(6) if word >> (8 + link) & 1),
        free_router_entries=word >> 14 & 0x7FF,
        ethernet_up=bool(word >> 25 & 1),
        free_sdram=sdram,
        free_system_ram=system_ram,
        nearest_ethernet_x=eth_x,
        nearest_ethernet_y=eth_y,
        ip_address=".".join(map(str, ip)) if any(ip) else None,
        parent_link=parent if parent < NO_PARENT_LINK else None,
    )
