"""Read the SQLite file in which the tool chain describes a loaded network to its live clients.

Source of the schema: SpiNNFrontEndCommon ``utilities/database/db.sql``. It is the official
interface; no class of sPyNNaker is needed to read it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinnlive.boards.proxy_job import ProxyJob
from spinnlive.errors import ToolchainError
from spinnlive.live.keys import KeyTable
from spinnlive.toolchain.gatherers import LABEL as OUR_GATHERER
from spinnlive.toolchain.heartbeat import is_heartbeat

COLOURS = 16
"""How many keys a neuron has that differ in their colour alone: sPyNNaker's default is 4 bits."""


@dataclass(frozen=True, slots=True)
class Core:
    """A core of the network: chip ``x, y``, core ``p``, what the tool chain calls it, and its
    population if any."""

    x: int
    y: int
    p: int
    name: str
    population: str | None


@dataclass(frozen=True, slots=True)
class LiveTag:
    """The IP tag over which a gatherer, core ``p`` of Ethernet chip ``x, y``, sends live spikes.

    ``heartbeat``: whether it gets a spike in every tick.
    """

    board: str
    tag: int
    x: int
    y: int
    p: int
    heartbeat: bool


@dataclass(frozen=True, slots=True)
class SourceCore:
    """The part of a population on one core, by the ids of its neurons: ``first`` to ``last``.

    A bare id that is injected counts from ``first``.
    """

    x: int
    y: int
    p: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class NetworkMap:
    """The loaded network as live input and output need it.

    ``ethernet`` gives the address of the board that chip ``x, y`` is reached through;
    ``ethernet_chips`` are the chips that have an Ethernet. With a ``proxy`` the boards are reached
    through that alone. ``sources`` has the cores of every population whose keys the file lists, in
    the order of their ids. ``live`` are the populations with live output, `HEARTBEAT` not among
    them.
    """

    ethernet: dict[tuple[int, int], str]
    root: str
    app_id: int
    timestep_us: int
    time_scale_factor: int
    tags: tuple[LiveTag, ...]
    live: frozenset[str]
    keys: KeyTable
    sources: dict[str, tuple[SourceCore, ...]]
    cores: tuple[Core, ...]
    ethernet_chips: tuple[tuple[int, int], ...] = ((0, 0),)
    proxy: ProxyJob | None = None


def read_database(path: Path) -> NetworkMap:
    """Read the file. Raises `ToolchainError` when it cannot be read or lacks what it must have."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as file:
            return _read(file)
    except sqlite3.Error as error:
        raise ToolchainError(f"the network's database {path} cannot be read: {error}") from error


def _read(file: sqlite3.Connection) -> NetworkMap:
    reached = file.execute(
        "SELECT x, y, eth_x, eth_y, eth_ip_address FROM chip_eth_info"
    ).fetchall()
    ethernet = {(x, y): address for x, y, _, _, address in reached if address}
    if (0, 0) not in ethernet:
        raise ToolchainError("the network's database names no address for chip 0, 0")
    outputs = file.execute(
        """
        SELECT DISTINCT view.board_address, view.tag, view.chip_x, view.chip_y, place.chip_p,
            view.pre_vertex_label, view.post_vertex_label
        FROM app_output_tag_view AS view
            JOIN IP_tags AS tags
                ON tags.board_address = view.board_address AND tags.tag = view.tag
            JOIN Placements AS place ON place.vertex_id = tags.vertex_id
        WHERE view.strip_sdp
        """
    ).fetchall()
    ours = [row[:6] for row in outputs if str(row[6]).startswith(OUR_GATHERER)]
    outputs = ours or [row[:6] for row in outputs]  # the others' tags are the official clients'
    mapping = np.array(
        file.execute("SELECT event_id, vertex_id, atom_id FROM event_to_atom_mapping").fetchall(),
        dtype=np.int64,
    ).reshape(-1, 3)
    placed = _placed(file)
    return NetworkMap(
        ethernet=ethernet,
        root=ethernet[0, 0],
        app_id=_number(file, "app_id"),
        timestep_us=_number(file, "machine_time_step"),
        time_scale_factor=_number(file, "time_scale_factor"),
        tags=_tags(outputs),
        live=frozenset(row[5] for row in outputs if not is_heartbeat(row[5])),
        keys=_key_table(mapping, placed),
        sources=_sources(mapping, placed),
        cores=tuple(placed.values()),
        ethernet_chips=tuple(sorted({(x, y) for _, _, x, y, address in reached if address})),
        proxy=_proxy(file),
    )


def _proxy(file: sqlite3.Connection) -> ProxyJob | None:
    """Give the spalloc job whose proxy the boards are reached through, if there is one."""
    kinds: dict[str, dict[str, str]] = {"SPALLOC": {}, "COOKIE": {}, "HEADER": {}}
    for kind, name, value in file.execute("SELECT kind, name, value FROM proxy_configuration"):
        kinds.setdefault(kind, {})[name] = value
    job = kinds["SPALLOC"]
    if not job:
        return None
    if not {"service uri", "job uri"} <= job.keys():
        raise ToolchainError("the network's database names a proxy, but not its spalloc job")
    return ProxyJob(job["service uri"], job["job uri"], kinds["COOKIE"], kinds["HEADER"])


def _tags(outputs: list[tuple[str, int, int, int, int, str]]) -> tuple[LiveTag, ...]:
    """Give each gatherer's tag once; those that only the heartbeat uses carry nothing for us."""
    sources: dict[tuple[str, int, int, int, int], list[str]] = {}
    for board, tag, x, y, p, label in outputs:
        sources.setdefault((board, tag, x, y, p), []).append(label)
    return tuple(
        LiveTag(*gatherer, heartbeat=any(map(is_heartbeat, labels)))
        for gatherer, labels in sorted(sources.items())
        if not all(map(is_heartbeat, labels))
    )


