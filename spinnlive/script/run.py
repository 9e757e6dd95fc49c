"""A script from its board to its exit code."""

from __future__ import annotations

import runpy
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType

from spinnlive import pynn07
from spinnlive.boards.emulated import BoardStatus
from spinnlive.errors import SpinnliveError
from spinnlive.script import figures, progress, recorded, report
from spinnlive.script.board import ScriptBoard
from spinnlive.toolchain import defaults, limits, overruns, session, timing
from spinnlive.toolchain.hook import after_import
from spinnlive.toolchain.pace import RunMeter
from spinnlive.toolchain.progress import redirect

EXIT_EXCEPTION = 1
"""As Python ends a program with an uncaught exception."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run a script; see ``spinnlive run --help``."""

    script: Path
    arguments: tuple[str, ...] = ()
    board: str | None = None
    chips: int = 4
    time_scale_factor: int | None = None
    verbose: bool = False
    plot: str | None = None
    record: Path | None = None


@dataclass(slots=True)
class _Speed:
    """The emulated board's clock against ours, while runs last (both in s)."""

    board: ScriptBoard
    emulated_s: float = 0.0
    wall_s: float = 0.0
    _since: tuple[BoardStatus, float] | None = field(default=None, init=False)

    def begin(self) -> None:
        status = self.board.status()
        self._since = None if status is None else (status, time.monotonic())

    def finish(self) -> None:
        status = self.board.status()
        if status is not None and self._since is not None:
            before, start = self._since
            self.emulated_s += status.emulated_s - before.emulated_s
            self.wall_s += time.monotonic() - start

    def value(self) -> float | None:
        return min(1.0, self.emulated_s / self.wall_s) if self.wall_s else None


def run_script(options: Options) -> int:
    """Run a script as its author would, with a board under it; give its exit code.

    Raises UsageError for options that cannot be, and KeyboardInterrupt; what else the script raises
    is printed, as Python prints it.
    """
    if options.record is not None:
        recorded.check(options.record)
    album = figures.arrange(options.plot, options.script.stem)
    if options.time_scale_factor is not None:
        timing.force_time_scale_factor(options.time_scale_factor)
    if options.verbose:
        defaults.be_verbose()
    started = time.monotonic()
    with ExitStack() as stack:
        board = ScriptBoard(stack, options.board, options.chips)
        meter, speed = RunMeter(), _Speed(board)
        _watch(meter, speed, options.verbose)
        if options.record is not None:
            session.before_end(partial(recorded.save, options.record))
        late: list[overruns.Overruns] = []
        overruns.ask_for()
        session.before_end(lambda: late.append(overruns.count()))
        pynn07.install()
        code = _execute(options.script, options.arguments)
        session.finish()
        if meter.runs:
            outcome = report.Outcome(
                biological_ms=meter.biological_ms,
                wall_s=time.monotonic() - started,
                board_speed=speed.value(),
                asked=timing.asked(),
                used=meter.time_scale_factor,
                emulated=board.emulated,
            )
            _say(report.summary(outcome))
            for warning in filter(None, map(report.overrun, late)):
                _say(warning)
    if album.saved:
        _say("figures: " + ", ".join(str(path) for path in album.saved))
    return code


def _watch(meter: RunMeter, speed: _Speed, verbose: bool) -> None:
    """Measure the runs; show progress instead of sPyNNaker's bars, but with its log leave them."""
    show = progress.wanted() and not verbose

    def finish() -> None:
        speed.finish()
        if show:
            progress.clear()

    def arrange(_: object) -> None:
        meter.watch(progress.run_sink() if show else None, speed.begin, finish)
        if not verbose:
            redirect(progress.work_sink() if show else None)

    after_import("spynnaker.pyNN.spinnaker", arrange)


def _execute(script: Path, arguments: tuple[str, ...]) -> int:
    """Run the file as ``__main__``, its folder first on the path; give the exit code."""
    with _as_main(script, arguments):
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit as request:
            return _exit_code(request)
        except Exception as error:
            _tell(error, script)
            return EXIT_EXCEPTION
    return 0


@contextmanager
def _as_main(script: Path, arguments: tuple[str, ...]) -> Iterator[None]:
    argv, path, hook = sys.argv, list(sys.path), sys.excepthook
    sys.argv = [str(script), *arguments]
    sys.path.insert(0, str(script.resolve().parent))
    try:
        yield
    finally:
        sys.argv, sys.path[:] = argv, path
        sys.excepthook = hook  # sPyNNaker's own would talk to a board that is gone


def _exit_code(request: SystemExit) -> int:
    """What Python makes of ``sys.exit(...)``."""
    if request.code is None:
        return 0
    if isinstance(request.code, int):
        return request.code
    print(request.code, file=sys.stderr)
    return EXIT_EXCEPTION


def _tell(error: Exception, script: Path) -> None:
    """Print what ended the script: our errors in a line, others with the traceback from the script
    on."""
    frames = _from_script(error.__traceback__, script)
    message = str(error) if isinstance(error, SpinnliveError) else limits.explain(error)
    if message is not None and frames is not None:
        _say(f"{script}, line {frames.tb_lineno}: {message}")
    elif message is not None:
        _say(message)
    else:
        traceback.print_exception(type(error), error, frames or error.__traceback__)


def _from_script(frames: TracebackType | None, script: Path) -> TracebackType | None:
    """Give the traceback from the script's own frame on; None when it has none."""
    while frames is not None and frames.tb_frame.f_code.co_filename != str(script):
        frames = frames.tb_next
    return frames


def _say(text: str) -> None:
    print(f"spinnlive: {text}", file=sys.stderr)
