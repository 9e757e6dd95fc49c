"""A live run that another process serves, as a Python program sees it: streams in, requests out.

On anyio, so on trio and asyncio alike. One task (`Remote.pump`) reads the connection and sorts what
comes; nothing else runs by itself.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import anyio
import anyio.abc
import numpy as np
from numpy.typing import ArrayLike

from spinnlive import errors
from spinnlive.errors import Forbidden, ServerLost, SpinnliveError, UsageError
from spinnlive.gateway.framing import Framing
from spinnlive.gateway.remote_streams import (
    CountsWindow,
    RemoteStream,
    clock_reading,
    counts_window,
    numbers,
    spike_batch,
    weight_snapshot,
)
from spinnlive.live.clock import ClockReading
from spinnlive.live.spikes import SpikeBatch
from spinnlive.live.weights import WeightSnapshot
from spinnlive.wire import MalformedPacket, stream
from spinnlive.wire import stream_messages as messages
from spinnlive.wire.stream_messages import ClientMessage, ServerMessage

SILENCE = 5.0
"""How many heartbeats may be missing before the server counts as lost."""

SENDING_S = 10.0
"""How long the server may take no message of ours (seconds)."""

ERRORS: dict[str, type[SpinnliveError]] = {
    "forbidden": Forbidden,
    "unsupported": Forbidden,
    "unknown_population": errors.UnknownPopulation,
    "unknown_projection": errors.UnknownProjection,
    "no_live_output": errors.NoLiveOutput,
    "no_injector": errors.NoInjector,
    "no_rate_control": errors.NoRateControl,
    "neuron_id": errors.NeuronIdError,
    "run_state": errors.RunStateError,
    "not_running": errors.RunStateError,
    "failed": errors.RemoteError,
}
"""What each code of an error raises here: what the live run raised there."""

A = TypeVar("A", bound=ServerMessage)


@dataclass(frozen=True, slots=True)
class ServerClock:
    """The server's clock against ours: its monotonic time minus ours, true within half the round
    trip (both in seconds)."""

    ahead_s: float
    round_trip_s: float


class Remote:
    """A live run of another process; made by `spinnlive.connect`.

    ``rights`` are what this client may do, ``capabilities`` what the live run can do;
    ``populations`` and ``projections`` what it has.
    """

    def __init__(self, connection: anyio.abc.SocketStream, framing: Framing) -> None:
        self.populations: tuple[messages.Population, ...] = ()
        self.projections: tuple[messages.Projection, ...] = ()
        self.rights: tuple[str, ...] = ()
        self.capabilities: tuple[str, ...] = ()
        self.timestep_ms = 0.0
        self.server = ""
        self.heartbeat: messages.Heartbeat | None = None
        self._connection = connection
        self._framing = framing
        self._sending = anyio.Lock()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Answer] = {}
        self._pings: dict[float, _Answer] = {}
        self._opening: dict[int, RemoteStream[Any]] = {}
        self._channels: dict[int, list[RemoteStream[Any]]] = {}
        self._patience_s = SENDING_S
        self._over: SpinnliveError | None = None

    def spikes(self, population: str, *, buffer: int = 1024) -> RemoteStream[SpikeBatch]:
        """Give a stream of a population's live spikes; see `RemoteStream`. ``received`` of a batch
        is the server's clock."""
        return self._stream("spikes", population, None, buffer, spike_batch)

    def counts(
        self, population: str, every: float, *, buffer: int = 256
    ) -> RemoteStream[CountsWindow]:
        """Give a stream of spikes per neuron, in windows of ``every`` ms of biological time."""
        return self._stream("counts", population, every, buffer, counts_window)

    def weights(
        self, projection: str, *, every: float, buffer: int = 4
    ) -> RemoteStream[WeightSnapshot]:
        """Give a stream of a projection's weights, every so many ms of biological time."""
        return self._stream("weights", projection, every, buffer, weight_snapshot)

    def clock(self, every: float = 100.0) -> RemoteStream[ClockReading]:
        """Give a stream of what the live run's clock knows, every so many ms of real time."""
        return self._stream("clock", None, every, 16, clock_reading)

    def telemetry(self, every: float = 1000.0) -> RemoteStream[dict[str, float]]:
        """Give a stream of counts and measures by name, every so many ms of real time."""
        return self._stream("telemetry", None, every, 16, numbers)

    async def inject(self, population: str, neuron_ids: ArrayLike, at: int | None = None) -> None:
        """Make these neurons of a SpikeInjector fire now, or at tick ``at``.

        Returns when they are on their way to the board. Raises what the live run raises there, and
        `Forbidden` without the right to inject.
        """
        ids = np.atleast_1d(np.asarray(neuron_ids))
        if ids.size and (ids.dtype.kind not in "iu" or ids.ndim != 1 or int(ids.min()) < 0):
            raise errors.NeuronIdError(
                f"population {population!r}: neuron ids are a list of whole numbers from 0 on, "
                f"not {neuron_ids!r}"
            )
        number = next(self._numbers)
        message = messages.Inject(population, ids.astype(np.uint32), at, number)
        await self._ask(number, message, messages.Done)

    async def set_rates(
        self, population: str, rates: ArrayLike, neuron_ids: ArrayLike | None = None
    ) -> None:
        """Change the rates (Hz) of a Poisson population: of these neurons, or of all in order."""
        number = next(self._numbers)
        values = np.atleast_1d(np.asarray(rates, np.float64))
        ids = None if neuron_ids is None else np.atleast_1d(np.asarray(neuron_ids, np.uint32))
        message = messages.SetRates(population, values, ids, number)
        await self._ask(number, message, messages.Done)

    async def step(self, duration_ms: float) -> int:
        """Let the network advance this biological time (ms); give the tick that it then stands
        at."""
        number = next(self._numbers)
        done = await self._ask(number, messages.Step(number, float(duration_ms)), messages.Done)
        return -1 if done.tick is None else done.tick

    async def ping(self) -> ServerClock:
        """Ask for the server's clock."""
        sent = time.monotonic()
        answer = self._pings[sent] = _Answer()
        try:
            await self._send(messages.Ping(sent))
            pong = cast(messages.Pong, await answer.wait())
        finally:
            self._pings.pop(sent, None)
        now = time.monotonic()
        return ServerClock(pong.host_s - (sent + now) / 2, now - sent)

    async def begin(self, hello: messages.Hello) -> None:
        """Say hello and take the welcome; for `connect`."""
        await self._send(hello)
        while not self.rights:
            await self._receive()

    async def look(self) -> None:
        """Ask for the populations and projections; for `connect`."""
        number = next(self._numbers)
        if "read" in self.rights:
            network = await self._ask(number, messages.List(number), messages.Network)
            self.populations, self.projections = network.populations, network.projections

    async def pump(self) -> None:
        """Read until the connection ends; for `connect`."""
        try:
            while self._over is None:
                with anyio.move_on_after(self._patience_s) as patience:
                    await self._receive()
                if patience.cancelled_caught:
                    raise ServerLost(f"the server has been silent for {self._patience_s:g} s")
        except SpinnliveError as error:
            self._end(error)

    def close(self) -> None:
        """End every stream; for `connect`."""
        self._end(None)

    async def subscribe(self, remote_stream: RemoteStream[Any]) -> int:
        """Ask for a stream and give its channel; for `RemoteStream`."""
        number = next(self._numbers)
        self._opening[number] = remote_stream
        asked = messages.Subscribe(
            number, remote_stream.what, remote_stream.target, remote_stream.every_ms
        )
        try:
            return (await self._ask(number, asked, messages.Subscribed)).channel
        finally:
            self._opening.pop(number, None)

    async def unsubscribe(self, remote_stream: RemoteStream[Any], channel: int) -> None:
        """Take no more of a stream; for `RemoteStream`."""
        readers = self._channels.get(channel, [])
        if remote_stream in readers:
            readers.remove(remote_stream)
        if not readers and self._channels.pop(channel, None) is not None and self._over is None:
            await self._send(messages.Unsubscribe(next(self._numbers), channel))

    def _stream(
        self,
        what: str,
        target: str | None,
        every_ms: float | None,
        buffer: int,
        make: Callable[[Any, RemoteStream[Any]], Any],
    ) -> RemoteStream[Any]:
        return RemoteStream(self, what, target, every_ms, buffer, make)

    async def _ask(self, number: int, message: ClientMessage, kind: type[A]) -> A:
        answer = self._waiting[number] = _Answer()
        try:
            await self._send(message)
            found = await answer.wait()
        finally:
            self._waiting.pop(number, None)
        if not isinstance(found, kind):
            raise ServerLost(f"the server answered {type(message).__name__} with {found}")
        return found

    async def _send(self, message: ClientMessage) -> None:
        if self._over is not None:
            raise self._over
        async with self._sending:
            # half a message would make nonsense of all that follow, so it is not cancelled
            with anyio.move_on_after(SENDING_S, shield=True) as patience:
                await self._write(self._framing.wrap(stream.encode_message(message)))
        if patience.cancelled_caught:
            self._end(ServerLost(f"the server takes no messages for {SENDING_S:g} s"))
        if self._over is not None:
            raise self._over

    async def _write(self, data: bytes) -> None:
        try:
            await self._connection.send(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            self._end(ServerLost("the server has closed the connection"))

    async def _receive(self) -> None:
        """Read once and sort what came. Raises `ServerLost`."""
        try:
            data = await self._connection.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise ServerLost("the server has closed the connection") from None
        for payload in self._payloads(data):
            self._sort(payload)
        pending = self._framing.pending()
        if pending:
            async with self._sending:
                await self._write(pending)

    def _payloads(self, data: bytes) -> list[bytes]:
        try:
            return [payload for payload in self._framing.feed(data) if payload is not None]
        except MalformedPacket as error:
            raise ServerLost(f"the server sent nonsense: {error}") from None

    def _sort(self, payload: bytes) -> None:
        try:
            message = stream.decode_server_message(payload)
        except stream.UnknownType:
            return  # a newer server says more
        except MalformedPacket as error:
            raise ServerLost(f"the server sent nonsense: {error}") from None
        match message:
            case messages.Welcome():
                self._welcomed(message)
            case messages.Goodbye(code, text):
                raise ServerLost(f"the server says goodbye ({code}): {text}", code)
            case messages.Error():
                self._failed(message)
            case messages.Heartbeat():
                self.heartbeat = message
            case messages.Pong(sent):
                if sent in self._pings:
                    self._pings[sent].give(message)
            case messages.End(channel, text):
                why = None if text is None else errors.RemoteError(text)
                for each in self._channels.pop(channel, []):
                    each.end(why)
            case messages.Subscribed(request, channel):
                if request in self._opening:
                    self._channels.setdefault(channel, []).append(self._opening[request])
                self._answer(request, message)
            case messages.Network(request) | messages.Done(request):
                self._answer(request, message)
            case _:
                for each in self._channels.get(message.channel, ()):
                    each.put(message)

    def _welcomed(self, message: messages.Welcome) -> None:
        self.rights, self.capabilities = message.rights, message.capabilities
        self.timestep_ms, self.server = message.timestep_ms, message.server
        self._patience_s = max(1.0, SILENCE * message.heartbeat_s)

    def _answer(self, request: int, message: ServerMessage) -> None:
        if request in self._waiting:
            self._waiting[request].give(message)

    def _failed(self, message: messages.Error) -> None:
        if message.request in self._waiting:
            kind = ERRORS.get(message.code, UsageError)
            self._waiting[message.request].give(kind(message.message))

    def _end(self, error: SpinnliveError | None) -> None:
        """Nothing comes any more: tell whoever waits."""
        if self._over is not None:
            return
        self._over = error or errors.RunStateError("this connection is closed")
        ended_well = error is None or getattr(error, "code", "") == "closed"
        for readers in self._channels.values():
            for each in readers:
                each.end(None if ended_well else error)
        for answer in (*self._waiting.values(), *self._pings.values()):
            answer.give(self._over)


class _Answer:
    """What somebody waits for."""

    def __init__(self) -> None:
        self._come = anyio.Event()
        self._given: ServerMessage | SpinnliveError | None = None

    def give(self, what: ServerMessage | SpinnliveError) -> None:
        if self._given is None:
            self._given = what
            self._come.set()

    async def wait(self) -> ServerMessage:
        await self._come.wait()
        if isinstance(self._given, SpinnliveError):
            raise self._given
        assert self._given is not None
        return self._given
