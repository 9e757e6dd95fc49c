"""The closed loop: the cart's state goes in as spikes, the motors' spikes push the cart.

The environment lives by the board's clock. The metronome's live spikes say which ticks have passed;
with every `CONTROL_TICKS`-th the cart gets the push that the motor spikes have voted for since the
last one, and moves on by CartPole's 20 ms. So when the board or this machine is slow, the cart is
as slow as the board: its physics and the network's stay together.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import trio
from numpy.typing import NDArray

from spinnlive.coding import Even
from spinnlive.demo.coding import LEFT, RIGHT, vote
from spinnlive.demo.network import SIDES, TIMESTEP_MS, DemoNetwork

CONTROL_TICKS = 20
"""Ticks between two pushes: CartPole moves in steps of 20 ms."""

SENSE_TICKS = 4
"""Ticks between two datagrams of sensor spikes: as good for the pole as one a tick, and kinder to
the board, whose monitor core handles each."""

SETTLE_TICKS = 200
"""Ticks before the first push, in which the network comes to rest under the cart's first state."""

LATE_TICKS = 10
"""Ticks by which a push may be late. If this machine stalls for longer, the cart is held: it never
moves on before its sensors could have told the network where it is."""

TAIL_TICKS = 200
"""Ticks that the network runs on after the last push is due, to be done in one run if pushes come
late or the cart is held for a moment."""

WEIGHTS_EVERY_MS = 200.0
"""Biological time between two snapshots of the plastic weights (ms)."""

ECHO_PATIENCE_S = 1.0
"""After this long without its echo a ping counts as lost (seconds)."""

DRAIN_PATIENCE_S = 2.0
"""How long to wait, when the board has stopped, for what it sent before (seconds)."""

SPIKE_BUFFER = 8192
"""Batches each spike stream may hold: eight seconds of ticks, so that a stalled machine loses
none."""


class Environment(Protocol):
    """What the loop needs of a Gymnasium environment."""

    def reset(self, *, seed: int | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; give its first observation."""

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Act for one step.

        Give the observation, a reward, whether it ended, whether its time is up.
        """


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode: its number of steps, and how it ended.

    ``fell``: the pole, or the cart ran off the track. ``whole``: its time was up. ``stopped``: the
    demo ended first.
    """

    steps: int
    ending: Literal["fell", "whole", "stopped"]


@dataclass(slots=True)
class Trace:
    """What happened, in order; ticks are the board's, times of ``time.monotonic()`` (seconds).

    ``states``: tick and the cart's four state variables at each step. ``received``: for each live
    population's label, batches of (tick, neuron ids). ``weights``: tick and matrices (pre × post,
    nA) of the plastic projections, by side. ``beats``: tick and time of each metronome spike.
    ``pings``: pings that had their echo or were given up; ``echoes``: the latency of each echo
    (seconds). ``withheld``: sensor spikes not sent as the board took no more.
    ``held_ticks``: ticks that passed without the cart, because this machine was late.
    ``pauses``: how many beats had been heard when each run of the network began.
    """

    states: list[tuple[int, NDArray[np.float64]]] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    sent: list[tuple[int, NDArray[np.int64]]] = field(default_factory=list)
    received: dict[str, list[tuple[int, NDArray[np.int64]]]] = field(default_factory=dict)
    weights: list[list[tuple[int, NDArray[np.float64]]]] = field(
        default_factory=lambda: [[] for _ in SIDES]
    )
    beats: list[tuple[int, float]] = field(default_factory=list)
    echoes: list[float] = field(default_factory=list)
    pings: int = 0
    withheld: int = 0
    held_ticks: int = 0
    pauses: list[int] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Steps that the environment has made."""
        return max(len(self.states) - 1, 0)


@dataclass(slots=True)
class _Votes:
    """Motor spikes since the last push, by side."""

    counts: list[int] = field(default_factory=lambda: [0, 0])

    def take(self, previous: int) -> int:
        """Give the push they decide and begin to count anew."""
        action = vote(self.counts[LEFT], self.counts[RIGHT], previous)
        self.counts = [0, 0]
        return action


