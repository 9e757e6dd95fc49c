"""An SCP client in trio, for one board: `spinnlive.boards.scp_calls` says what can be asked.

It is made of one UDP socket and one `ScpWindow`, and starts no task of its own. Whichever caller
waits first reads the socket for all of them; when it has what it waits for, the next one takes
over. So an error is raised in the call that met it, never as a group, and cancelling a call cancels
nothing else.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

from spinnlive import wire
from spinnlive.boards.link import Link
from spinnlive.boards.scp_calls import ScpCalls
from spinnlive.errors import BoardLost, BoardUnreachable, ScpError
from spinnlive.wire.sdp import PORT_RUN_CONTROL, ROOT_CHIP

MAX_DATAGRAM = 600
"""How much is read of a datagram (bytes): over twice the largest reply, so that a longer one is
seen as such."""


@asynccontextmanager
async def open_scp(
    address: str,
    *,
    port: int = wire.SCP_UDP_PORT,
    link: Link | None = None,
    window: int = 4,
    timeout_s: float = 0.5,
    tries: int = 8,
    answered: bool = False,
) -> AsyncIterator[ScpClient]:
    """Open a client to the board at ``address``; nothing is sent yet.

    ``window``: requests under way at once. ``timeout_s`` and ``tries``: how long to wait for a
    reply (seconds), and how often a request is sent before the board counts as gone. ``link`` is
    the way to the board, if it is not UDP to ``port``. ``answered``: the board is known to have
    answered others, so that if it is silent it is lost, not unreachable. Raises `BoardUnreachable` when the address
    cannot be used. Leaving the block closes the socket.
    """
    if link is None:
        sock = await _connected(address, port)
    else:
        sock = trio.socket.from_stdlib_socket(link(address))
    with sock:
        name = address if port == wire.SCP_UDP_PORT else f"{address}:{port}"
        transactions = wire.ScpWindow(size=window, timeout_s=timeout_s, tries=tries)
        yield ScpClient(name, sock, transactions, link, answered=answered)


async def _connected(address: str, port: int) -> trio.socket.SocketType:
    """Give a socket to the board; looking up its name may take a while."""
    sock = trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        await sock.connect((address, port))
    except OSError as error:
        sock.close()
        raise BoardUnreachable(f"no board can be reached at {address}: {error}") from error
    except BaseException:
        sock.close()
        raise
    return sock


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


class ScpClient(ScpCalls):
    """The conversation with one board; see `ScpCalls` for what can be asked.

    Made by `open_scp`. Any number of tasks may call it at once.
    """

    def __init__(
        self,
        address: str,
        sock: trio.socket.SocketType,
        window: wire.ScpWindow,
        link: Link | None = None,
        *,
        answered: bool = False,
    ) -> None:
        self.address = address
        self._link = link
        self._sock = sock
        self._window = window
        self._bursts: list[_Burst] = []
        self._reading = False
        self._progress = trio.lowlevel.ParkingLot()
        self._answered = answered
        self._refused = False
        self._patience = trio.CancelScope()

    async def burst(
        self,
        requests: Sequence[wire.ScpRequest],
        *,
        timeout_s: float | None = None,
        tries: int | None = None,
    ) -> list[wire.ScpReply]:
        """See `ScpCalls.burst`."""
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

    def _error(self, failed: wire.Failed) -> BoardUnreachable | BoardLost | ScpError:
        request = failed.request
        what = _describe(request)
        if failed.code is not None:
            why = wire.result_sentence(failed.code)
            return ScpError(f"board {self.address}, {what}: {why}", failed.code)
        return self._gone(f"no reply to {what} after {failed.tries} tries")

    def _gone(self, why: str) -> BoardUnreachable | BoardLost:
        trouble = None if self._link is None else self._link.trouble(self.address)
        if self._answered:
            return BoardLost(f"the board at {self.address} has stopped answering: {trouble or why}")
        if trouble is not None:
            return BoardUnreachable(f"no board answers at {self.address}: {trouble}")
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
