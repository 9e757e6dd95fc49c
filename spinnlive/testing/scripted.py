"""A live run that a script plays: for tests of code that holds a live run, without a board.

Ticks pass on trio's clock, each of timestep × timeScaleFactor; under trio's mock clock with
autojump they take no time at all, and the same test does the same every time.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import numpy as np
import trio
from numpy.typing import ArrayLike, NDArray

from spinnlive.errors import SpinnliveError, UnknownProjection, UsageError
from spinnlive.live.clock import ClockObservation
from spinnlive.live.injector import Injected
from spinnlive.live.open import one_failure
from spinnlive.live.run import LiveRun, whole_ticks
from spinnlive.live.services import services
from spinnlive.live.spikes import LiveSpikes
from spinnlive.live.stage import Stage, among, parts_on
from spinnlive.live.statistics import LiveStatistics
from spinnlive.live.streams import Policy, Stream
from spinnlive.live.weights import WeightSnapshot
from spinnlive.toolchain.values import PopulationFacts

Network = Callable[[int, Mapping[str, NDArray[np.int64]]], Mapping[str, ArrayLike]]
"""The network as a function: from the tick that ends, and the neurons of each injector that were
sent a spike in it, to the neurons of each live population that fired in it."""

Weights = ArrayLike | Callable[[int], ArrayLike]
"""A projection's weights, an array of pre by post with NaN where there is no synapse, or a function that gives
them for a tick."""

Chosen = Callable[[WeightSnapshot], WeightSnapshot]
"""Leaves only the synapses that a reader wants."""

JUST_AFTER = 1e-6
"""How far into a tick its observation is put, so that rounding never falls into the one before."""


@asynccontextmanager
async def open_scripted(
    network: Network = lambda tick, injected: {},
    *,
    live: Mapping[str, int] | None = None,
    injectors: Mapping[str, int] | None = None,
    weights: Mapping[str, Weights] | None = None,
    timestep: float = 1.0,
    time_scale_factor: int = 1,
) -> AsyncIterator[ScriptedRun]:
    """Give what `open_live` gives, of a network that is a function of yours.

    ``live``: populations with live output, label → number of neurons. ``injectors``: likewise the
    SpikeInjectors. ``weights``: label of a projection → its weights (nA). ``timestep``: ms. Raises
    `UsageError` for a timestep that is not positive.

    ::

        def reflex(tick, injected):
            return {"motor": injected["touch"]}

        async with open_scripted(reflex, live={"motor": 5}, injectors={"touch": 5}) as live:
            await my_robot(live)
    """
    if not (math.isfinite(timestep) and timestep > 0):
        raise UsageError(f"timestep is {timestep!r} ms; it must be positive")
    async with services() as background:
        run = ScriptedRun(
            network,
            live or {},
            injectors or {},
            weights or {},
            timestep,
            time_scale_factor,
            background,
        )
        with one_failure(run):
            try:
                yield run
            finally:
                with trio.CancelScope(shield=True):
                    await run.close()


class ScriptedRun(LiveRun):
    """A live run that a script plays; made by `open_scripted`.

    Populations and projections are named by their labels, or by anything that has them as
    ``.label``.
    """

    def __init__(
        self,
        network: Network,
        live: Mapping[str, int],
        injectors: Mapping[str, int],
        weights: Mapping[str, Weights],
        timestep: float,
        time_scale_factor: int,
        background: trio.Nursery,
    ) -> None:
        self._script = network
        self._matrices = dict(weights)
        labels = (*live, *injectors)
        parts, self._stage = parts_on(
            Stage(
                board="scripted",
                populations=(
                    *(PopulationFacts(label, size, False) for label, size in live.items()),
                    *(PopulationFacts(label, size, True) for label, size in injectors.items()),
                ),
                labels=labels,
                live=frozenset(live),
                timestep_us=round(timestep * 1000),
                time_scale_factor=time_scale_factor,
                host_time=trio.current_time,
                background=background,
            ),
            self._play,
        )
        super().__init__(parts)
        self._sizes = dict(live)
        self._heard: dict[str, list[NDArray[np.int64]]] = {label: [] for label in injectors}
        self._snapshots: weakref.WeakKeyDictionary[Stream[WeightSnapshot], tuple[str, int, Chosen]]
        self._snapshots = weakref.WeakKeyDictionary()
        self._now = 0
        self._spikes_out = 0
        self._error: SpinnliveError | None = None
        self._stalled_s = 0.0
        self._stage.tap.listen(self._hear)

    def fail(self, error: SpinnliveError) -> None:
        """Let the board fail at the end of the present tick: `run` raises this error, such as
        ``CoreFailure("core 3 stopped")``, and every stream ends with it."""
        self._error = error

    def stall(self, seconds: float) -> None:
        """Let the board stand for so long at the end of the present tick (seconds of trio's
        clock)."""
        self._stalled_s += seconds

    def weights(
        self,
        projection: Any,
        *,
        every: float,
        pre: ArrayLike | None = None,
        post: ArrayLike | None = None,
        policy: Policy = "latest",
        buffer: int = 1,
    ) -> Stream[WeightSnapshot]:
        """Give a stream of the projection's weights: now, and at every multiple of ``every`` (ms).

        Raises `UnknownProjection`, and `UsageError` as `LiveRun.weights`.
        """
        self._check_open()
        ticks = whole_ticks("every", every, self.clock.timestep_ms)
        label = projection if isinstance(projection, str) else getattr(projection, "label", None)
        if label not in self._matrices:
            raise UnknownProjection(
                f"the script has no projection {label or projection!r}; "
                f"it has: {', '.join(self._matrices) or 'none'}"
            )
        stream: Stream[WeightSnapshot] = Stream(policy, buffer, self._forget)
        chosen = partial(among, pre=pre, post=post)
        self._snapshots[stream] = (label, ticks, chosen)
        stream.put(chosen(self._snapshot(label)))
        return stream

    def statistics(self) -> LiveStatistics:
        """Give the counts so far; nothing is ever lost."""
        spikes = self._stage.router.spikes
        return LiveStatistics(
            packets_in=0,
            spikes_in=spikes,
            spikes_out=self._spikes_out,
            kernel_drops=0,
            unknown_keys=0,
            malformed=0,
            strangers=0,
        )

    async def close(self) -> None:
        """End the run and every stream."""
        await super().close()
        for stream in tuple(self._snapshots):
            stream.end(self._failure)

    async def _play(self, ticks: int | None) -> None:
        clock = self._stage.clock
        end = math.inf if ticks is None else self._now + ticks
        next_s = trio.current_time()
        self._planned_end = None if ticks is None else self._now + ticks
        self.started()
        try:
            while self._now < end:
                next_s += clock.tick_s
                await trio.sleep_until(next_s)
                self._end_tick()
                if self._error is not None:
                    raise self._error
                if self._stalled_s:
                    next_s += self._stalled_s
                    self._stalled_s = 0.0
        finally:
            self.stopped()
            clock.set_tick(self._now)
            clock.moved()

    def _end_tick(self) -> None:
        """Let the present tick end: the network answers, and time goes on."""
        injected = {
            label: np.concatenate(parts) if parts else np.empty(0, np.int64)
            for label, parts in self._heard.items()
        }
        for parts in self._heard.values():
            parts.clear()
        fired = self._script(self._now, injected)
        now = trio.current_time()
        for label, neurons in fired.items():
            self._fire(label, np.atleast_1d(np.asarray(neurons, np.int64)), now)
        self._now += 1
        clock = self._stage.clock
        clock.observe(ClockObservation(now, self._now + JUST_AFTER, 0.0))
        clock.moved()
        self._stage.router.stand(self._now, whole=True)
        for stream, (label, every, chosen) in tuple(self._snapshots.items()):
            if self._now % every == 0:
                stream.put(chosen(self._snapshot(label)))

    def _fire(self, label: str, neurons: NDArray[np.int64], now: float) -> None:
        if label not in self._sizes:
            raise UsageError(
                f"the script let {label!r} fire, which is no live population; "
                f"there are: {', '.join(self._sizes) or 'none'}"
            )
        if len(neurons) and not 0 <= neurons.min() <= neurons.max() < self._sizes[label]:
            raise UsageError(
                f"the script let neurons {neurons.tolist()} of {label!r} fire, which has "
                f"{self._sizes[label]}"
            )
        if not len(neurons):
            return
        number = self._stage.network.keys.labels.index(label)
        self._stage.router.distribute(
            LiveSpikes(
                received=now,
                ticks=np.full(len(neurons), self._now),
                populations=np.full(len(neurons), number, np.int16),
                neurons=neurons.astype(np.int32),
            )
        )

    def _hear(self, kind: str, value: Any) -> None:
        if kind == "injected":
            injected: Injected = value
            self._heard[injected.label].append(injected.neuron_ids)
            self._spikes_out += len(injected.neuron_ids)

    def _forget(self, stream: Stream[WeightSnapshot]) -> None:
        self._snapshots.pop(stream, None)

    def _snapshot(self, label: str) -> WeightSnapshot:
        given = self._matrices[label]
        matrix = np.asarray(given(self._now) if callable(given) else given, np.float64)
        pre, post = np.nonzero(~np.isnan(matrix))
        return WeightSnapshot(
            label=label,
            tick=self._now,
            tick_after=self._now,
            time_ms=self._now * self.clock.timestep_ms,
            pre=pre,
            post=post,
            weights=matrix[pre, post],
            delays_ms=np.full(len(pre), self.clock.timestep_ms),
            unit="nA",
            shape=(matrix.shape[0], matrix.shape[1]),
        )
