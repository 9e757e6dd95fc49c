"""Plasticity as PyNN 0.7 spells it: A_plus and A_minus on the weight rule, SynapseDynamics.

In 0.7 both are fractions: of w_max in the additive rule, of the way that is left to w_max or w_min
in the multiplicative one. Today's sPyNNaker takes them on the timing rule and, in the additive
rule, as absolute changes of the weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spinnlive.errors import UsageError
from spinnlive.pynn07.genuine import sim

DEFAULT_FRACTION = 0.01
"""0.7's A_plus and A_minus where none is given."""

BACKPROP_DELAY = True
"""sPyNNaker's default: a post-synaptic spike reaches the synapse after the synapse's delay. Neither
value makes today's rule that of 2016; docs/stdp-2016.md says why."""


class _Fractions:
    """The mix-in in front of today's weight rule: what 0.7 was given there, and how it counts."""

    def __init__(
        self,
        w_min: float = 0.0,
        w_max: float = 1.0,
        A_plus: float | None = None,  # noqa: N803
        A_minus: float | None = None,  # noqa: N803
    ) -> None:
        super().__init__(w_min=w_min, w_max=w_max)  # type: ignore[call-arg]
        self.fractions: tuple[float, float] | None = None
        if A_plus is not None or A_minus is not None:
            self.fractions = (_or_default(A_plus), _or_default(A_minus))

    def unit(self) -> float:
        """Give the change of the weight that a fraction of 1 stands for in sPyNNaker's terms."""
        return 1.0

    def set_a_plus_a_minus(self, a_plus: float, a_minus: float) -> None:
        """Take the timing rule's values, unless this rule was given its own, as in 0.7."""
        if self.fractions is not None:
            a_plus, a_minus = (each * self.unit() for each in self.fractions)
        super().set_a_plus_a_minus(a_plus, a_minus)  # type: ignore[misc]


class AdditiveWeightDependence(_Fractions, sim.AdditiveWeightDependence):
    """Changes by a fixed amount, clipped to [w_min, w_max].

    0.7: ``(w_min=0.0, w_max=1.0, A_plus=0.01, A_minus=0.01)``, in fractions of w_max. Today:
    ``(w_min=0.0, w_max=1.0)``.
    """

    def unit(self) -> float:
        """A fraction is one of w_max."""
        rule: Any = self
        return float(rule.w_max)


class MultiplicativeWeightDependence(_Fractions, sim.MultiplicativeWeightDependence):
    """Changes by a fraction of the way that is left to w_max or to w_min.

    0.7: ``(w_min=0.0, w_max=1.0, A_plus=0.01, A_minus=0.01)``. Today: ``(w_min=0.0, w_max=1.0)``.
    """


@dataclass(frozen=True, slots=True)
class SynapseDynamics:
    """How a synapse changes: ``slow`` is an STDPMechanism. sPyNNaker has no ``fast`` one, such as
    TsodyksMarkramMechanism: NotImplementedError."""

    fast: Any = None
    slow: Any = None

    def __post_init__(self) -> None:
        if self.fast is not None:
            raise NotImplementedError(
                "sPyNNaker has no short-term plasticity: leave out fast= of SynapseDynamics"
            )


def synapse_type(dynamics: SynapseDynamics | None, weight: Any, delay: Any) -> Any:
    """Make today's synapse type with the weight (nA or µS) and delay (ms) of one projection.

    Raises UsageError when ``slow`` is no STDPMechanism.
    """
    slow = None if dynamics is None else dynamics.slow
    if slow is None:
        return sim.StaticSynapse(weight=weight, delay=delay)
    if not isinstance(slow, sim.STDPMechanism):
        raise UsageError(f"SynapseDynamics(slow=...) takes an STDPMechanism, not {slow!r}")
    return sim.STDPMechanism(
        timing_dependence=slow.timing_dependence,
        weight_dependence=_in_fractions(slow.weight_dependence, slow.timing_dependence),
        dendritic_delay_fraction=slow.dendritic_delay_fraction,
        weight=weight,
        delay=delay,
        backprop_delay=BACKPROP_DELAY,
    )


def fractions_of(made: Any) -> dict[str, float]:
    """Give A_plus and A_minus of a synapse type that `synapse_type` made, as 0.7 counts them."""
    rule = getattr(made, "weight_dependence", None)
    fractions = getattr(rule, "fractions", None)
    return {} if fractions is None else dict(zip(("A_plus", "A_minus"), fractions, strict=True))


def _in_fractions(rule: Any, timing: Any) -> Any:
    """Give a projection a weight rule of its own, with 0.7's defaults where it was given nothing.

    A timing rule with values of its own is today's: those stay as they are.
    """
    if not isinstance(rule, AdditiveWeightDependence | MultiplicativeWeightDependence):
        return rule
    given: Any = rule
    defaults = (DEFAULT_FRACTION, DEFAULT_FRACTION)
    if given.fractions is None and (timing.A_plus, timing.A_minus) != defaults:
        return rule
    return type(rule)(given.w_min, given.w_max, *(given.fractions or defaults))


def _or_default(fraction: float | None) -> float:
    return DEFAULT_FRACTION if fraction is None else fraction
