"""The golden vectors become seeds for the targets that parse datagrams, and for no other."""

from __future__ import annotations

import pytest
from fuzz_seeds import golden_seeds


@pytest.mark.parametrize(("target", "header"), [("datagram", b"\7\0"), ("boot", None)])
def test_golden_vectors_are_seeds(target: str, header: bytes | None) -> None:
    seeds = dict(golden_seeds(target))
    assert len(seeds) >= 2
    for content in seeds.values():
        if header is not None:
            assert content.startswith(header)
        else:
            assert len(content) == 2 + int.from_bytes(content[:2], "little")


def test_other_targets_have_none() -> None:
    assert not list(golden_seeds("gdb"))
