"""Seeds for the fuzz targets from the golden vectors: datagrams as the official software sends them."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

VECTORS = Path(__file__).parents[2] / "protocols" / "vectors"

RUN_ON = 7
"""How long the board runs on after a datagram, in units of fuzz_datagram.c (20 us)."""


def golden_seeds(target: str) -> Iterator[tuple[str, bytes]]:
    """Name and contents of each seed for a target."""
    for name in ("scp", "eieio"):
        file = VECTORS / f"{name}.json"
        for vector in json.loads(file.read_text(encoding="utf-8"))["vectors"]:
            if "hex" not in vector:
                continue
            content = bytes.fromhex(vector["hex"])
            is_boot = "boot" in vector["kind"]
            if target == "boot" and is_boot:
                yield vector["name"], struct.pack("<H", len(content)) + content
            elif target == "datagram" and not is_boot:
                yield vector["name"], bytes([RUN_ON, 0]) + content
