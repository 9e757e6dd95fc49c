"""A script whose network is served while it runs: `sim.run()` becomes a live run with a server around
it.

The script keeps the main thread. Its first ``run`` opens the live run in a thread of its own, where
the event loop stays until the script ends its network; a script that runs nothing is run until
Ctrl-C.
"""

from __future__ import annotations

import sys
import threading
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from urllib.parse import quote

import trio

from spinnlive import pynn07
from spinnlive.errors import RunStateError
from spinnlive.gateway.server import Gateway, serve
from spinnlive.live.open import open_live
from spinnlive.live.run import LiveRun
from spinnlive.pynn07.install import TODAY
from spinnlive.script.board import ScriptBoard
from spinnlive.script.run import Options, execute
from spinnlive.toolchain import defaults, session, timing
from spinnlive.toolchain.hook import after_import

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve: what `spinnlive.serve` takes; ``stepped``: time goes on only by clients' steps;
    ``browser``: open the page; ``secret``: the token that it needs, if any."""

    settings: dict[str, Any]
    stepped: bool = False
    browser: bool = False
    secret: str | None = None


def serve_script(options: Options, serving: ServeOptions, say: Say) -> int:
    """Run a script with its network served; give its exit code.

    ``say`` is told where the server listens. Raises UsageError for settings that cannot be, and
    KeyboardInterrupt; what else the script raises is printed, as Python prints it.
    """
    if options.time_scale_factor is not None:
        timing.force_time_scale_factor(options.time_scale_factor)
    if options.verbose:
        defaults.be_verbose()
    pynn07.install()
    served = ServedNetwork(serving, say)
    after_import(TODAY, served.take_over)
    session.before_end(served.close)
    with ExitStack() as stack:
        ScriptBoard(stack, options.board, options.chips)
        stack.callback(served.close)
        code = execute(options.script, options.arguments)
        if code == 0 and not served.ran and served.sim is not None:
            with suppress(KeyboardInterrupt):  # how such a run is meant to end
                served.run(None)
        served.close()
        session.finish()
    return code


class ServedNetwork:
    """The network of a script, opened at its first run. Called from the script's thread alone."""

    def __init__(self, serving: ServeOptions, say: Say) -> None:
        self.sim: ModuleType | None = None
        self.ran = False
        self._serving = serving
        self._say = say
        self._thread: threading.Thread | None = None
        self._opened = threading.Event()
        self._error: BaseException | None = None
        self._live: LiveRun | None = None
        self._token: trio.lowlevel.TrioToken | None = None
        self._over: trio.Event | None = None

    def take_over(self, genuine: ModuleType) -> None:
        """Put our ``run`` and ``run_forever`` in the place of the module's that scripts see."""
        self.sim = genuine
        module = sys.modules[TODAY]
        devices = ModuleType(genuine.external_devices.__name__)
        devices.__dict__.update(vars(genuine.external_devices))
        devices.__dict__["run_forever"] = lambda sync_time=0: self.run(None)
        module.__dict__["external_devices"] = devices
        module.__dict__["run"] = lambda simtime=None, callbacks=None: self.run(simtime)

    def run(self, duration_ms: float | None) -> None:
        """Let the network run for this biological time (ms), or until Ctrl-C, served.

        Raises what opening, serving and running raise.
        """
        self.ran = True
        if self._thread is None:
            self._open()
        if self._live is None or self._token is None:
            raise RunStateError("the network has been ended: call setup() and define it anew")
        try:
            trio.from_thread.run(self._run, duration_ms, trio_token=self._token)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the live run and its server; does nothing without one."""
        thread, self._thread = self._thread, None
        if thread is not None:
            if self._token is not None and self._over is not None:
                self._token.run_sync_soon(self._over.set)
            thread.join()
        self._live = self._token = None
        self._opened.clear()

    def _open(self) -> None:
        self._thread = threading.Thread(target=self._hold, name="spinnlive serve", daemon=True)
        self._thread.start()
        self._opened.wait()
        if self._error is not None:
            error, self._error = self._error, None
            self._thread.join()
            self._thread = None
            raise error

    def _hold(self) -> None:
        try:
            trio.run(self._serve)
        except BaseException as error:
            if not self._opened.is_set():
                self._error = error
        finally:
            self._opened.set()

    async def _serve(self) -> None:
        self._over = trio.Event()
        assert self.sim is not None
        async with (
            open_live(self.sim, progress=sys.stderr.isatty()) as live,
            serve(live, **self._serving.settings) as gateway,
        ):
            self._live, self._token = live, trio.lowlevel.current_trio_token()
            page = _page(gateway, self._serving.secret)
            self._say(_welcome(gateway, live, self._serving.stepped, page))
            if self._serving.browser:
                # may start a program and wait for it
                await trio.to_thread.run_sync(webbrowser.open, page, abandon_on_cancel=True)
            self._opened.set()
            await self._over.wait()

    async def _run(self, duration_ms: float | None) -> None:
        assert self._live is not None and self._over is not None
        live, over = self._live, self._over
        async with trio.open_nursery() as nursery:

            async def until_over() -> None:
                await over.wait()
                nursery.cancel_scope.cancel()

            nursery.start_soon(until_over)
            if not self._serving.stepped:
                await live.run(duration_ms)
            elif duration_ms is None:
                await trio.sleep_forever()
            else:
                await live.clock.wait_until(
                    live.clock.tick + round(duration_ms / live.clock.timestep_ms)
                )
            nursery.cancel_scope.cancel()


def _page(gateway: Gateway, secret: str | None) -> str:
    """Give the address for a browser; a token stays behind the #, which browsers send nowhere."""
    address = gateway.url.replace("tcp:", "http:", 1) + "/"
    return address if secret is None else f"{address}#{quote(secret)}"


def _welcome(gateway: Gateway, live: LiveRun, stepped: bool, page: str) -> str:
    having = [each.label for each in live.populations if each.live]
    web = gateway.url.replace("tcp:", "ws:", 1)
    lines = [
        f"serving {gateway.url} and {web}; in a browser: {page}",
        f"live spikes of: {', '.join(having) or 'no population (activate_live_output_for)'}",
        "time goes on only when a client steps it" if stepped else "Ctrl-C ends it",
    ]
    return "\n".join(lines)
