"""A live run that a script plays: for tests of code that holds a live run, without a board.

Ticks pass on trio's clock, each of timestep × timeScaleFactor; under trio's mock clock with
autojump they take no time at all, and the same test does the same every time.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import numpy as np
import trio
from numpy.typing import ArrayLike, NDArray

from spinnlive.errors import SpinnliveError, UsageError
from spinnlive.live.clock import ClockObservation
from spinnlive.live.injector import Injected
from spinnlive.live.open import one_failure
from spinnlive.live.run import LiveRun
from spinnlive.live.services import services
from spinnlive.live.spikes import LiveSpikes
from spinnlive.live.stage import Stage, parts_on
from spinnlive.live.statistics import LiveStatistics
from spinnlive.testing.weights import ScriptedSources, Weights
from spinnlive.toolchain.values import PopulationFacts, ProjectionFacts

Network = Callable[[int, Mapping[str, NDArray[np.int64]]], Mapping[str, ArrayLike]]
"""The network as a function: from the tick that ends, and the neurons of each injector that were
sent a spike in it, to the neurons of each live population that fired in it."""

JUST_AFTER = 1e-6
"""How far into a tick its observation is put, so that rounding never falls into the one before."""


@asynccontextmanager
async def open_scripted(
    network: Network = lambda tick, injected: {},
    *,
    live: Mapping[str, int] | None = None,
    injectors: Mapping[str, int] | None = None,
    weights: Mapping[str, Weights] | None = None,
    projections: Mapping[str, tuple[str, str]] | None = None,
    timestep: float = 1.0,
    time_scale_factor: int = 1,
) -> AsyncIterator[ScriptedRun]:
    """Give what `open_live` gives, of a network that is a function of yours.

    ``live``: populations with live output, label → number of neurons. ``injectors``: likewise the
    SpikeInjectors. ``weights``: label of a projection → its weights (nA); ``projections``: between
    which two populations it is, for who looks at the list. ``timestep``: ms. Raises `UsageError` for
    a timestep that is not positive, and for projections without weights.

    ::

        def reflex(tick, injected):
            return {"motor": injected["touch"]}

        async with open_scripted(reflex, live={"motor": 5}, injectors={"touch": 5}) as live:
            await my_robot(live)
    """
    if not (math.isfinite(timestep) and timestep > 0):
        raise UsageError(f"timestep is {timestep!r} ms; it must be positive")
    if unknown := set(projections or {}) - set(weights or {}):
        raise UsageError(f"projections without weights: {', '.join(sorted(unknown))}")
    async with services() as background:
        run = ScriptedRun(
            network,
            live or {},
            injectors or {},
            weights or {},
            projections or {},
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
        projections: Mapping[str, tuple[str, str]],
        timestep: float,
        time_scale_factor: int,
        background: trio.Nursery,
    ) -> None:
        self._script = network
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
                projections=tuple(
                    ProjectionFacts(label, *projections.get(label, ("", "")), "StaticSynapse")
                    for label in weights
                ),
            ),
            self._play,
            partial(ScriptedSources, weights),
        )
        super().__init__(parts)
        self._sizes = dict(live)
        self._heard: dict[str, list[NDArray[np.int64]]] = {label: [] for label in injectors}
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

    async def _play(self, ticks: int | None) -> None:
        clock = self._stage.clock
        end = math.inf if ticks is None else self._now + ticks
        next_s = trio.current_time()
        self._course.planned_end = None if ticks is None else self._now + ticks
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
        self._fire(
            {
                label: np.atleast_1d(np.asarray(neurons, np.int64))
                for label, neurons in fired.items()
            },
            now,
        )
        self._now += 1
        clock = self._stage.clock
        clock.observe(ClockObservation(now, self._now + JUST_AFTER, 0.0))
        clock.moved()
        self._stage.router.stand(self._now, whole=True)

    def _fire(self, fired: Mapping[str, NDArray[np.int64]], now: float) -> None:
        for label, neurons in fired.items():
            self._check(label, neurons)
        labels = self._stage.network.keys.labels
        numbers = [labels.index(label) for label in fired]
        sizes = [len(neurons) for neurons in fired.values()]
        if not any(sizes):
            return
        # all of a tick at once: dividing them up costs as much for one population as for several
        self._stage.router.distribute(
            LiveSpikes(
                received=now,
                ticks=np.full(sum(sizes), self._now),
                populations=np.repeat(np.array(numbers, np.int16), sizes),
                neurons=np.concatenate(list(fired.values())).astype(np.int32),
            )
        )

    def _check(self, label: str, neurons: NDArray[np.int64]) -> None:
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

    def _hear(self, kind: str, value: Any) -> None:
        if kind == "injected":
            injected: Injected = value
            self._heard[injected.label].append(injected.neuron_ids)
            self._spikes_out += len(injected.neuron_ids)
