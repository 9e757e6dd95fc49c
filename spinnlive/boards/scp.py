"""An SCP client in trio: read and write a board's memory, ask cores for the time, count cores.

It is made of one UDP socket and one `ScpWindow`, and starts no task of its own. Whichever caller
waits first reads the socket for all of them; when it has what it waits for, the next one takes
over. So an error is raised in the call that met it, never as a group, and cancelling a call cancels
nothing else.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import trio

from spinnlive import wire
from spinnlive.errors import BoardLost, BoardUnreachable, ScpError
from spinnlive.wire.sdp import PORT_RUN_CONTROL, ROOT_CHIP

MAX_DATAGRAM = 600
"""How much is read of a datagram (bytes): over twice the largest reply, so that a longer one is
seen as such."""

COUNT_TIMEOUT_S = 2.0
"""How long SCAMP may take to count the cores of a machine, as SpiNNMan allows it (seconds)."""

TICK_UNKNOWN = 0xFFFFFFFF
"""What a core answers to "get time" before its first tick."""


@asynccontextmanager
async def open_scp(
    address: str,
    *,
    port: int = wire.SCP_UDP_PORT,
    window: int = 4,
    timeout_s: float = 0.5,
    tries: int = 8,
) -> AsyncIterator[ScpClient]:
    """Open a client to the board at ``address``; nothing is sent yet.

    ``window``: requests under way at once. ``timeout_s`` and ``tries``: how long to wait for a
    reply (seconds), and how often a request is sent before the board counts as gone. Raises
    `BoardUnreachable` when the address cannot be used. Leaving the block closes the socket.
    """
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            await sock.connect((address, port))
        except OSError as error:
            raise BoardUnreachable(f"no board can be reached at {address}: {error}") from error
        name = address if port == wire.SCP_UDP_PORT else f"{address}:{port}"
        transactions = wire.ScpWindow(size=window, timeout_s=timeout_s, tries=tries)
        yield ScpClient(name, sock, transactions)


@dataclass(slots=True)
class _Burst:
    """Requests of one call: which are still to be sent, on their way, answered."""

    requests: Sequence[wire.ScpRequest]
    sent: int = 0
    under_way: dict[int, int] = field(default_factory=dict)
    replies: dict[int, wire.ScpReply] = field(default_factory=dict)
    failure: wire.Failed | None = None

    @property
    def done(self) -> bool:
        return self.failure is not None or len(self.replies) == len(self.requests)


class ScpClient:
    """The conversation with one board.

    Made by `open_scp`. Any number of tasks may call it at once.
    """

    def __init__(self, address: str, sock: trio.socket.SocketType, window: wire.ScpWindow) -> None:
        self.address = address
        self._sock = sock
        self._window = window
        self._bursts: list[_Burst] = []
        self._reading = False
        self._progress = trio.lowlevel.ParkingLot()
        self._answered = False
        self._refused = False
        self._patience = trio.CancelScope()

    async def call(
        self,
        request: wire.ScpRequest,
        *,
        timeout_s: float | None = None,
        tries: int | None = None,
    ) -> wire.ScpReply:
        """Send one request and give its reply.

        ``timeout_s`` and ``tries`` take the place of the client's own; a request that must not be
        repeated (SCAMP does not notice repetitions) wants ``tries=1``. Raises `BoardUnreachable`,
        `BoardLost` or `ScpError`. A cancelled call may have been carried out on the board or not.
        """
        return (await self.burst([request], timeout_s=timeout_s, tries=tries))[0]

    async def burst(
        self,
        requests: Sequence[wire.ScpRequest],
        *,
        timeout_s: float | None = None,
        tries: int | None = None,
    ) -> list[wire.ScpReply]:
        """Send many requests, as many at once as the window takes, and give their replies in order.

        The order in which the board carries them out is not promised. Raises as `call`, at the
        first failure; what was not sent by then is not sent.
        """
        burst = _Burst(requests)
        self._bursts.append(burst)
        try:
            while not burst.done:
                await self._send_what_fits(burst, timeout_s, tries)
                if not burst.done:
                    await self._read_or_wait()
        finally:
            self._bursts.remove(burst)
            for sequence in burst.under_way:
                self._window.abandon(sequence)
            self._progress.unpark_all()
        if burst.failure is not None:
            raise self._error(burst.failure)
        return [burst.replies[place] for place in range(len(requests))]

    async def read(self, x: int, y: int, address: int, length: int) -> bytes:
        """Read ``length`` bytes of the memory of chip ``x, y``; any length. Raises as `call`."""
        pieces = [
            wire.read_request(x, y, address + start, min(256, length - start))
            for start in range(0, length, 256)
        ]
        replies = await self.burst(pieces)
        for piece, reply in zip(pieces, replies, strict=True):
            if len(reply.data) != piece.arg2:
                raise ScpError(
                    f"board {self.address}: chip {x}, {y} answered a READ of {piece.arg2} bytes at "
                    f"{piece.arg1:#010x} with {len(reply.data)}"
                )
        return b"".join(reply.data for reply in replies)

    async def write(self, x: int, y: int, address: int, data: bytes | memoryview) -> None:
        """Write the memory of chip ``x, y``; any length. Raises as `call`.

        A cancelled or failed write leaves the memory partly written.
        """
        await self.burst(
            [
                wire.write_request(x, y, address + start, bytes(data[start : start + 256]))
                for start in range(0, len(data), 256)
            ]
        )

    async def version(self) -> wire.Version:
        """Ask the root chip who it is. Raises as `call`."""
        reply = await self.call(wire.version_request())
        with self._making_sense_of("VER"):
            return wire.parse_version(reply.data)

    async def chip_info(self, x: int, y: int) -> wire.ChipInfo:
        """Ask chip ``x, y`` to describe itself.

        Raises as `call`; a chip that is missing gives `ScpError`.
        """
        return (await self.chip_infos([(x, y)]))[0]

    async def chip_infos(self, chips: Sequence[tuple[int, int]]) -> list[wire.ChipInfo]:
        """Ask several chips, each ``(x, y)``, to describe themselves. Raises as `chip_info`."""
        replies = await self.burst([wire.chip_info_request(x, y) for x, y in chips])
        with self._making_sense_of("INFO"):
            return [wire.parse_chip_info(reply.data) for reply in replies]

    async def tick(self, x: int, y: int, cpu: int) -> int | None:
        """Ask a simulation core for its current tick.

        None before its first one. Raises as `call`.
        """
        reply = await self.call(wire.get_time_request(x, y, cpu))
        with self._making_sense_of("get time"):
            tick = reply.word()
        return None if tick == TICK_UNKNOWN else tick

    async def count_cores(self, app_id: int, state: wire.CpuState, x: int = 0, y: int = 0) -> int:
        """Count the cores of an application in a state, on the board of Ethernet chip ``x, y``.

        Raises as `call`.
        """
        reply = await self.call(wire.count_request(x, y, app_id, state), timeout_s=COUNT_TIMEOUT_S)
        with self._making_sense_of("COUNT"):
            return reply.word()

    def statistics(self) -> wire.WindowStatistics:
        """Give the counts of requests, repetitions, duplicates and strangers so far."""
        return self._window.statistics()

    async def _send_what_fits(
        self, burst: _Burst, timeout_s: float | None, tries: int | None
    ) -> None:
        while self._window.room and burst.sent < len(burst.requests):
            place = burst.sent
            sequence, datagram = self._window.submit(
                burst.requests[place], trio.current_time(), timeout_s=timeout_s, tries=tries
            )
            burst.sent += 1
            burst.under_way[sequence] = place
            self._hurry()
            await self._send(datagram)

    def _hurry(self) -> None:
        """Wake whoever reads in time for the newest deadline, if it is before the one it knows."""
        deadline = self._window.next_deadline
        if self._reading and deadline is not None:
            self._patience.deadline = min(self._patience.deadline, deadline)

    async def _read_or_wait(self) -> None:
        """Let one thing happen: read the socket if nobody does, else wait for whoever does."""
        if self._reading:
            await self._progress.park()
            return
        self._reading = True
        try:
            await self._read()
        finally:
            self._reading = False
            self._progress.unpark_all()

    async def _read(self) -> None:
        """Wait for one datagram or the next deadline, and hand on what that finished."""
        deadline = self._window.next_deadline
        assert deadline is not None, "a burst waits, so something is under way"
        datagram = None
        with trio.move_on_at(deadline) as self._patience:
            try:
                datagram = await self._sock.recv(MAX_DATAGRAM)
            except ConnectionRefusedError:
                self._refused = True
            except OSError as error:
                raise self._gone(f"the socket failed: {error}") from error
        if datagram is not None:
            self._hand_on(self._window.receive(datagram, trio.current_time()))
        due = self._window.expire(trio.current_time())
        for failed in due.failed:
            self._hand_on(failed)
        for again in due.resend:
            await self._send(again)

    def _hand_on(self, outcome: wire.Completed | wire.Failed | None) -> None:
        if outcome is None:
            return
        if isinstance(outcome, wire.Completed) or outcome.code is not None:
            self._answered = True
        for burst in self._bursts:
            place = burst.under_way.pop(outcome.sequence, None)
            if place is None:
                continue
            if isinstance(outcome, wire.Completed):
                burst.replies[place] = outcome.reply
            else:
                burst.failure = outcome

    async def _send(self, datagram: bytes) -> None:
        try:
            await self._sock.send(datagram)
        except ConnectionRefusedError:
            # an earlier datagram met a closed port; this one will be sent again at its deadline
            self._refused = True
        except OSError as error:
            raise self._gone(f"the socket failed: {error}") from error

    @contextmanager
    def _making_sense_of(self, what: str) -> Iterator[None]:
        try:
            yield
        except wire.MalformedPacket as error:
            raise ScpError(
                f"board {self.address} answered {what} with nonsense: {error}"
            ) from error

    def _error(self, failed: wire.Failed) -> BoardUnreachable | BoardLost | ScpError:
        request = failed.request
        what = _describe(request)
        if failed.code is not None:
            why = wire.result_sentence(failed.code)
            return ScpError(f"board {self.address}, {what}: {why}", failed.code)
        return self._gone(f"no reply to {what} after {failed.tries} tries")

    def _gone(self, why: str) -> BoardUnreachable | BoardLost:
        if self._answered:
            return BoardLost(f"the board at {self.address} has stopped answering: {why}")
        hint = "nothing listens there" if self._refused else "is it switched on, is it the address?"
        return BoardUnreachable(f"no board answers at {self.address} ({hint}): {why}")


def _describe(request: wire.ScpRequest) -> str:
    """Name a request as the protocol does, and whom it went to."""
    codes = wire.RunControl if request.port == PORT_RUN_CONTROL else wire.Command
    try:
        command = codes(request.command).name
    except ValueError:
        command = f"command {request.command}"
    if request.x == ROOT_CHIP and request.y == ROOT_CHIP:
        return f"{command} to the root chip"
    return f"{command} to chip {request.x}, {request.y} core {request.cpu}"
