"""The JavaScript and C++ clients, run: against the golden vectors and against a server."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trio
from played_live import PlayedLive

import spinnlive

HERE = Path(__file__).parent
PROTOCOLS = HERE.parents[1] / "protocols"
VECTORS = json.loads((PROTOCOLS / "vectors" / "stream.json").read_text())["vectors"]
REALS = ("weights", "delays_ms", "rates")
NODE = ["node", "--experimental-websocket"]
"""Node has had WebSocket without the flag since version 22, and takes the flag since 20.10."""


@pytest.fixture(scope="module")
def node() -> list[str]:
    if shutil.which("node") is None:
        pytest.skip("node is not installed: the JavaScript client is not tested")
    return NODE


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed: the C++ client is not tested")
    folder = tmp_path_factory.mktemp("clients")
    flags = [
        "-std=c++17",
        "-O1",
        "-g",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fsanitize=address,undefined",
    ]
    for source in (HERE / "clients" / "follow.cpp", HERE / "clients" / "vectors.cpp"):
        subprocess.run(
            [
                "g++",
                *flags,
                f"-I{PROTOCOLS / 'clients' / 'cpp'}",
                source,
                "-o",
                folder / source.stem,
            ],
            check=True,
        )
    return folder


def expected(value: Any, key: str = "") -> Any:
    """A vector's message as a client sees it: binary as the arrays that the protocol says."""
    if isinstance(value, dict):
        if set(value) == {"hex"}:
            dtype = "<f8" if key in REALS else "<u4"
            return {"array": np.frombuffer(bytes.fromhex(value["hex"]), dtype).tolist()}
        return {name: expected(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [expected(each) for each in value]
    return value


def check_vectors(command: list[Any]) -> None:
    lines = "".join(vector["hex"] + "\n" for vector in VECTORS)
    done = subprocess.run(command, input=lines.encode(), capture_output=True, check=True)
    answers = [json.loads(line) for line in done.stdout.decode(errors="replace").splitlines()]
    assert len(answers) == len(VECTORS), done.stderr
    for vector, answer in zip(VECTORS, answers, strict=True):
        if "message" in vector:
            for each in answer:
                assert each == expected(vector["message"]), vector["name"]
        elif vector["name"] in CLIENTS_REFUSE:
            assert "malformed" in answer, vector["name"]


CLIENTS_REFUSE = {
    *("bad_no_map", "bad_no_type", "bad_type_is_number", "bad_empty", "bad_never_used", "bad_cut"),
    *("bad_trailing", "bad_huge_array", "bad_huge_map", "bad_deep", "bad_key_is_number", "bad_ext"),
    "bad_ids_cut",
}
"""What a client must refuse; the others are a server's to check."""


def test_javascript_reads_the_vectors(node: list[str]) -> None:
    check_vectors([*node, HERE / "clients" / "vectors.mjs"])


def test_cpp_reads_the_vectors(compiled: Path) -> None:
    check_vectors([compiled / "vectors"])


async def follow(command: list[str], url: str) -> list[str]:
    """Run a client against a server, playing the board; give what it said."""
    live = PlayedLive()
    said: list[str] = []
    async with (
        trio.open_nursery() as nursery,
        spinnlive.serve(live, port=0, rights=("read", "inject")) as gateway,
    ):
        place = url.format(host=gateway.host, port=gateway.port).split()
        process = await trio.lowlevel.open_process(
            [*command, *place], stdout=subprocess.PIPE, stderr=None
        )
        assert process.stdout is not None
        lines = read_lines(process.stdout, said)
        async for line in lines:
            if line == "ready":
                for ids in ([0, 3], [], [999] * 300):
                    live.fire("reflex", ids)
            elif line == "done":
                live.fire("reflex", range(1000))
                break
        assert live.sent == [("touch", [0, 3])], said

        async def rest() -> None:
            async for _ in lines:
                pass
            await process.wait()

        nursery.start_soon(rest)
    assert process.returncode == 0
    return said


async def read_lines(stream: trio.abc.ReceiveStream, said: list[str]) -> Any:
    held = b""
    while data := await stream.receive_some():
        *lines, held = (held + data).split(b"\n")
        for line in lines:
            said.append(line.decode())
            yield said[-1]


SEEN = [
    "welcome 1 read,inject",
    "network touch,reflex,écho 1000",
    "ready",
    "spikes 1 1 0 3",
    "spikes 2 2",
    "spikes 3 3 " + " ".join(["999"] * 300),
    "true unknown_population",
    "weights 0.5 0.25 nA",
    "clock true",
    "done",
    "ended 1",
]


@pytest.mark.parametrize("scheme", ["tcp", "ws"])
async def test_javascript_follows_a_live_run(node: list[str], scheme: str) -> None:
    program = str(HERE / "clients" / "follow.mjs")
    said = await follow([*node, program], scheme + "://{host}:{port}")
    assert [line.rstrip() for line in said] == SEEN


async def test_cpp_follows_a_live_run(compiled: Path) -> None:
    said = await follow([str(compiled / "follow")], "{host} {port}")
    assert said == SEEN
