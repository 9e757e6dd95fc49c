"""The closed loop: an environment and a live network, period by period.

::

    observation ── sensors: spikes ──▶ network on the board ── motors: counts ──▶ act ──▶ action
         ▲                                                                                  │
         └──────────────────────────────── environment.step ◀───────────────────────────────┘
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import trio
from numpy.typing import ArrayLike

from spinnlive.errors import RunStateError, UsageError
from spinnlive.gym.periods import Counts, Mode, Periods, RealTime, Stepped
from spinnlive.live.injector import Injector
from spinnlive.live.run import LiveRun
from spinnlive.live.services import services
from spinnlive.live.ticks import whole_ticks

Sense = Callable[[Any, float], ArrayLike]
"""From an observation and a time (ms of biological time) to the ids of the neurons that fire in it,
one for each spike; ``RateCode`` or ``PopulationCode`` with ``Even`` or ``Poisson`` make one."""

Act = Callable[[Counts], Any]
"""From the motors' counts (label → spikes of each neuron in the period) to an action."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One period of the loop.

    ``observation`` to ``info`` are what the environment gave, ``action`` what it was given,
    ``counts`` the motor spikes that the action was made of, by label and neuron. The period ended
    at the board's ``tick``.
    """

    observation: Any
    reward: float
    terminated: bool
    truncated: bool
    info: dict[str, Any]
    action: Any
    tick: int
    counts: Counts

    @property
    def over(self) -> bool:
        """Whether the episode is over."""
        return self.terminated or self.truncated


class ClosedLoop:
    """An environment closed over a live run; made by `closed_loop`."""

    def __init__(
        self,
        environment: Any,
        sensors: list[tuple[Injector, Sense]],
        commands: list[tuple[Injector, Sense]],
        act: Act,
        periods: Periods,
        slice_ms: float,
    ) -> None:
        self.environment = environment
        self.steps = 0
        """Steps that the environment has made, over all episodes."""
        self._sensors = sensors
        self._commands = commands
        self._act = act
        self._periods = periods
        self._slice_ms = slice_ms
        self._observation: Any = None
        self._living = False
        self._turn = trio.Lock()

    @property
    def held(self) -> int:
        """Periods in which the environment was held, because the host was late; none if stepped."""
        return self._periods.held

    async def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; give its first observation, and the environment's info.

        The network goes on from the state that it is in. Cancelling it has no effect.
        """
        async with self._turn:
            self._observation, info = self.environment.reset(seed=seed, options=options)
            self._periods.restart()
            self._living = True
        return self._observation, info

    async def step(self, command: Any = None) -> Transition:
        """Let one period pass, then let the environment act on what the motors did in it.

        ``command`` goes to the ``commands`` functions; without it they are not asked. Raises
        `RunStateError` before `reset` and after the end of an episode; what the live run raises;
        what the functions and the environment raise. Cancelling it leaves the environment where it
        is, while the network has had a part of the period.
        """
        async with self._turn:
            if not self._living:
                raise RunStateError("no episode is under way: reset the loop first")

            async def sense() -> None:
                for injector, encode in self._sensors:
                    await _send(injector, encode(self._observation, self._slice_ms))
                if command is not None:
                    for injector, encode in self._commands:
                        await _send(injector, encode(command, self._slice_ms))

            tick, counts = await self._periods.pass_one(sense)
            action = self._act(counts)
            self._observation, reward, ended, cut, info = self.environment.step(action)
            self.steps += 1
            self._living = not (ended or cut)
        return Transition(
            self._observation, float(reward), bool(ended), bool(cut), info, action, tick, counts
        )


@asynccontextmanager
async def closed_loop(
    live: LiveRun,
    environment: Any,
    *,
    sensors: Mapping[Any, Sense],
    motors: Iterable[Any],
    act: Act,
    period_ms: float,
    slice_ms: float | None = None,
    commands: Mapping[Any, Sense] | None = None,
    mode: Mode = "stepped",
    late_ms: float | None = None,
) -> AsyncIterator[ClosedLoop]:
    """Close a Gymnasium environment over a live run, while the block lasts.

    One step of the environment is one period of ``period_ms`` of biological time. The sensors send
    their spikes at the begin of each slice of it (``slice_ms``, by default the whole period); a
    population's spikes of one slice arrive together. ``sensors``: SpikeInjector → function of
    observation and slice (ms) to neuron ids. ``motors``: populations with live output. ``act``:
    from their counts in the period to the action. ``commands``: as sensors, for what `step` is
    given. Populations are named by their PyNN object or their label.

    ``mode`` ``"stepped"``: the network stands while the environment and the host compute, and the
    loop does the same every time; it stays in stepped mode after the block (`LiveRun.step`).
    ``"real time"``: the network runs on (the block runs it, unless it runs already; while somebody
    else's run is over, a step waits), and the environment lives by the board's ticks. When the host
    is late by more than ``late_ms`` of biological time (half a period by default) the environment
    is held until the sensors have told the network of it for a whole period; `ClosedLoop.held`
    counts the periods. Functions and environment are called in the trio thread: what takes longer
    than a slice holds the loop.

    Raises `UsageError` for times that are not whole ticks or slices that do not divide the period,
    and for a mode that there is not; `UnknownPopulation`, `NoInjector`, `NoLiveOutput`.

    ::

        async with closed_loop(
            live, gymnasium.make("CartPole-v1"),
            sensors={senses: encode}, motors=[left, right], act=vote, period_ms=20.0,
        ) as loop:
            await loop.reset(seed=1)
            while not (await loop.step()).over:
                pass
    """
    if mode not in get_args(Mode):
        raise UsageError(f"mode is {mode!r}; it must be one of {', '.join(get_args(Mode))}")
    timestep_ms = live.clock.timestep_ms
    period = whole_ticks("period_ms", period_ms, timestep_ms)
    part = whole_ticks("slice_ms", period_ms if slice_ms is None else slice_ms, timestep_ms)
    if period % part:
        raise UsageError(
            f"slice_ms is {slice_ms!r}, which does not divide the period of {period_ms:g} ms"
        )
    late = (period_ms / 2 if late_ms is None else late_ms) / timestep_ms
    if not late > 0:
        raise UsageError(f"late_ms is {late_ms!r}; it is a time in ms, above 0")
    labels = [_label(motor) for motor in motors]
    senses, orders = (
        [(live.injector(population), encode) for population, encode in given.items()]
        for given in (sensors, commands or {})
    )
    async with AsyncExitStack() as stack:
        periods: Periods
        if mode == "stepped":
            periods = stepped = Stepped(live, labels, part, period // part, stack)
            await stepped.begin()
        else:
            periods = RealTime(live, labels, part, period // part, late, stack)
            background = await stack.enter_async_context(services())
            if not live.clock.running:
                background.start_soon(live.run)
        yield ClosedLoop(environment, senses, orders, act, periods, part * timestep_ms)


async def _send(injector: Injector, ids: ArrayLike) -> None:
    if np.size(ids):
        await injector.send(ids)


def _label(population: Any) -> Any:
    """Give the label of a PyNN object; the live run judges what has none."""
    return getattr(population, "label", population)