async def close_the_loop(
    live: Any,
    network: DemoNetwork,
    environment: Environment,
    *,
    steps: int,
    seed: int,
    progress: Callable[[Trace], None] = lambda _: None,
) -> Trace:
    """Balance the pole for ``steps`` steps of the environment (20 ms each); give what happened.

    ``live`` is a live run of the network that has not run yet. ``seed`` sets the environment's
    first state and the sensors' phases. ``progress`` is called after each step. When it returns,
    the network is paused and every live spike that arrived is in the trace. Cancelling it stops the
    network. Raises what the live run raises.
    """
    trace = Trace()
    votes = _Votes()
    cart = _Cart(network, environment, trace, votes, steps, seed, progress)
    async with AsyncExitStack() as stack:
        # every stream is open before the first tick
        streams = {
            population.label: await stack.enter_async_context(
                live.spikes(population, buffer=SPIKE_BUFFER)
            )
            for population in network.watched
        }
        now = await stack.enter_async_context(live.spikes(network.metronome, policy="latest"))
        trace.received = {label: [] for label in streams}
        to_sensors, sensor_spikes = trio.open_memory_channel[NDArray[np.int64]](1)
        echoed, echo_times = trio.open_memory_channel[float](1)
        async with trio.open_nursery() as nursery:
            start = nursery.start_soon
            for side, motor in enumerate(network.motors):
                start(_count_motor, streams[motor.label], trace.received[motor.label], votes, side)
            for side, projection in enumerate(network.plastic):
                snapshots = live.weights(projection, every=WEIGHTS_EVERY_MS)
                start(_watch_weights, snapshots, trace.weights[side])
            start(_hear_echo, streams[network.echo.label], trace, network.echo.label, echoed)
            start(_ping, live.injector(network.ping), echo_times, trace, seed)
            start(_send, live.injector(network.sensors), sensor_spikes)
            beats = _Beats(trace, network.metronome.label)
            start(beats.keep, streams[network.metronome.label])
            start(_keep_time, now, cart, to_sensors)
            ticks, made = SETTLE_TICKS, -1
            while made < trace.steps < steps:
                # once round, unless this machine was late and the cart held
                made = trace.steps
                trace.pauses.append(len(trace.beats))
                ticks += (steps - made) * CONTROL_TICKS + TAIL_TICKS
                await live.run(ticks * TIMESTEP_MS)
                ticks = 0
            with trio.move_on_after(DRAIN_PATIENCE_S):
                await beats.until(live.clock.tick - 1)
            nursery.cancel_scope.cancel()
    cart.close()
    return trace


class _Beats:
    """The metronome's spikes, written down, for whoever waits for one of them."""

    def __init__(self, trace: Trace, label: str) -> None:
        self._trace = trace
        self._received = trace.received[label]
        self._heard = trio.Event()

    async def keep(self, beats: AsyncIterable[Any]) -> None:
        """Write every beat down."""
        async for batch in beats:
            self._received.append((batch.tick, batch.neuron_ids))
            self._trace.beats.append((batch.tick, batch.received))
            self._heard.set()
            self._heard = trio.Event()

    async def until(self, tick: int) -> None:
        """Return when the beat of ``tick`` or a later one has been heard."""
        while not self._trace.beats or self._trace.beats[-1][0] < tick:
            await self._heard.wait()


