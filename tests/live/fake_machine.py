"""A tool chain and a board that take no time: for tests of how a live run is put together.

The tool chain plays sPyNNaker's part in one thread: a database with the official schema, its
notifications, a run that lasts until it is over or stopped. The board plays SCAMP's in another: it
answers on its address what a live run asks, and sends a live packet for every tick of a run. Both
use genuine sockets and the genuine datagrams.
"""

from __future__ import annotations

import contextlib
import importlib.util
import socket
import sqlite3
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scamp_answer import answer

from spinnlive import wire
from spinnlive.toolchain.values import PopulationFacts, ProjectionFacts
from spinnlive.wire import Command, ResultCode, RunControl
from spinnlive.wire.codes import IpTagOperation

TICK_S = 0.001
CONFIRM_S = 10.0
"""How long sPyNNaker waits for the confirmation (seconds)."""

TAG = 1
IN_KEY, OUT_KEY = 0x100, 0x200


class FakeBoard:
    """A board of one chip at ``address``."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.tick = 0
        self.sink: tuple[str, int] | None = None
        self.sent = 0
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind((address, wire.SCP_UDP_PORT))
        self._thread = threading.Thread(target=self._serve, name="fake board")
        self._thread.start()

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", (self.address, wire.SCP_UDP_PORT))
        self._thread.join()
        self._sock.close()

    def live(self, tick: int) -> None:
        """Send the spikes of a tick, if a tag says where to."""
        if self.sink is not None:
            self.sent += 1
            packet = struct.pack("<BBIII", 2, 0x38, tick, OUT_KEY, OUT_KEY + 1)
            with contextlib.suppress(OSError):
                self._sock.sendto(packet, self.sink)

    def _serve(self) -> None:
        while True:
            try:
                datagram, peer = self._sock.recvfrom(1000)
            except ConnectionRefusedError:
                continue  # a client went away
            if not datagram:
                return
            header, body = wire.decode_sdp(datagram)
            if header.dest_port == 1:
                continue  # injected spikes
            command, _, arg1, arg2 = struct.unpack_from("<HHII", body)
            code, data = self._carry_out(header.dest_port, command, arg1, arg2, peer)
            with contextlib.suppress(ConnectionRefusedError):
                self._sock.sendto(answer(datagram, data, code), peer)

    def _carry_out(
        self, port: int, command: int, arg1: int, arg2: int, peer: tuple[str, int]
    ) -> tuple[int, bytes]:
        if port == 3 and command == RunControl.GET_TIME:
            return ResultCode.OK, struct.pack("<I", self.tick)
        match command:
            case Command.VER:
                return ResultCode.OK, (
                    struct.pack("<BBBBHHI", 0, 3, 0, 0, 256, 0xFFFF, 1000)
                    + b"SC&MP/SpiNNaker\x004.0.0\0"
                )
            case Command.READ:
                return ResultCode.OK, bytes([2, 2, *[0] * 254])[: arg2 & 0x1FF]
            case Command.INFO:
                word = 18 | 0b111111 << 8 | 1023 << 14 | 1 << 25
                states = bytes([7] * 18)
                return ResultCode.OK, struct.pack(
                    "<III18sBB4sH", word, 1 << 26, 1 << 12, states, 0, 0, bytes(4), 7
                )
            case Command.IPTAG if arg1 >> 16 == IpTagOperation.GET:
                host, port = self.sink or ("0.0.0.0", 0)
                flags = 0x8000 if self.sink else 0
                entry = struct.pack(
                    "<4s6xHHHI12x", socket.inet_aton(host), port, 0, flags, self.sent
                )
                return ResultCode.OK, entry
            case Command.IPTAG:
                self.sink, self.sent = peer, 0
                return ResultCode.OK, struct.pack("<I", TAG)
        return ResultCode.OK, b""


class FakeSimulator:
    """In the place of `spinnlive.toolchain.simulator.Simulator`."""

    board: FakeBoard
    folder: Path

    def __init__(self, sim: object) -> None:
        self.app_id = 17
        self.reached_ms: float | None = None
        self.inside = 0
        self._stop = threading.Event()
        self._tick = 0
        FakeSimulator.latest = self

    latest: FakeSimulator

    def load(self, host: str, port: int, *_: object) -> tuple[PopulationFacts, ...]:
        self._client = (host, port)
        self.run(0)
        return PopulationFacts("in", 4, True), PopulationFacts("out", 2, False)

    def run(self, duration_ms: float | None) -> None:
        self.inside += 1
        try:
            self._run(duration_ms)
        finally:
            self.inside -= 1

    def _run(self, duration_ms: float | None) -> None:
        self._stop.clear()
        self.reached_ms = None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(CONFIRM_S)
            sock.bind(("127.0.0.1", 0))
            path = str(self.folder / "the.sqlite3").encode()
            sock.sendto(struct.pack("<H", 0x4001) + path, self._client)
            assert sock.recv(300) == wire.CONFIRMATION
            sock.sendto(struct.pack("<H", 0x400B), self._client)
            end = None if duration_ms is None else self._tick + round(duration_ms)
            while (end is None or self._tick < end) and not self._stop.wait(TICK_S):
                self.board.live(self._tick)
                self._tick += 1
                self.board.tick = self._tick
            sock.sendto(struct.pack("<H", 0x400A), self._client)
        self.reached_ms = float(self._tick)

    def request_stop(self) -> bool:
        self._stop.set()
        return True

    def projections(self) -> tuple[ProjectionFacts, ...]:
        return ()


def make_database(path: Path, board: str) -> None:
    """Describe a network of an injector "in" and "out" with live output, with the official
    tables."""
    package = importlib.util.find_spec("spinn_front_end_common")
    assert package is not None and package.origin is not None
    schema = Path(package.origin).parent / "utilities" / "database" / "db.sql"
    rows: dict[str, list[tuple[Any, ...]]] = {
        "configuration_parameters": [
            ("machine_time_step", 1000.0),
            ("time_scale_factor", 1.0),
            ("app_id", 17.0),
        ],
        "Machine_layout": [(0, 1, 1)],
        "Machine_chip": [(18, 0, 0, 0, board, 0, 0)],
        "Application_vertices": [(0, "in"), (1, "out"), (2, "LiveSpikeReceiver")],
        "Machine_vertices": [(0, "in(0:3)"), (1, "out(0:1)"), (2, "LiveSpikeReceiver_0_0")],
        "graph_mapper_vertex": [(0, 0), (1, 1), (2, 2)],
        "Placements": [(0, 0, 0, 0, 3), (1, 0, 0, 0, 4), (2, 0, 0, 0, 5)],
        "m_vertex_to_lpg_vertex": [(1, "SPIKE_PARTITION_ID", 2)],
        "IP_tags": [(2, TAG, board, "127.0.0.1", 17895, 1)],
        "event_to_atom_mapping": [
            *((0, atom, IN_KEY + atom) for atom in range(4)),
            *((1, atom, OUT_KEY + atom) for atom in range(2)),
        ],
    }
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.executescript(schema.read_text())
        for table, values in rows.items():
            marks = ", ".join("?" * len(values[0]))
            file.executemany(f"INSERT INTO {table} VALUES ({marks})", values)
        file.commit()


@contextlib.contextmanager
def fake_machine(address: str, folder: Path, monkeypatch: Any) -> Iterator[FakeBoard]:
    """Let `open_live` find this tool chain and, at ``address``, this board."""
    make_database(folder / "the.sqlite3", address)
    board = FakeBoard(address)
    FakeSimulator.board, FakeSimulator.folder = board, folder
    monkeypatch.setattr("spinnlive.live.open.Simulator", FakeSimulator)
    monkeypatch.setattr("spinnlive.live.open.machine.use", lambda _: None)
    try:
        yield board
    finally:
        board.close()
