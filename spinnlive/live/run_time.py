"""The live run's time: running, stepping, and being told of the board's time and pace."""

from __future__ import annotations

from functools import partial

from spinnlive.errors import UsageError
from spinnlive.live.feed import fed
from spinnlive.live.pace import SHORTEST_TELEMETRY_MS, ClockTick, Pace, Stall, tell_ticks
from spinnlive.live.run_base import RunBase
from spinnlive.live.streams import BUFFER, Policy, Stream
from spinnlive.live.ticks import whole_ticks


class RunTime(RunBase):
    """How the network's time goes on."""

    async def run(
        self,
        duration_ms: float | None = None,
        *,
        stall: Stall | None = None,
        pausable_every: float | None = None,
    ) -> None:
        """Let the network run for exactly this biological time (ms), or until cancelled.

        Time goes on from where it stopped. When this returns the network stands and sPyNNaker
        has read the recordings back. Cancelling stops the network and waits for the same.
        ``stall`` says what to do when the board or the host falls behind, see `Stall`.

        With ``pausable_every`` (ms) the run is one of steps of this length, each begun as soon as
        the one before is over, so that `pause` can have it stand exactly between two of them, and
        cancelling too. That costs a millisecond or two of real time at the end of each; stepped
        mode lasts on as after `step`, whose errors can come as well.

        Raises `UsageError` for a duration that is not a whole number of ticks, or not of
        ``pausable_every``; `RunStateError` when the live run is closed or another ``run`` is under
        way; `CoreFailure` when a core stops with an error, `BoardLost` when the board stops
        answering, `ToolchainError` for what else sPyNNaker cannot do; `FellBehind` if ``stall``
        says so, and what its ``call`` raises: the network is stopped then, and can run again.
        """
        await self._course.run(duration_ms, stall, pausable_every)

    async def pause(self) -> None:
        """Have the run under way stand; return when it does. ``clock.tick`` is where, exactly.

        `run` stays in its call, and all streams stay open. Weights and recordings can be read, rates
        and spikes given: they wait, and are obeyed after `resume`.

        A run that is ``pausable_every`` so many ms stands at the next multiple of that, counted from
        its begin: every core at the same tick, every live spike delivered as `watermark` says, and
        spikes that are injected meanwhile reach the network in the very next tick. Any other run is
        stopped as sPyNNaker stops one: its cores stop one after the other, within some ticks, and all
        go on from the tick of the latest, so what the earlier ones would have done in between is left
        out; recordings are read back, which takes time.

        Cancelling lets the run go on. Raises `RunStateError` when no run is under way, or when it ends
        before it can stand; the failure that ended the live run, if that is why.
        """
        await self._course.pause()

    async def resume(self) -> None:
        """Let a run that was paused go on; return when the board runs, or the run is over.

        Raises `RunStateError` when no run is under way. Without a pause nothing happens.
        """
        await self._course.resume()

    @property
    def paused(self) -> bool:
        """Whether a run is under way and stands."""
        return self._course.pausing.paused

    async def step(self, duration_ms: float) -> None:
        """Let the network run for exactly this biological time (ms), then stand and wait.

        Between steps every core stands: what is injected then reaches the network in the first tick
        of the next step, however long that takes to come. When this returns, all live spikes of the
        step have been given to their streams. So a simulated environment and the network advance in
        lockstep, and the whole loop is reproducible.

        The first step enters stepped mode, which lasts until `run`, `leave_steps` or the end of the
        live run; only after it can spikes be injected. Steps may have any length: multiples of the
        first one's follow each other at once, any other length leaves stepped mode and enters it
        anew, which takes a second or so and one tick more of biological time. Where recordings fill
        the board's memory, sPyNNaker reads them between two steps.

        Cancelling returns at once, and the network ends its step by itself: the next call waits for
        that. Of a step that is a multiple of the one with which stepped mode was entered, that is the
        part under way; the parts after it are not taken.

        Raises `UsageError` for a duration that is not a whole number of ticks; `RunStateError` when
        the live run is closed or `run` is under way; `CoreFailure`, `BoardLost` and `ToolchainError`
        as `run`.
        """
        await self._course.step(duration_ms)

    async def leave_steps(self) -> None:
        """End stepped mode; nothing happens outside of it.

        sPyNNaker reads the recordings back, and `run` goes on from here. In the middle of stepped
        mode the toolchain has no way to end it where the network stands: it goes on for one tick
        more, as `clock` then says.
        """
        await self._course.leave_steps()

    def ticks(
        self, every: float, *, policy: Policy = "latest", buffer: int = BUFFER
    ) -> Stream[ClockTick]:
        """Give a stream that follows the board's time: a `ClockTick` at every whole multiple of
        ``every`` (ms of biological time).

        It comes to about a tenth of a millisecond beside the clock's own uncertainty. What the host
        is too late for is skipped and counted as dropped. Raises `UsageError` for an ``every`` that
        is not a whole number of ticks, and as `spikes` for policy and buffer.
        """
        self._course.check_open()
        ticks = whole_ticks("every", every, self.clock.timestep_ms)
        source = partial(tell_ticks, clock=self.clock, every=ticks)
        return fed(self._parts.background, self._policy(policy), buffer, source)

    def telemetry(
        self, every: float, *, policy: Policy = "latest", buffer: int = BUFFER
    ) -> Stream[Pace]:
        """Give a stream of how board and host keep the pace: a `Pace` every so many ms of *real*
        time, so that it comes as well while the board is behind or stands.

        Each asks the board for its tick. Raises `UsageError` for an ``every`` under 1 ms, and as
        `spikes` for policy and buffer.
        """
        self._course.check_open()
        if not every >= SHORTEST_TELEMETRY_MS:
            raise UsageError(
                f"every is {every!r} ms; telemetry comes every {SHORTEST_TELEMETRY_MS:g} ms or less "
                "often, as each reading asks the board"
            )
        return self._sources.telemetry(every / 1000, self._policy(policy), buffer)
