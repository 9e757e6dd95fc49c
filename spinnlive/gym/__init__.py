"""Any Gymnasium environment, closed over a live run: observations in as spikes, spikes out as actions.

* `loop`: `closed_loop`, for trio code; `periods`: how a period passes, stepped or in real time
* `env`: `SpinnLiveEnv`, for code that expects a Gymnasium environment

Knows of a live run only what every user of it does. Needs the extra ``spinnlive[gym]``.
"""

from spinnlive.bridges.extra import need

need("gymnasium", "gym")

from spinnlive.gym.env import SpinnLiveEnv  # noqa: E402
from spinnlive.gym.loop import ClosedLoop, Transition, closed_loop  # noqa: E402

__all__ = ["ClosedLoop", "SpinnLiveEnv", "Transition", "closed_loop"]
