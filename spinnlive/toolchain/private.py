"""Every private name of sPyNNaker that spinnlive uses, in one place.

`self_test` looks for each of them, without a board, and says which one a new version of sPyNNaker
took away. The tests call it; `open_live` calls it before anything else, so that a wrong version is
one clear error at the start.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from spinnlive.errors import ToolchainError

WRITTEN_FOR = "1!7.4.1"
"""The version of sPyNNaker whose source these names were read in."""

RUNNER = "spinn_front_end_common.interface.interface_functions.application_runner"
SETTINGS_READER = "spinnman.spinnman_simulation"
"""The last of two classes that read the settings anew."""
SYSTEM_LOADER = "spinn_front_end_common.utilities.system_control_logic"
DATABASES = "spinn_front_end_common.utilities.sqlite_db"
SIMULATOR = "spinn_front_end_common.interface.abstract_spinnaker_base:AbstractSpinnakerBase"
_APP_MATRIX = "spynnaker.pyNN.models.neuron.synaptic_matrix_app:SynapticMatrixApp"
_STDP = "spynnaker.pyNN.models.neuron.synapse_dynamics.synapse_dynamics_stdp:SynapseDynamicsSTDP"

NAMES: tuple[tuple[str, str, str], ...] = (
    # module, or module:class; name; what it is needed for
    ("spynnaker.pyNN.spinnaker", "setup_configs", "settings without a cfg file"),
    (SETTINGS_READER, "load_config", "settings above the user's cfg files"),
    ("spinn_utilities.progress_bar:ProgressBar", "_print_distance_indicator", "progress"),
    ("spinn_utilities.progress_bar:ProgressBar", "_print_progress", "progress"),
    ("spinn_utilities.progress_bar:ProgressBar", "_print_progress_done", "progress"),
    ("spinn_utilities.progress_bar:ProgressBar", "_string", "progress"),
    (RUNNER, "sleep", "ending a run before its time"),
    (RUNNER, "SAFETY_FINISH_TIME", "measuring a run"),
    (SYSTEM_LOADER, "time", "loading without needless waits"),
    (SYSTEM_LOADER, "_load_application", "loading without needless waits"),
    (DATABASES, "sqlite3", "loading without needless waits"),
    (SIMULATOR, "_generate_steps", "a run in steps"),
    (
        "spinn_front_end_common.data.fec_data_view:FecDataView",
        "_FecDataView__fec_data",
        "ending a run before its time",
    ),
    (
        "spinn_front_end_common.data.fec_data_view:_FecDataModel",
        "_current_run_timesteps",
        "ending a run before its time",
    ),
    *(
        ("spinn_front_end_common.data.fec_data_view:_FecDataModel", name, "PyNN 0.7's pace")
        for name in (
            "_simulation_time_step_us",
            "_time_scale_factor",
            "_hardware_time_step_us",
            "_hardware_time_step_ms",
        )
    ),
    (
        "spinn_front_end_common.data.fec_data_view:_FecDataModel",
        "_database_socket_addresses",
        "loading without telling other live clients that a run has begun",
    ),
    ("spynnaker.pyNN.models.projection:Projection", "_projection_edge", "weights"),
    ("spynnaker.pyNN.models.projection:Projection", "_synapse_information", "weights"),
    (
        "spynnaker.pyNN.models.neuron.population_machine_synapses:PopulationMachineSynapses",
        "_synaptic_matrices",
        "weights",
    ),
    (
        "spynnaker.pyNN.models.neuron.synaptic_matrices:SynapticMatrices",
        "_SynapticMatrices__matrices",
        "weights",
    ),
    *(
        (_APP_MATRIX, f"_SynapticMatrixApp__{name}", "weights")
        for name in (
            "synaptic_matrix_region",
            "max_row_info",
            "weight_scales",
            "n_synapse_types",
            "max_atoms_per_core",
            "matrix_size",
            "delay_matrix_size",
            "syn_mat_offset",
            "delay_syn_mat_offset",
        )
    ),
    (
        "spynnaker.pyNN.models.neuron.population_machine_common:PopulationMachineCommon",
        "_PopulationMachineCommon__regions",
        "recordings while running",
    ),
    (
        "spynnaker.pyNN.models.populations.population:Population",
        "_vertex",
        "recordings while running",
    ),
    (_STDP, "_n_header_bytes", "weights"),
    (_STDP, "_SynapseDynamicsSTDP__neuromodulation", "weights"),
)


def self_test() -> list[str]:
    """Give the names of `NAMES` that the installed sPyNNaker lacks, each with what it was needed
    for."""
    return [
        f"{place.replace(':', '.')}.{name} (for {purpose})"
        for place, name, purpose in NAMES
        if not hasattr(_resolve(place), name)
    ]


def check() -> None:
    """Raise `ToolchainError` naming every private name that is not there."""
    lost = self_test()
    if lost:
        raise missing(*lost)


def missing(*names: str) -> ToolchainError:
    """Make the error for names that the installed sPyNNaker does not have."""
    try:
        found = importlib.metadata.version("sPyNNaker")
    except importlib.metadata.PackageNotFoundError:
        found = "of unknown version"
    return ToolchainError(
        f"the installed sPyNNaker {found} lacks {', '.join(names)}. spinnlive was written for "
        f"sPyNNaker {WRITTEN_FOR}: pip install 'sPyNNaker=={WRITTEN_FOR}'"
    )


def replace_sleep(wait: Callable[[float], None]) -> None:
    """Make ``wait`` what sPyNNaker calls to wait for the end of a run of fixed length."""
    runner: Any = importlib.import_module(RUNNER)
    runner.sleep = wait


def replace_settling(wait: Callable[[float, int, int], None]) -> None:
    """Make ``wait(seconds, cores, app_id)`` how sPyNNaker waits for so many cores to be ready that
    it has started to prepare a network."""
    loader: Any = importlib.import_module(SYSTEM_LOADER)
    genuine = loader._load_application

    def load(executable_targets: Any, app_id: int) -> None:
        def sleep(seconds: float) -> None:
            wait(seconds, executable_targets.total_processors, app_id)

        loader.time = SimpleNamespace(sleep=sleep)
        try:
            genuine(executable_targets, app_id)
        finally:
            loader.time = time

    loader._load_application = load


def after_connecting(action: Callable[[Any, str], None]) -> None:
    """Call ``action(connection, file)`` whenever sPyNNaker has opened a database to write into it."""
    databases: Any = importlib.import_module(DATABASES)
    genuine = databases.sqlite3

    def connect(database: str, *args: Any, **options: Any) -> Any:
        connection = genuine.connect(database, *args, **options)
        if not options.get("uri"):
            action(connection, database)
        return connection

    databases.sqlite3 = SimpleNamespace(**{**vars(genuine), "connect": connect})


def run_margin_s() -> float:
    """Give how much longer than a run should take sPyNNaker waits for it (seconds)."""
    runner: Any = importlib.import_module(RUNNER)
    return float(runner.SAFETY_FINISH_TIME)


@contextmanager
def replaced_parts(divide: Callable[[int, int], Sequence[int]]) -> Iterator[None]:
    """Divide runs by ``divide(ticks, room for recordings in ticks)`` while the block lasts."""
    simulator = _resolve(SIMULATOR)
    genuine = simulator._generate_steps

    def divided(self: Any, ticks: int) -> Sequence[int]:
        return divide(ticks, int(self._data_writer.get_max_run_time_steps()))

    simulator._generate_steps = divided
    try:
        yield
    finally:
        simulator._generate_steps = genuine


@contextmanager
def patient_start() -> Iterator[None]:
    """Let live clients take as long as they like to confirm that they are ready, while the block
    lasts."""
    from spinn_utilities.config_holder import get_config_str_or_none, set_config

    limit = ("Database", "wait_on_confirmation_timeout")
    usual = get_config_str_or_none(*limit)
    set_config(*limit, "None")
    try:
        yield
    finally:
        set_config(*limit, "None" if usual is None else usual)


def replace_settings(setup: Callable[[], None], read: Callable[[], None]) -> None:
    """Make ``setup`` what ``sim.setup()`` calls to find its settings, and ``read`` what it calls to
    read them."""
    for place, name, function in (
        ("spynnaker.pyNN.spinnaker", "setup_configs", setup),
        (SETTINGS_READER, "load_config", read),
    ):
        module: Any = importlib.import_module(place)
        if not hasattr(module, name):
            raise missing(f"{place}.{name}")
        setattr(module, name, function)


def set_end_of_run(ticks: int) -> None:
    """Make sPyNNaker take ``ticks`` as the end of the run under way, in place of the end that was
    planned."""
    _data()._current_run_timesteps = ticks


def set_time_scale_factor(factor: int) -> None:
    """Make every time step of the network last ``factor`` times as long on the board."""
    data = _data()
    data._time_scale_factor = factor
    data._hardware_time_step_us = data._simulation_time_step_us * factor
    data._hardware_time_step_ms = data._hardware_time_step_us / 1000


def take_listeners() -> list[Any]:
    """Give every address that is told of runs, and tell them no more until they are added again."""
    addresses = _data()._database_socket_addresses
    taken = list(addresses)
    addresses.clear()
    return taken


def progress_bar_class() -> Any:
    """Give the class of sPyNNaker's progress bars."""
    return _resolve("spinn_utilities.progress_bar:ProgressBar")


