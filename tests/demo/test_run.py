"""What the demo refuses before it touches a board."""

import sys
from pathlib import Path

import pytest

from spinnlive.demo import run_demo
from spinnlive.errors import UsageError


@pytest.mark.parametrize("seconds", [0.0, -1.0, 0.001])
async def test_a_demo_shorter_than_a_step_is_refused(seconds: float) -> None:
    with pytest.raises(UsageError, match=str(seconds)):
        await run_demo(seconds=seconds)


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
async def test_a_demo_without_end_is_refused(seconds: float) -> None:
    with pytest.raises(UsageError, match=str(seconds)):
        await run_demo(seconds=seconds)


async def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(UsageError, match="-5"):
        await run_demo(seed=-5)


async def test_a_picture_in_no_folder_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        await run_demo(picture=tmp_path / "missing" / "demo.png")


@pytest.mark.parametrize("package", ["gymnasium", "matplotlib"])
async def test_a_missing_extra_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "spinnlive.demo.figure", raising=False)
    monkeypatch.delattr("spinnlive.demo.figure", raising=False)
    for name in [name for name in sys.modules if name.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(UsageError, match=r"pip install 'spinnlive\[demo\]'"):
        await run_demo(seconds=1.0)
