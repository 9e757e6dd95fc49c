"""sPyNNaker's settings, without touching the user's files. `hook` has them installed.

sPyNNaker reads its own defaults, then ``~/.spynnaker.cfg``, then ``./spynnaker.cfg``; without the
second it writes one and raises. `install` makes it read our defaults after its own, so that the
user's files still win over both, and go on without any file of the user's. Databases that sPyNNaker
needs while it runs go to a scratch folder that is removed when the process ends.
"""

from __future__ import annotations

import atexit
import configparser
import functools
import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from spinnlive.toolchain import private, waits

CFG_NAME = "spynnaker.cfg"

HIDDEN_LOCAL = Path(f".{CFG_NAME}")
"""A file of the working directory that sPyNNaker does not read and people expect it to."""

SETTINGS: dict[str, dict[str, str]] = {
    # who names no machine gets one from open_live
    "Machine": {
        "machine_name": "None",
        "version": "None",
        "spalloc_server": "None",
        "spalloc_group": "None",
        "remote_spinnaker_url": "None",
        "virtual_board": "False",
        "width": "None",
        "height": "None",
        "time_scale_factor": "None",
        # µs; what the workshop's slides set, and today's sPyNNaker has no more
        "machine_time_step": "None",
        # their cores cost one core per chip, seconds of start-up and 10 µs interrupts; they pay for
        # big read-backs only
        "enable_advanced_monitor_support": "False",
        "enable_reinjection": "False",
        # seconds of patience with a run that should be over: a slow emulated board is late, not
        # broken
        "post_simulation_overrun_before_error": "86400",
    },
    "Java": {"use_java": "False"},
    "Logging": {"instantiate": "False", "default": "error"},
}
"""Our defaults. Each can be overridden in the user's own cfg."""

LOGGERS = (
    "spynnaker",
    "spinn_front_end_common",
    "pacman",
    "spinnman",
    "spinn_machine",
    "spinn_utilities",
    "spalloc_client",
)
"""The loggers of sPyNNaker and the packages below it; some of their modules name theirs by file."""

VERBOSE = {"instantiate": "True", "default": "info"}
"""The section Logging for who wants sPyNNaker's own log."""

_overrides: dict[tuple[str, str], str] = {}
_when_read: list[Callable[[], None]] = []
_verbose = False


def install(spinnaker: ModuleType) -> None:
    """Make ``sim.setup()`` read our defaults; ``spinnaker`` is ``spynnaker.pyNN.spinnaker``."""
    private.replace_settings(_setup_configs, _read_settings)
    waits.shorten(scratch)
    if not _verbose and not _user_wants_logs():
        _be_quiet()


def override(section: str, option: str, value: str) -> None:
    """Let a setting have this value in every network from now on, whatever the user's files say."""
    _overrides[section, option] = value


def when_read(action: Callable[[], None]) -> None:
    """Call ``action`` whenever ``sim.setup()`` has read the settings, before anything looks at
    them."""
    _when_read.append(action)


def be_verbose() -> None:
    """Leave sPyNNaker its own log, on stderr; to be called before it is imported."""
    global _verbose
    _verbose = True


def user_setting(section: str, option: str) -> str | None:
    """Give a setting of the user's cfg files, however it is spelt (machineName, machine_name); None
    when they have none."""
    from spinn_utilities.configs import CamelCaseConfigParser

    parser = CamelCaseConfigParser()
    for path in user_files():
        parser.read(str(path))
    value = parser.get(section, option) if parser.has_option(section, option) else None
    return None if value is None or value.strip().lower() == "none" else value


def user_files() -> list[Path]:
    """Give the user's cfg files that sPyNNaker would read now, in its order: the later win."""
    import appdirs

    home = [
        Path(folder) / f".{CFG_NAME}"
        for folder in (appdirs.site_config_dir(), appdirs.user_config_dir(), Path.home())
    ]
    return [path for path in [*home, HIDDEN_LOCAL, Path(CFG_NAME)] if path.is_file()]


@functools.cache
def scratch() -> Path:
    """Give the folder for what sPyNNaker writes; it goes when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="spinnlive-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _setup_configs() -> None:
    """Do what sPyNNaker's function of this name does, without its template, and with our defaults
    last.

    The template is what makes sPyNNaker write a file into HOME and raise when there is none.
    """
    import spinn_front_end_common.interface.config_setup as common
    import spynnaker.pyNN
    from pacman.config_setup import add_pacman_cfg
    from spinn_utilities.config_holder import (
        add_default_cfg,
        clear_cfg_files,
        set_cfg_files,
    )
    from spinnman.config_setup import add_spinnman_cfg

    clear_cfg_files(False)
    add_pacman_cfg()
    add_spinnman_cfg()
    add_default_cfg(str(Path(common.__file__).parent / common.BASE_CONFIG_FILE))
    set_cfg_files(CFG_NAME, str(Path(spynnaker.pyNN.__file__).parent / CFG_NAME))
    add_default_cfg(str(_settings_file()))


def _read_settings() -> None:
    """Do what sPyNNaker's function of this name does, then let `HIDDEN_LOCAL` win over HOME's file,
    and `override` over all."""
    from spinn_utilities.config_holder import load_config, set_config

    load_config()
    for section, option, value in _hidden_local():
        set_config(section, option, value)
    for (section, option), value in _overrides.items():
        set_config(section, option, value)
    for action in _when_read:
        action()


def _hidden_local() -> list[tuple[str, str, str]]:
    """Give the settings of `HIDDEN_LOCAL` that the working directory's visible file lacks."""
    from spinn_utilities.configs import CamelCaseConfigParser

    if not HIDDEN_LOCAL.is_file() or HIDDEN_LOCAL.resolve().parent == Path.home().resolve():
        return []
    hidden, visible = CamelCaseConfigParser(), CamelCaseConfigParser()
    hidden.read(str(HIDDEN_LOCAL))
    visible.read(CFG_NAME)
    return [
        (section, option, value)
        for section in hidden.sections()
        for option, value in hidden.items(section)
        if not visible.has_option(section, option)
    ]


@functools.cache
def _settings_file() -> Path:
    """Write `SETTINGS` where sPyNNaker can read them."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_dict(SETTINGS)
    if _verbose:
        parser.read_dict({"Logging": VERBOSE})
    parser.read_dict({"Reports": {"default_report_file_path": str(scratch())}})
    path = scratch() / "spinnlive.cfg"
    with path.open("w", encoding="utf-8") as file:
        parser.write(file)
    return path


def _user_wants_logs() -> bool:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(user_files(), encoding="utf-8")
    except configparser.Error:
        return True  # sPyNNaker will say what is wrong with the file
    return parser.has_section("Logging")


def _be_quiet() -> None:
    """Leave errors only; what goes wrong reaches the user as an exception.

    Also drops sPyNNaker's habit of repeating its log when the process ends.
    """
    from spinn_utilities.log import FormatAdapter

    by_file = [
        name
        for name in logging.root.manager.loggerDict
        if name.endswith(".py") and any(package in Path(name).parts for package in LOGGERS)
    ]
    for name in (*LOGGERS, *by_file):
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.CRITICAL)
    atexit.unregister(FormatAdapter.atexit_handler)
