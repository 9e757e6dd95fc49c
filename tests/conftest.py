"""What all tests share: the board that they run on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from fonts import fonts
from hypothesis import HealthCheck, settings

from spinnlive.boards.boot_cache import CACHE_VARIABLE

pytest_plugins = ["deadline"]

# a busy machine is slow at drawing examples, which says nothing about what is tested
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

RUN = [sys.executable, "-c", "from spinnlive.cli import main; main()", "run"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--board",
        metavar="ADDRESS",
        help="run the tests marked 'board' on the board at this address, not on an emulated one",
    )


@pytest.fixture(scope="session", autouse=True)
def boot_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Booted machines of these tests are kept in a folder of their own, not in the user's."""
    before = os.environ.get(CACHE_VARIABLE)
    os.environ[CACHE_VARIABLE] = str(tmp_path_factory.mktemp("booted"))
    yield
    if before is None:
        del os.environ[CACHE_VARIABLE]
    else:
        os.environ[CACHE_VARIABLE] = before


@pytest.fixture
async def board(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The address of a board: the one of ``--board``, or an emulated one for this test alone."""
    address = request.config.getoption("--board")
    if address is not None:
        yield address
    else:
        from spinnlive.boards.emulated import EmulatedBoard

        async with EmulatedBoard() as emulated:
            yield emulated.address


@pytest.fixture
def run(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Call with the arguments of ``spinnlive run``: in an empty HOME, with no display; the working
    directory is ``tmp_path/here``."""
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    address = request.config.getoption("--board")
    chosen = [] if address is None else ["--board", address]
    environment = {
        **os.environ,
        "HOME": str(home),
        "MPLCONFIGDIR": fonts(),
    }
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND", "XDG_CONFIG_HOME"):
        environment.pop(name, None)

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*RUN, *chosen, *map(str, arguments)],
            cwd=here,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return call
