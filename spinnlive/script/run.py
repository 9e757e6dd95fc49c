"""A script from its board to its exit code."""

from __future__ import annotations

import runpy
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType

from spinnlive import pynn07
from spinnlive.errors import SpinnliveError
from spinnlive.script import figures, progress, recorded, report
from spinnlive.script.board import ScriptBoard
from spinnlive.script.watch import Watch
from spinnlive.toolchain import defaults, limits, session, timing

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


def run_script(options: Options) -> int:
    """Run a script as its author would, with a board under it; give its exit code.

    Raises UsageError for options that cannot be, and KeyboardInterrupt; what else the script raises
    is printed, as Python prints it.
    """
    if options.record is not None:
        recorded.check(options.record)
        session.before_end(partial(recorded.save, options.record))
    album = figures.arrange(options.plot, options.script.stem)
    if options.time_scale_factor is not None:
        timing.force_time_scale_factor(options.time_scale_factor)
    if options.verbose:
        defaults.be_verbose()
    pynn07.install()
    started = time.monotonic()
    with ExitStack() as stack:
        board = ScriptBoard(stack, options.board, options.chips)
        watch = Watch(board.status)
        watch.begin(show=progress.wanted() and not options.verbose, keep_bars=options.verbose)
        code = execute(options.script, options.arguments)
        with suppress(Exception) if code else nullcontext():  # after a failure there may be no end
            session.finish()
        outcome = watch.outcome(time.monotonic() - started, board.emulated)
    if outcome is not None:
        for line in report.lines(outcome):
            _say(line)
    if album.saved:
        _say("figures: " + ", ".join(str(path) for path in album.saved))
    return code


def execute(script: Path, arguments: tuple[str, ...]) -> int:
    """Run the file as ``__main__``, its folder first on the path; give the exit code."""
    with _as_main(script, arguments):
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit as request:
            if isinstance(request.__context__, KeyboardInterrupt):  # what sPyNNaker makes of Ctrl-C
                raise KeyboardInterrupt from request
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
