"""End a run of fixed length before its time.

sPyNNaker waits for the end of such a run in one ``sleep`` and offers no way out of it. Ours, put in
its place, waits as long, but can be woken: then it pauses the cores as ``run_forever`` does when
asked to stop, and notes the tick that they reached.
"""

from __future__ import annotations

import threading
import time

from spinnlive.toolchain import private

POLL_S = 0.1
"""How often the board is asked whether the run is over once it should be, as often as sPyNNaker
asks (seconds)."""


class EarlyStop:
    """The wish that the run under way end now. `request` may be called from any thread, the rest in
    the worker."""

    def __init__(self) -> None:
        self._wanted = threading.Event()

    def install(self) -> None:
        """Take the place of sPyNNaker's ``sleep``."""
        private.replace_sleep(self._wait)

    def clear(self) -> None:
        """Forget an earlier request; before each run."""
        self._wanted.clear()

    def request(self) -> None:
        """Ask that the run end."""
        self._wanted.set()

    def _wait(self, seconds: float) -> None:
        """Wait until the run is over or is to end; sPyNNaker guesses the former, in seconds."""
        deadline = time.monotonic() + seconds
        while not self._wanted.wait(max(POLL_S, deadline - time.monotonic())):
            if time.monotonic() >= deadline and not any_core_runs():
                return
        _pause()


def any_core_runs() -> bool:
    """Ask the board whether any core of the network still runs."""
    from spinn_front_end_common.data import FecDataView
    from spinnman.model.enums import CPUState

    board = FecDataView.get_transceiver()
    return bool(board.get_core_state_count(FecDataView.get_app_id(), CPUState.RUNNING))


def _pause() -> None:
    """Pause the cores and let sPyNNaker know how far they came."""
    from spinn_front_end_common.data import FecDataView
    from spinn_front_end_common.utilities.scp import (
        GetCurrentTimeProcess,
        SendPauseProcess,
    )
    from spinnman.model.enums import ExecutableType

    cores = FecDataView.get_cores_for_type(ExecutableType.USES_SIMULATION_INTERFACE)
    selector = FecDataView.get_scamp_connection_selector()
    SendPauseProcess(selector).send_pause(cores, len(cores))
    # a core that has not come to its end yet says the tick that it is in, which it does before it stands
    while any_core_runs():
        time.sleep(POLL_S)
    ticks = GetCurrentTimeProcess(selector).get_latest_runtime(len(cores), cores)
    if ticks is not None:
        private.set_end_of_run(ticks)
