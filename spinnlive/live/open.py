"""Open a live run: choose the board, load the network, connect everything; take it down again."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    contextmanager,
)
from functools import partial
from pathlib import Path
from types import ModuleType

import trio

from spinnlive import wire
from spinnlive.boards.routes import open_memory, open_routes
from spinnlive.boards.scp import open_scp
from spinnlive.errors import (
    BoardLost,
    BoardUnreachable,
    CoreFailure,
    RunStateError,
    ScpError,
    SpinnliveError,
    ToolchainError,
    UsageError,
)
from spinnlive.live.awake import Awake
from spinnlive.live.board import PROBE_TRIES, Board, choose_board, ethernet_chips
from spinnlive.live.client import Connection, LiveClient
from spinnlive.live.database import Core
from spinnlive.live.intake import Intakes
from spinnlive.live.notifications import LOOPBACK, Notifications
from spinnlive.live.parts import PATIENCE_S, Parts, patience_s
from spinnlive.live.progress import progress_line
from spinnlive.live.run import LiveRun
from spinnlive.live.services import services
from spinnlive.live.sources import BoardSources
from spinnlive.live.stepping import Stepping
from spinnlive.live.watch import Watch
from spinnlive.live.worker import Worker
from spinnlive.toolchain import machine
from spinnlive.toolchain.simulator import Simulator
from spinnlive.toolchain.values import Machine, PopulationFacts

READS_AT_ONCE = 1
"""SCP requests of ours under way while spikes are injected. More of them crowd injected spikes out of
SCAMP's few message buffers: beside bursts of 16 reads, 0 of 4,395 spikes were lost with a window of
1, 5 of 4,398 with 2, 165 of 3,704 with 4 (the root chip of an emulated board, one run each). There
the reads took no longer for it, 11 ms a burst; on a chip without Ethernet 26 in place of 17 ms."""

READS_AT_ONCE_ALONE = 6
"""The same for a network without injectors: SCAMP has 8 transient tags for all clients together, and
drops a ninth request without a word."""

READS_AT_ONCE_STEPPING = 4
"""The same in stepped mode, which takes up to 4 itself."""

_open = False

_instead: Callable[[], AbstractAsyncContextManager[LiveRun]] | None = None
"""What gives `open_live` its live run while there is one, see `instead`."""


@asynccontextmanager
async def open_live(
    sim: ModuleType,
    board: str | Board | None = None,
    *,
    progress: bool = True,
    reports: str | Path | None = None,
    record: str | Path | None = None,
    heartbeat: bool = True,
    prompt: bool | None = None,
    awake: bool | None = None,
) -> AsyncIterator[LiveRun]:
    """Load the network defined with ``sim`` (``import pyNN.spiNNaker as sim``), ready to run.

    When the block is entered the network stands at tick 0 and nothing runs yet; see `LiveRun`. When
    it is left, a run under way is stopped and every stream ends; PyNN's ``get_data()``,
    ``get("weight")`` and ``sim.end()`` then work as after any run.

    ``board``: an address, or anything with ``.address`` and ``.version``; None takes the machine
    that the user's cfg names, or starts an emulated board when it names none; that one lives on
    until this process ends or opens another live run. ``progress``: a line on the terminal while
    the network is mapped and loaded. ``reports``: a folder for sPyNNaker's reports; none are
    written without it. ``record``: a new file for everything that goes in and out, for
    `open_recording`; see docs/recording.md. ``heartbeat``: where the network has live output, add
    neurons that fire in every tick, on a core of their own for each board, so that lost live
    spikes are noticed at once and the watermark moves in every tick; your populations do not see it
    (docs/streams.md). ``prompt``: let these be as many as fill a datagram, which then leaves at once:
    what fires in a tick is here in that tick, not after its end, and a loop through the network takes
    a tick less. None does so where a tick lasts 1 ms of real time or more. ``awake``: keep this
    host's processors out of their sleep while the network runs, so that no spike waits for one to
    wake; costs power (docs/pacing.md). None does so where this user may.

    Raises `RunStateError` when a live run is open already, ``sim.setup()`` was not called, or the
    network has run before; `UsageError` when ``record`` names a file that exists, for a prompt run
    without heartbeat, or when the processors are to be kept ``awake`` and cannot be;
    `BoardUnreachable` when no board answers; `ToolchainError` when sPyNNaker cannot map or load the
    network. A failure of the board while the block lasts (`CoreFailure`, `BoardLost`) comes out of
    it as that one error, though several tasks may have met it; what was received before stays with
    its readers. Cancelling while the network is loaded waits for sPyNNaker, which cannot be
    interrupted there.
    """
    if _instead is not None:
        async with _instead() as replaced:
            yield replaced
        return
    if prompt and not heartbeat:
        raise UsageError("prompt=True needs the heartbeat, whose spikes fill the datagrams")
    kept_awake = Awake(awake)
    async with AsyncExitStack() as stack:
        stack.enter_context(_the_only_one())
        simulator = Simulator(sim)
        recorded = _no_recording if record is None else _recording(Path(record))
        chosen = await choose_board(board)
        if chosen is not None:
            machine.use(chosen)
            await _stop_leftovers(chosen, simulator.app_id)
        # entered before the tasks that read them, so closed after those have ended
        sockets = stack.enter_context(ExitStack())
        background = await stack.enter_async_context(services())
        worker = Worker(background)
        client = LiveClient(background)
        sockets.callback(client.close)
        notifications = await Notifications.listen()
        sockets.callback(notifications.close)
        client.on_start = _look_for_garbage
        background.start_soon(notifications.serve, client.database, client.start, client.stop)
        with progress_line(progress) as sink:
            folder = None if reports is None else Path(reports)
            beats = await ethernet_chips(chosen) if heartbeat else None
            load = partial(
                simulator.load, LOOPBACK, notifications.port, sink, folder, beats, prompt
            )
            populations = await _loaded(worker, load, chosen)
        connection = _connected(client)
        ethernet, link = connection.network.ethernet, connection.link
        scp = await stack.enter_async_context(
            open_routes(ethernet, link=link, window=READS_AT_ONCE)
        )
        watch = Watch(
            scp, connection.clock, connection.network, _clock_core(connection, populations)
        )
        injected = any(population.is_injector for population in populations)

        def window() -> int:
            if injected:
                return READS_AT_ONCE
            return READS_AT_ONCE_STEPPING if stepping.active else READS_AT_ONCE_ALONE

        memory = open_memory(ethernet, window, link=link)
        sockets.callback(memory.close)
        stepping = Stepping(
            simulator,
            worker,
            client,
            connection.clock,
            await stack.enter_async_context(open_routes(ethernet, link=link)),
            background,
            connection.network.app_id,
            quiet=memory.turn,
            delivered=connection.stand,
            patience_s=partial(patience_s, watch),
        )
        intakes = Intakes(connection.network, connection.clock, stepping, link)
        sockets.callback(intakes.close)
        parts = Parts(
            simulator,
            worker,
            populations,
            client,
            connection,
            scp,
            watch,
            intakes,
            background,
            stepping,
            partial(BoardSources, simulator, memory),
            kept_awake,
        )
        live = LiveRun(parts)
        await stack.enter_async_context(recorded(live, parts, background))
        client.on_start, client.on_stop = partial(live.started, awaited=True), live.stopped
        stack.enter_context(_without_long_pauses())
        with one_failure(live):
            try:
                yield live
            finally:
                with trio.CancelScope(shield=True):
                    await live.close()


@contextmanager
def instead(opened: Callable[[], AbstractAsyncContextManager[LiveRun]]) -> Iterator[None]:
    """Let `open_live` give what ``opened()`` gives, whatever it is called with: for a program that
    is to run on a recording as it stands."""
    global _instead
    before = _instead
    _instead = opened
    try:
        yield
    finally:
        _instead = before


Recording = Callable[[LiveRun, Parts, trio.Nursery], AbstractAsyncContextManager[object]]


def _recording(path: Path) -> Recording:
    """Give what records a live run at ``path``, once it is known that it can."""
    from spinnlive.recording import live as recording  # MCAP is imported by those who record

    recording.check_path(path)
    return partial(recording.record_live, path)


def _no_recording(*_: object) -> AbstractAsyncContextManager[object]:
    return contextlib.nullcontext()


def _look_for_garbage() -> None:
    """Do so while the board runs the network for no time at all, and sPyNNaker waits for it: see
    `_without_long_pauses`."""
    gc.collect()


@contextmanager
def _without_long_pauses() -> Iterator[None]:
    """Keep the garbage collector off what exists by now.

    The tool chain leaves so many objects that looking through them all stops this process for
    about 100 ms, in which no spike is read. `_look_for_garbage` has done that a moment ago; here
    it is about what is new since.
    """
    gc.collect(1)
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


async def _loaded(
    worker: Worker,
    load: Callable[[], tuple[PopulationFacts, ...]],
    chosen: Machine | None,
) -> tuple[PopulationFacts, ...]:
    """Load the network in the worker; when a silent board is behind a failure, say so instead."""
    try:
        return await worker.call(load, patience_s=lambda: PATIENCE_S)
    except ToolchainError as error:
        address = machine.configured_address() if chosen is None else chosen.address
        if address is not None:
            await _must_answer(address, error)
        raise


async def _must_answer(address: str, cause: ToolchainError) -> None:
    async with open_scp(address, tries=PROBE_TRIES) as scp:
        try:
            await scp.version()
        except BoardUnreachable as error:
            raise error from cause


async def _stop_leftovers(chosen: Machine, app_id: int) -> None:
    """Stop what a killed script left running under the number that this network will have.

    Its memory would not be free otherwise. On a board that is not booted yet there is nothing to
    stop.
    """
    async with open_scp(chosen.address, tries=1) as scp:
        with contextlib.suppress(BoardUnreachable):
            await scp.call(wire.stop_application_request(app_id))


def _connected(client: LiveClient) -> Connection:
    if client.error is not None:
        raise client.error
    if client.connection is None:
        raise ToolchainError(
            "sPyNNaker loaded the network but did not describe it to its live clients"
        )
    return client.connection


def _clock_core(connection: Connection, populations: tuple[PopulationFacts, ...]) -> Core:
    """Choose the core that is asked for the tick: the first of any population."""
    labels = {population.label for population in populations}
    for core in connection.network.cores:
        if core.population in labels:
            return core
    raise ToolchainError("no population of the network was placed on a core")


@contextmanager
def _the_only_one() -> Iterator[None]:
    """Refuse a second live run beside the first: sPyNNaker has one network in a process."""
    global _open
    if _open:
        raise RunStateError(
            "a live run is open already: sPyNNaker has one network at a time in each process"
        )
    _open = True
    try:
        yield
    finally:
        _open = False


OF_THE_BOARD = (BoardLost, BoardUnreachable, CoreFailure, ScpError)
"""What a board that is gone, or a core of it, makes of whatever is asked of it."""


@contextmanager
def one_failure(live: LiveRun) -> Iterator[None]:
    """Let a failure of the board out by itself, however many tasks met it: a stream that asks the board may do so
    before the run does, each with an error of its own."""
    try:
        yield
    except BaseExceptionGroup as group:
        failure = live.failure
        ours, rest = group.split(
            lambda error: error is failure or isinstance(error, (trio.Cancelled, *OF_THE_BOARD))
        )
        if rest is not None:
            raise
        found = ours.subgroup(OF_THE_BOARD) if ours is not None else None
        if failure is None and found is not None:
            failure = _any_of(found)
        if failure is None:
            raise
        raise failure from failure.__cause__


def _any_of(group: BaseExceptionGroup[SpinnliveError]) -> SpinnliveError:
    first = group.exceptions[0]
    return _any_of(first) if isinstance(first, BaseExceptionGroup) else first
