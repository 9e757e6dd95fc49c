"""The private names of sPyNNaker that we use are all there, and a lost one is named."""

from __future__ import annotations

import pytest

from spinnlive.errors import ToolchainError
from spinnlive.toolchain import private


def test_every_name_is_there() -> None:
    assert private.self_test() == []
    private.check()


def test_a_lost_name_is_named_with_its_purpose_and_the_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = ("spinn_utilities.progress_bar:ProgressBar", "_never_was", "progress")
    monkeypatch.setattr(private, "NAMES", (*private.NAMES, gone))
    with pytest.raises(ToolchainError) as caught:
        private.check()
    message = str(caught.value)
    assert "spinn_utilities.progress_bar.ProgressBar._never_was (for progress)" in message
    assert private.WRITTEN_FOR in message


def test_a_lost_module_is_a_lost_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "NAMES", (("spynnaker.no_such_module", "x", "nothing"),))
    assert private.self_test() == ["spynnaker.no_such_module.x (for nothing)"]