def edge_of(projection: Any) -> Any:
    """Give the application edge of a projection."""
    return projection._projection_edge


def synapses_of(projection: Any) -> Any:
    """Give the synapse information of a projection."""
    return projection._synapse_information


def matrix_of(machine_vertex: Any, projection: Any) -> Any | None:
    """Give a core's synaptic matrix of a projection; None when it holds none of it."""
    matrices = getattr(machine_vertex, "_synaptic_matrices", None)
    if matrices is None:
        return None
    return matrices._SynapticMatrices__matrices.get(
        (projection._projection_edge, projection._synapse_information)
    )


def matrix_value(matrix: Any, name: str) -> Any:
    """Give an attribute of a synaptic matrix by its name in sPyNNaker's source."""
    return getattr(matrix, f"_SynapticMatrixApp__{name}")


def plastic_header_bytes(dynamics: Any) -> int:
    """Give the bytes before the weights of a plastic row."""
    return int(dynamics._n_header_bytes)


def is_neuromodulated(dynamics: Any) -> bool:
    """Say whether a rule is modulated, which puts its weights elsewhere in the row."""
    return bool(dynamics._SynapseDynamicsSTDP__neuromodulation)


def vertex_of(population: Any) -> Any:
    """Give the application vertex of a population."""
    return population._vertex


def recording_region(machine_vertex: Any) -> int:
    """Give the number of the region in which a core keeps what it records."""
    return int(machine_vertex._PopulationMachineCommon__regions.recording)


def _data() -> Any:
    """Give the object in which sPyNNaker keeps what it knows."""
    from spinn_front_end_common.data.fec_data_view import FecDataView

    view: Any = FecDataView
    return view._FecDataView__fec_data


def _resolve(place: str) -> Any:
    """Give the module or class; None when there is none."""
    module_name, _, attribute = place.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError:
        return None
    return getattr(module, attribute, None) if attribute else module
