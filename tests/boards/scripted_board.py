"""A board played by a script: memory, two chips, one simulation core, and chosen datagrams lost.

It stands for what SCAMP does with the few commands that the tests use; the genuine firmware is
tested in `test_real_board.py`.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import trio
from scamp_answer import answer

from spinnlive import wire
from spinnlive.wire import Command, ResultCode, RunControl

VERSION = struct.pack("<BBBBHHI", 0, 3, 0, 0, 256, 0xFFFF, 1000) + b"SC&MP/SpiNNaker\x004.0.0\0"
SYSTEM_RAM = 0xF5000000
SDRAM = 0x60000000


def chip_info(busy: dict[int, int], ethernet: bool) -> bytes:
    states = bytearray([7] + [15] * 17)
    for core, state in busy.items():
        states[core] = state
    word = 18 | 0b111111 << 8 | 1023 << 14 | ethernet << 25
    ip = bytes([127, 0, 0, 9]) if ethernet else bytes(4)
    return struct.pack("<III18sBB4sH", word, 1 << 26, 1 << 12, bytes(states), 0, 0, ip, 7)


class ScriptedBoard:
    """``lose`` decides by the count of the datagram, from 0, whether a request is lost."""

    def __init__(self) -> None:
        self.lose: Callable[[int], bool] = lambda _: False
        self.lose_reply: Callable[[int], bool] = lambda _: False
        self.code = ResultCode.OK
        self.version = VERSION
        self.seen: list[wire.ScpRequest] = []
        self.now_under_way = self.most_under_way = 0
        self.memory = {SDRAM: bytearray(1 << 17), SYSTEM_RAM: bytearray(1 << 15)}
        self.tick = 1234
        self.port = 0
        self.poke(0xF5007F02, bytes([1, 2]))  # one high, two wide
        self.poke(0xF5007F0A, bytes([3]))
        self.poke(0xF5007000 + 128 * 3 + 47, bytes([17]))

    def place(self, address: int) -> tuple[bytearray, int]:
        if address >> 16 in (0xE500, 0xF500):
            return self.memory[SYSTEM_RAM], address & 0xFFFF
        return self.memory[SDRAM], address - SDRAM

    def poke(self, address: int, data: bytes) -> None:
        memory, start = self.place(address)
        memory[start : start + len(data)] = data

    def peek(self, address: int, length: int) -> bytes:
        if address >> 16 == 0xE101:  # each column of the point-to-point table: one chip, then none
            return (0o66666667).to_bytes(4, "little")[:length]
        memory, start = self.place(address)
        return bytes(memory[start : start + length])

    async def serve(self, sock: trio.socket.SocketType) -> None:
        count = 0
        while True:
            datagram, peer = await sock.recvfrom(1000)
            lost = self.lose(count)
            if not lost:
                reply = self.answer(datagram)
                if not self.lose_reply(count):
                    await sock.sendto(reply, peer)
            count += 1

    def answer(self, datagram: bytes) -> bytes:
        header, body = wire.decode_sdp(datagram)
        command, _, arg1, arg2, arg3 = struct.unpack_from("<HHIII", body)
        request = wire.ScpRequest(
            header.dest_x, header.dest_y, command, arg1, arg2, arg3, bytes(body[16:])
        )
        self.seen.append(request)
        code, data = self.code, b""
        if code == ResultCode.OK:
            code, data = self.carry_out(request, header.dest_port)
        return answer(datagram, data, code)

    def carry_out(self, request: wire.ScpRequest, port: int) -> tuple[ResultCode, bytes]:
        if request.x not in (0, 1, 255):
            return ResultCode.ROUTE, b""
        if port == 3 and request.command == RunControl.GET_TIME:
            return ResultCode.OK, struct.pack("<I", self.tick)
        match request.command:
            case Command.VER:
                return ResultCode.OK, self.version
            case Command.READ:
                return ResultCode.OK, self.peek(request.arg1, request.arg2)
            case Command.WRITE:
                self.poke(request.arg1, request.data)
                return ResultCode.OK, b""
            case Command.INFO:
                busy = {3: wire.CpuState.RUNNING} if request.x == 0 else {}
                return ResultCode.OK, chip_info(busy, ethernet=request.x == 0)
            case Command.COUNT:
                return ResultCode.OK, struct.pack("<I", 5 if request.arg1 == 17 else 0)
        return ResultCode.CMD, b""


@asynccontextmanager
async def scripted_board() -> AsyncIterator[ScriptedBoard]:
    board = ScriptedBoard()
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        await sock.bind(("127.0.0.1", 0))
        board.port = sock.getsockname()[1]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(board.serve, sock)
            yield board
            nursery.cancel_scope.cancel()
