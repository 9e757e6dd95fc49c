"""The names of ``pyNN.spiNNaker`` that know both dialects, or are 0.7's alone."""

from __future__ import annotations

from spinnlive.pynn07 import connectors, functions, plasticity, population, projection

NAMES: dict[str, object] = {
    "Population": population.Population,
    "PopulationView": population.PopulationView,
    "Projection": projection.Projection,
    **{
        cls.__name__: cls
        for cls in (
            connectors.OneToOneConnector,
            connectors.AllToAllConnector,
            connectors.FixedProbabilityConnector,
            connectors.DistanceDependentProbabilityConnector,
            connectors.FixedNumberPreConnector,
            connectors.FixedNumberPostConnector,
            connectors.MultapseConnector,
            connectors.SmallWorldConnector,
            connectors.CSAConnector,
            connectors.FromListConnector,
            connectors.FromFileConnector,
            plasticity.SynapseDynamics,
            plasticity.AdditiveWeightDependence,
            plasticity.MultiplicativeWeightDependence,
        )
    },
    **{
        function.__name__: function
        for function in (
            functions.setup,
            functions.run,
            functions.end,
            functions.get_min_delay,
            functions.get_max_delay,
            functions.create,
            functions.connect,
            functions.initialize,
            functions.record,
            functions.record_v,
            functions.record_gsyn,
            functions.set_number_of_neurons_per_core,
        )
    },
    "set": functions.set_parameters,
}
"""What stands in the module in place of, or beside, today's."""

NOT_BY_STAR = frozenset({"set"})
"""Left out of ``import *``: today's scripts mean Python's own ``set``."""
