"""The README's quick start is a program, and does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import trio

README = Path(__file__).parent.parent / "README.md"


@pytest.mark.board
async def test_the_quick_start_prints_the_spikes_that_it_caused(tmp_path: Path) -> None:
    code = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)[0]
    (tmp_path / "quick_start.py").write_text(code)
    home = tmp_path / "home"
    home.mkdir()
    result = await trio.run_process(
        [sys.executable, "quick_start.py"],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(home), "MPLCONFIGDIR": str(tmp_path / "matplotlib")},
        capture_stdout=True,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = result.stdout.decode()
    assert result.returncode == 0, said[-3000:]
    assert re.fullmatch(r"\d+\.0 \[0 3\]\n", said), said
    assert list(home.iterdir()) == []