class _Cart:
    """The environment, stepped by ticks, and the sensor neurons that look at it."""

    def __init__(
        self,
        network: DemoNetwork,
        environment: Environment,
        trace: Trace,
        votes: _Votes,
        steps: int,
        seed: int,
        progress: Callable[[Trace], None],
    ) -> None:
        self.trace = trace
        self._bank = network.spec.bank
        self._encoder = Even(self._bank.size, seed)
        self._environment = environment
        self._votes = votes
        self._progress = progress
        self._last_step = steps
        self._due = SETTLE_TICKS
        self._sensed = 0
        self._action = LEFT
        self._episode_steps = 0
        self._see(0, environment.reset(seed=seed)[0])

    def pass_time(self, tick: int) -> NDArray[np.int64]:
        """Let the cart come to ``tick``; give the sensor spikes that are due.

        After the last step there are none: spikes on their way when the network stops are lost.
        """
        if self.trace.steps >= self._last_step:
            return np.empty(0, np.int64)
        if tick >= self._due:
            late = tick - self._due
            if late > LATE_TICKS:
                self.trace.held_ticks += late
                self._due = tick
            self._due += CONTROL_TICKS
            self._push(tick)
        elapsed = tick - self._sensed
        if elapsed < SENSE_TICKS:
            return np.empty(0, np.int64)
        self._sensed = tick
        return self._encoder.advance(self._rates, min(elapsed, LATE_TICKS) * TIMESTEP_MS)

    def close(self) -> None:
        """End the last episode."""
        if self._episode_steps:
            self.trace.episodes.append(Episode(self._episode_steps, "stopped"))

    def _push(self, tick: int) -> None:
        self._action = self._votes.take(self._action)
        state, _, fell, time_is_up, _ = self._environment.step(self._action)
        self._episode_steps += 1
        if fell or time_is_up:
            self.trace.episodes.append(Episode(self._episode_steps, "fell" if fell else "whole"))
            self._episode_steps = 0
            state = self._environment.reset()[0]
        self._see(tick, state)
        self._progress(self.trace)

    def _see(self, tick: int, state: Any) -> None:
        seen = np.asarray(state, float)
        self.trace.states.append((tick, seen))
        self._rates = self._bank.rates_hz(seen)


async def _keep_time(
    now: AsyncIterable[Any],
    cart: _Cart,
    to_sensors: trio.MemorySendChannel[NDArray[np.int64]],
) -> None:
    """Follow the metronome's latest beat: step the cart and sense it."""
    async for batch in now:
        ids = cart.pass_time(batch.tick)
        if not len(ids):
            continue
        try:
            to_sensors.send_nowait(ids)
        except trio.WouldBlock:
            # the board takes no more for now; old news would only mislead the network
            cart.trace.withheld += len(ids)
        else:
            cart.trace.sent.append((batch.tick, ids))


async def _send(injector: Any, spikes: trio.MemoryReceiveChannel[NDArray[np.int64]]) -> None:
    async for ids in spikes:
        await injector.send(ids)


async def _count_motor(
    stream: AsyncIterable[Any],
    received: list[tuple[int, NDArray[np.int64]]],
    votes: _Votes,
    side: int,
) -> None:
    async for batch in stream:
        received.append((batch.tick, batch.neuron_ids))
        votes.counts[side] += len(batch.neuron_ids)


async def _watch_weights(
    snapshots: AsyncIterable[Any], weights: list[tuple[int, NDArray[np.float64]]]
) -> None:
    async for snapshot in snapshots:
        weights.append((snapshot.tick, snapshot.matrix()))


async def _hear_echo(
    stream: AsyncIterable[Any], trace: Trace, label: str, echoed: trio.MemorySendChannel[float]
) -> None:
    async for batch in stream:
        trace.received[label].append((batch.tick, batch.neuron_ids))
        # an echo that nobody waits for any more has been counted as lost
        with suppress(trio.WouldBlock):
            echoed.send_nowait(batch.received)


async def _ping(
    injector: Any, echo_times: trio.MemoryReceiveChannel[float], trace: Trace, seed: int
) -> None:
    """Send a spike, wait for its echo, pause.

    The pauses vary so that pings fall anywhere within a tick.
    """
    rng = np.random.default_rng(seed)
    while True:
        with suppress(trio.WouldBlock):
            echo_times.receive_nowait()  # of a ping that was given up
        start, runs = time.monotonic(), len(trace.pauses)
        await injector.send([0])
        latency = None
        with trio.move_on_after(ECHO_PATIENCE_S):
            latency = await echo_times.receive() - start
        # a pause of the network between ping and echo says nothing about the loop
        if runs == len(trace.pauses):
            trace.pings += 1
            trace.echoes += [] if latency is None else [latency]
        await trio.sleep(rng.uniform(0.015, 0.025))
