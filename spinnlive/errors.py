"""The errors of spinnlive, in two families, as in h11: *yours* and *theirs*.

``UsageError`` and its children say that the caller asked for something that cannot be: they name the culprit, the
value, the limit it passed and the remedy. ``RemoteError`` and its children say that the other side failed: a board that
does not answer, a core that stopped with a run-time error, a peer that spoke nonsense.

::

    SpinnliveError
    ├── UsageError               yours: change the call
    │   ├── UnknownPopulation    a label or an object that the running network does not have
    │   ├── UnknownProjection    likewise for a projection
    │   ├── NeuronIdError        an id outside 0 .. size - 1
    │   ├── WeightError          a weight out of its bounds, or of a synapse that is not there
    │   ├── NoLiveOutput         spikes asked of a population that sends none to the host
    │   ├── NoInjector           spikes sent to a population that is not a SpikeInjector
    │   ├── NoRateControl        rates set for a population without live rate control
    │   ├── RunStateError        the call does not fit the state of the live run
    │   ├── StreamOverflow       a stream that may drop nothing was not read in time
    │   ├── AddressInUse         somebody else holds the address or port that a board or server was to answer on
    │   └── Forbidden            a server of live runs does not allow it, or its live run cannot do it
    └── RemoteError              theirs: look at the board, the network or the peer
        ├── BoardUnreachable     nothing ever answered at the address
        ├── BoardLost            a board that answered before stopped answering
        ├── BoardFailed          the emulated board's process could not start or ended by itself
        ├── FellBehind           the board or the host did not keep the pace, and a `Stall` says stop
        ├── CoreFailure          a core reported a run-time error or its watchdog fired
        │   └── DeadCore         a core takes no messages any more
        ├── ServerLost           a server of live runs closed the connection, or was never there
        ├── ScpError             the board refused a command (its result code says why)
        ├── BridgeFailed         a bridge to Zenoh or LSL could not be set up
        └── ToolchainError       sPyNNaker could not map, load or run the network
"""

from __future__ import annotations


class SpinnliveError(Exception):
    """Base of every error that spinnlive raises on purpose; never raised itself."""


class UsageError(SpinnliveError):
    """The call cannot be carried out as asked; the message says what to change."""


class UnknownPopulation(UsageError, LookupError):
    """A population was named that the loaded network does not have."""


class UnknownProjection(UsageError, LookupError):
    """A projection was named that the loaded network does not have."""


class NeuronIdError(UsageError, ValueError):
    """A neuron id lies outside ``0 .. size - 1`` of its population."""


class WeightError(UsageError, ValueError):
    """A weight is out of its bounds, or is of a synapse that does not exist."""


class NoLiveOutput(UsageError):
    """Live spikes were asked of a population for which no live output was activated."""


class NoInjector(UsageError):
    """Spikes were to be injected into a population that is not a SpikeInjector."""


class NoRateControl(UsageError):
    """Rates were to be set for a population that has no live rate control."""


class RunStateError(UsageError, RuntimeError):
    """The call does not fit the state of the live run, such as a second ``run`` inside the first."""


class StreamOverflow(UsageError):
    """A stream with policy ``"error"`` was not read in time, and its buffer was full."""


class AddressInUse(UsageError):
    """The address or port on which a board or a server was to answer is taken."""


class Forbidden(UsageError):
    """A server of live runs does not let this client do that, or its live run cannot."""


class RemoteError(SpinnliveError):
    """The board, the network or a peer failed; the message says which and what to look at."""


class BoardUnreachable(RemoteError):
    """Nothing at the address ever answered."""


class BoardLost(RemoteError):
    """A board that had answered before stopped answering."""


class BoardFailed(RemoteError):
    """The process of the emulated board could not be started or ended by itself."""


class FellBehind(RemoteError):
    """The board or the host fell behind the pace by more than the run's `Stall` allows."""


class CoreFailure(RemoteError):
    """A core of the board stopped: a run-time error (RTE), or its watchdog."""


class DeadCore(CoreFailure):
    """A core takes no messages any more, though it has reported nothing and its board answers."""


class ScpError(RemoteError):
    """The board refused a command; the result ``code`` says why, if there is one."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class BridgeFailed(RemoteError):
    """A bridge to another library's network found nobody there, or could not be set up."""


class ToolchainError(RemoteError):
    """sPyNNaker could not map, load or run the network; its own error is the cause."""


class ServerLost(RemoteError):
    """A server of live runs closed the connection, fell silent, or was never there.

    ``code`` is that of its goodbye (``protocols/stream.md``), empty when it said none.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code
