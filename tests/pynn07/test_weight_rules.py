"""A_plus and A_minus on the weight rule, as fractions; no board."""

from __future__ import annotations

from typing import Any

import pytest

from spinnlive.errors import UsageError
from spinnlive.pynn07.genuine import sim
from spinnlive.pynn07.plasticity import (
    AdditiveWeightDependence,
    MultiplicativeWeightDependence,
    SynapseDynamics,
    synapse_type,
)


def amplitudes(rule: Any) -> tuple[float, float]:
    """What sPyNNaker has of a rule once it was joined with a timing rule of 0.01 and 0.02."""
    rule.set_a_plus_a_minus(0.01, 0.02)
    return rule.A_plus, rule.A_minus


def test_a_fraction_of_w_max_is_what_the_weight_changes_by() -> None:
    rule = AdditiveWeightDependence(w_min=0.0, w_max=5.0, A_plus=0.5, A_minus=0.25)
    assert amplitudes(rule) == (2.5, 1.25)
    assert (rule.w_min, rule.w_max) == (0.0, 5.0)
    assert isinstance(rule, sim.AdditiveWeightDependence)
    assert amplitudes(AdditiveWeightDependence(w_max=5.0, A_plus=0.5)) == (2.5, 0.05)


def test_a_fraction_of_the_way_is_a_fraction_for_spynnaker_too() -> None:
    rule = MultiplicativeWeightDependence(w_max=5.0, A_plus=0.5, A_minus=0.25)
    assert amplitudes(rule) == (0.5, 0.25)
    assert isinstance(rule, sim.MultiplicativeWeightDependence)


def test_todays_rules_take_the_timing_rules() -> None:
    for rule in (AdditiveWeightDependence(w_max=5.0), MultiplicativeWeightDependence(0.0, 5.0)):
        assert amplitudes(rule) == (0.01, 0.02)


def test_only_an_stdp_mechanism_is_slow() -> None:
    with pytest.raises(UsageError, match="takes an STDPMechanism, not 'stdp'"):
        synapse_type(SynapseDynamics(slow="stdp"), 1.0, 1.0)
