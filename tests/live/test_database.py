"""The tool chain's database, made here with the tables and views that live clients query."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from spinnlive.errors import ToolchainError
from spinnlive.live.database import Core, LiveTag, SourceCore, read_database

SCHEMA = """
CREATE TABLE configuration_parameters(parameter_id TEXT PRIMARY KEY, value REAL);
CREATE TABLE Application_vertices(vertex_id INTEGER PRIMARY KEY, vertex_label TEXT);
CREATE TABLE Machine_vertices(vertex_id INTEGER PRIMARY KEY, label TEXT);
CREATE TABLE graph_mapper_vertex(application_vertex_id INTEGER, machine_vertex_id INTEGER);
CREATE TABLE Placements(
    vertex_id INTEGER PRIMARY KEY, machine_id INTEGER,
    chip_x INTEGER, chip_y INTEGER, chip_p INTEGER);
CREATE TABLE event_to_atom_mapping(
    vertex_id INTEGER, atom_id INTEGER, event_id INTEGER PRIMARY KEY);
CREATE TABLE app_output_tag_view(
    ip_address TEXT, port INTEGER, strip_sdp BOOLEAN, board_address TEXT, tag INTEGER,
    pre_vertex_label TEXT, post_vertex_label TEXT, chip_x INTEGER, chip_y INTEGER);
CREATE TABLE IP_tags(
    vertex_id INTEGER, tag INTEGER, board_address TEXT, ip_address TEXT, port INTEGER,
    strip_sdp BOOLEAN);
CREATE TABLE chip_eth_info(
    x INTEGER, y INTEGER, eth_x INTEGER, eth_y INTEGER, eth_ip_address TEXT);
CREATE TABLE proxy_configuration(kind TEXT, name TEXT, value TEXT);
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Two populations: "out" on one core with colour bits, "in" on two cores; a gatherer."""
    path = tmp_path / "the.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.executescript(SCHEMA)
        add = file.executemany
        add(
            "INSERT INTO configuration_parameters VALUES (?, ?)",
            [("machine_time_step", 500.0), ("time_scale_factor", 4.0), ("app_id", 17)],
        )
        add("INSERT INTO Application_vertices VALUES (?, ?)", [(1, "out"), (2, "in")])
        add(
            "INSERT INTO Machine_vertices VALUES (?, ?)",
            [(1, "out(0:1)"), (2, "in(2:3)"), (3, "in(0:1)"), (4, "LiveSpikeReceiver_0")],
        )
        add("INSERT INTO graph_mapper_vertex VALUES (?, ?)", [(1, 1), (2, 2), (2, 3)])
        add(
            "INSERT INTO Placements VALUES (?, 0, ?, ?, ?)",
            [(1, 0, 0, 3), (2, 1, 0, 5), (3, 0, 1, 4), (4, 0, 0, 2)],
        )
        add(
            "INSERT INTO event_to_atom_mapping VALUES (?, ?, ?)",
            [(1, 0, 0x100), (1, 1, 0x110), (2, 2, 0x22), (2, 3, 0x23), (3, 0, 0x10), (3, 1, 0x11)],
        )
        add(
            "INSERT INTO app_output_tag_view VALUES ('', 17895, ?, '127.0.0.9', ?, ?, ?, 0, 0)",
            [(True, 7, "out", "LiveSpikeReceiver_0"), (False, 6, "in", "Unstripped")],
        )
        add("INSERT INTO IP_tags VALUES (?, ?, '127.0.0.9', '', 17895, ?)", [(4, 7, True)])
        chips = [(x, y, 0, 0, "127.0.0.9") for x in range(2) for y in range(2)]
        add("INSERT INTO chip_eth_info VALUES (?, ?, ?, ?, ?)", chips)
        file.commit()
    return path


def test_everything_that_live_input_and_output_need(database: Path) -> None:
    network = read_database(database)
    assert network.root == "127.0.0.9"
    assert network.ethernet[1, 1] == "127.0.0.9"
    assert (network.app_id, network.timestep_us, network.time_scale_factor) == (17, 500, 4)
    assert network.tags == (LiveTag("127.0.0.9", 7, 0, 0, 2, heartbeat=False),)
    assert network.live == {"out"}
    assert network.keys.labels == ("in", "out")
    assert network.keys.keys.tolist() == [0x10, 0x11, 0x22, 0x23, 0x100, 0x110]
    assert network.keys.populations.tolist() == [0, 0, 0, 0, 1, 1]
    assert network.keys.neurons.tolist() == [0, 1, 2, 3, 0, 1]
    assert network.sources == {
        "out": (SourceCore(0, 0, 3, 0, 1),),
        "in": (SourceCore(0, 1, 4, 0, 1), SourceCore(1, 0, 5, 2, 3)),
    }
    assert Core(0, 0, 2, "LiveSpikeReceiver_0", None) in network.cores
    assert network.ethernet_chips == ((0, 0),)
    assert network.proxy is None


def fill_proxy(database: Path, *rows: tuple[str, str, str]) -> None:
    with contextlib.closing(sqlite3.connect(database)) as file:
        file.executemany("INSERT INTO proxy_configuration VALUES (?, ?, ?)", rows)
        file.commit()


def test_a_proxied_job_is_named_but_its_secrets_are_not_shown(database: Path) -> None:
    fill_proxy(
        database,
        ("SPALLOC", "service uri", "https://spalloc/"),
        ("SPALLOC", "job uri", "https://spalloc/job/7/"),
        ("COOKIE", "JSESSIONID", "secret cookie"),
        ("HEADER", "X-CSRF-TOKEN", "secret token"),
    )
    job = read_database(database).proxy
    assert job is not None
    assert (job.service_url, job.job_url) == ("https://spalloc/", "https://spalloc/job/7/")
    assert (job.cookies, job.headers) == (
        {"JSESSIONID": "secret cookie"},
        {"X-CSRF-TOKEN": "secret token"},
    )
    assert "secret" not in repr(job)


def test_a_proxy_without_a_job_is_an_error(database: Path) -> None:
    fill_proxy(database, ("SPALLOC", "service uri", "https://spalloc/"))
    with pytest.raises(ToolchainError, match="proxy, but not its spalloc job"):
        read_database(database)


def test_a_missing_parameter_is_named(database: Path) -> None:
    with contextlib.closing(sqlite3.connect(database)) as file:
        file.execute("DELETE FROM configuration_parameters WHERE parameter_id = 'app_id'")
        file.commit()
    with pytest.raises(ToolchainError, match="lacks the parameter app_id"):
        read_database(database)


def test_a_missing_table_is_named(database: Path) -> None:
    with contextlib.closing(sqlite3.connect(database)) as file:
        file.execute("DROP TABLE Placements")
        file.commit()
    with pytest.raises(ToolchainError, match="Placements"):
        read_database(database)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match="nothing-here"):
        read_database(tmp_path / "nothing-here.sqlite3")