def _number(file: sqlite3.Connection, name: str) -> int:
    row = file.execute(
        "SELECT value FROM configuration_parameters WHERE parameter_id = ?", (name,)
    ).fetchone()
    if row is None:
        raise ToolchainError(f"the network's database lacks the parameter {name}")
    return int(row[0])


def _placed(file: sqlite3.Connection) -> dict[int, Core]:
    """Give every core of the network by the number of its machine vertex."""
    rows = file.execute(
        """
        SELECT machine.vertex_id, place.chip_x, place.chip_y, place.chip_p,
            machine.label, app.vertex_label
        FROM Machine_vertices AS machine
            JOIN Placements AS place ON place.vertex_id = machine.vertex_id
            LEFT JOIN graph_mapper_vertex AS mapper ON mapper.machine_vertex_id = machine.vertex_id
            LEFT JOIN Application_vertices AS app ON app.vertex_id = mapper.application_vertex_id
        """
    )
    return {
        vertex: Core(x, y, p, name or "", population) for vertex, x, y, p, name, population in rows
    }


def _key_table(mapping: NDArray[np.int64], placed: dict[int, Core]) -> KeyTable:
    labels = sorted({core.population for core in placed.values() if core.population is not None})
    number = {label: index for index, label in enumerate(labels)}
    of_vertex = {
        vertex: number[core.population]
        for vertex, core in placed.items()
        if core.population is not None
    }
    known = np.array([vertex in of_vertex for vertex in mapping[:, 1].tolist()], dtype=bool)
    mapping = _with_colours(mapping[known], placed)
    populations = np.array([of_vertex[vertex] for vertex in mapping[:, 1].tolist()], np.int64)
    return KeyTable.build(tuple(labels), mapping[:, 0], populations, mapping[:, 2])


def _with_colours(mapping: NDArray[np.int64], placed: dict[int, Core]) -> NDArray[np.int64]:
    """Add the keys that a heartbeat has where its gatherer does not take off the colour, the low
    bits in which neurons put their tick: gatherers of populations without colour do not."""
    taken = set(mapping[:, 0].tolist())
    more = [
        (key + colour, vertex, atom)
        for key, vertex, atom in mapping.tolist()
        if is_heartbeat(placed[vertex].population or "")
        for colour in range(1, COLOURS)
        if key + colour not in taken
    ]
    return np.concatenate([mapping, np.array(more, np.int64).reshape(-1, 3)])


def _sources(
    mapping: NDArray[np.int64], placed: dict[int, Core]
) -> dict[str, tuple[SourceCore, ...]]:
    sources: dict[str, list[SourceCore]] = {}
    for vertex in np.unique(mapping[:, 1]).tolist():
        core = placed.get(vertex)
        if core is None or core.population is None:
            continue
        atoms = mapping[mapping[:, 1] == vertex, 2]
        part = SourceCore(core.x, core.y, core.p, int(atoms.min()), int(atoms.max()))
        sources.setdefault(core.population, []).append(part)
    return {
        label: tuple(sorted(parts, key=lambda part: part.first)) for label, parts in sources.items()
    }
