"""The live run's output: the network's live spikes, as streams; and what became of them."""

from __future__ import annotations

from functools import partial
from typing import Any

from numpy.typing import ArrayLike

from spinnlive.live import readers
from spinnlive.live.merge import MergedSpikes
from spinnlive.live.report import LiveReport, make_report
from spinnlive.live.run_base import RunBase
from spinnlive.live.spif import spif_output
from spinnlive.live.spikes import SpikeBatch, SpikeStream
from spinnlive.live.streams import BUFFER, Policy
from spinnlive.live.ticks import whole_ticks
from spinnlive.live.waiting import Condition, condition
from spinnlive.live.windows import WindowStream


class RunOutput(RunBase):
    """Live spikes that come out of the network."""

    def spikes(
        self, *populations: Any, policy: Policy = "drop_oldest", buffer: int = BUFFER
    ) -> SpikeStream | MergedSpikes:
        """Give a stream of the populations' live spikes from now on; see `SpikeBatch`.

        Of one population, batches come as they arrive (`SpikeStream`); of several, merged in the
        order of their ticks (`MergedSpikes`). ``buffer`` is in batches, about one for each tick
        with a spike of a population; ``policy`` says what happens when it is full. Every stream
        gets every spike. Raises `UnknownPopulation`; `NoLiveOutput` when
        ``activate_live_output_for`` was not called for one; `UsageError` for a policy or buffer
        that cannot be.
        """
        labels = [self._live(population).label for population in populations]
        return readers.spikes(self._parts.connection, labels, self._policy(policy), buffer)

    def window(
        self, population: Any, ms: float, *, policy: Policy = "drop_oldest", buffer: int = BUFFER
    ) -> WindowStream:
        """Give a stream of spike counts per neuron, one for each window of ``ms`` of biological
        time; see `WindowCounts`.

        ``buffer`` is in windows. Raises as `spikes`, and `UsageError` when ``ms`` is not a whole
        number of ticks.
        """
        facts = self._live(population)
        ticks = whole_ticks("ms", ms, self.clock.timestep_ms)
        return readers.window(
            self._parts.connection, facts.label, facts.size, ticks, self._policy(policy), buffer
        )

    async def wait_for(
        self,
        population: Any,
        *,
        spikes: int | None = None,
        neurons: ArrayLike | None = None,
        when: Condition | None = None,
        within_ms: float | None = None,
    ) -> SpikeBatch | None:
        """Wait until the population has done something; give the batch of spikes that did it.

        What: has fired ``spikes`` more spikes (default 1), counting those of ``neurons`` (default
        all); or ``when(batch)`` says True to one of its batches. None after ``within_ms`` of
        biological time without it, counted from where the network is now; it does not pass while
        the network stands. Cancelling it has no effect on anything else.

        Raises as `spikes`; `NeuronIdError`; `UsageError` for a condition that cannot be;
        `RunStateError`, or what ended the live run, when it ends before.
        """
        facts = self._live(population)
        wanted = condition(facts.label, facts.size, spikes, neurons, when)
        ticks = None
        if within_ms is not None:
            ticks = whole_ticks("within_ms", within_ms, self.clock.timestep_ms)
        return await readers.wait_for(self._parts.connection, facts.label, wanted, ticks)

    async def send_spif(self, population: Any, host: str, port: int, width: int) -> None:
        """Send a population's live spikes as SPIF words to UDP ``host``, ``port``, until the live
        run ends: neuron n as the event at x = n mod width, y = n div width.

        AEStream's ``UDPInput`` and SPIF boards read them. Nobody says whether they arrive. Raises
        what `spikes` raises, and `UsageError` for an address that cannot be.
        """
        await spif_output(self.spikes(population), host, port, width)

    async def report(self) -> LiveReport:
        """Say what became of the live spikes so far: delivered, late, and lost, and where.

        Populations that record their spikes are compared with what the board recorded, since the
        live run began or the network was last reset. Raises `RunStateError` while the network runs
        (`statistics` works then), and when the live run is closed.
        """
        self._course.check_open()
        self._course.check_reportable()
        parts = self._parts
        return await make_report(
            parts.connection,
            parts.scp,
            partial(
                parts.worker.call,
                parts.simulator.recorded_spikes,
                patience_s=self._course.patience_s,
            ),
        )

    @property
    def watermark(self) -> int:
        """All live spikes before this tick have been delivered, but for late ones."""
        return self._parts.connection.watermark.tick
