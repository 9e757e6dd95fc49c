"""What a live run reads of its network on the board, and writes: weights, recordings."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spinnlive.live.recorded import RecordedBlock
from spinnlive.live.run_base import RunBase
from spinnlive.live.setting import WeightsSet
from spinnlive.live.streams import BUFFER, Policy, Stream
from spinnlive.live.ticks import whole_ticks
from spinnlive.live.weights import SnapshotReader, WeightSnapshot


class RunMemory(RunBase):
    """Weights and recorded samples, while the network runs."""

    def weights(
        self,
        projection: Any,
        *,
        every: float,
        pre: ArrayLike | None = None,
        post: ArrayLike | None = None,
        policy: Policy = "block",
        buffer: int = 1,
    ) -> Stream[WeightSnapshot]:
        """Give a stream of the projection's weights, one snapshot every so many ms of biological
        time.

        The first snapshot comes at once, the next ones at whole multiples of ``every`` (ms) on the
        board's clock. ``pre`` and ``post`` are neuron ids: only synapses between these are read.
        With policy ``"block"`` a snapshot is made when it is asked for; others read ahead.

        Raises `UnknownProjection`; `NeuronIdError`; `UsageError` for a projection that has no
        weights on the board, or an ``every`` that is not a whole number of ticks.
        """
        self._course.check_open()
        ticks = whole_ticks("every", every, self.clock.timestep_ms)
        return self._sources.weights(projection, ticks, pre, post, self._policy(policy), buffer)

    async def read_weights(
        self, projection: Any, *, pre: ArrayLike | None = None, post: ArrayLike | None = None
    ) -> WeightSnapshot:
        """Read the projection's weights now. Arguments and errors as for `weights`; also `BoardLost`
        and `ScpError`."""
        self._course.check_open()
        snapshot = await self.weight_reader(projection, pre=pre, post=post).read()
        self._parts.connection.tap.put("weights", snapshot)
        return snapshot

    async def set_weights(
        self,
        projection: Any,
        weights: ArrayLike,
        *,
        pre: ArrayLike | None = None,
        post: ArrayLike | None = None,
    ) -> None:
        """Set weights of a projection, running or standing; delays stay.

        ``weights``, in nA or µS as `WeightSnapshot` gives them: a number for all synapses (between
        ``pre`` and ``post``, if given); an array pre × post, NaN for what is to stay as it is; or a
        list of rows (pre, post, weight). The network obeys from each neuron's next spike on. When
        this returns, what was written has been read back; where a core had written its own weights
        over it, it was written again.

        Raises `WeightError` for a weight out of its bounds (the 16 bits of a synapse, the least and
        most of a plasticity rule) and for a pair without a synapse, before anything is written;
        `UnknownProjection`, `NeuronIdError`, `BoardLost`; `ScpError` when the cores do not leave a
        row alone. A cancelled call may have set a part.
        """
        self._course.check_open()
        label = await self._sources.set_weights(projection, weights, pre, post)
        chosen = [None if ids is None else np.atleast_1d(np.asarray(ids)) for ids in (pre, post)]
        given = np.asarray(weights, np.float64)
        self._parts.connection.tap.put(
            "set_weights", WeightsSet(label, self.clock.tick, given, *chosen)
        )

    def weight_reader(
        self, projection: Any, *, pre: ArrayLike | None = None, post: ArrayLike | None = None
    ) -> SnapshotReader:
        """Give what reads the projection's weights whenever asked: ``await reader.read()``, faster
        from the second time on than `read_weights`. Arguments and errors as for `weights`."""
        self._course.check_open()
        return self._sources.weight_reader(projection, pre, post)

    def recorded(
        self,
        population: Any,
        variable: str,
        *,
        every: float,
        policy: Policy = "block",
        buffer: int = BUFFER,
    ) -> Stream[RecordedBlock]:
        """Give a stream of what the population records of ``variable`` (``"v"``, ``"gsyn_exc"`` ...),
        while it does.

        Each `RecordedBlock` has the samples that are new, every so many ms of biological time, and
        once more whenever the network stops; together they are what ``get_data()`` gives. With
        policy ``"block"`` a block is read when it is asked for. Raises `UnknownPopulation`;
        `UsageError` for a variable that ``population.record()`` was not asked for, or an ``every``
        that is not a whole number of ticks.
        """
        self._course.check_open()
        ticks = whole_ticks("every", every, self.clock.timestep_ms)
        label = self._facts(population).label
        return self._sources.recorded(label, variable, ticks, self._policy(policy), buffer)
