"""Everything that sPyNNaker does with the libraries that are put off; what it gives, line by line."""

import sys
from types import SimpleNamespace

import spinnlive  # noqa: F401  first

# isort: split
import pyNN.spiNNaker  # noqa: F401

# isort: split
import csa
import lazyarray
import numpy as np
from lazyarray import larray
from pacman.utilities.file_format_schemas import validate
from spinn_front_end_common.interface.profiling import profile_data
from spinnman.spalloc import spalloc_allocator as allocator
from spynnaker.pyNN.models.neuron import population_vertex as vertex
from spynnaker.pyNN.models.spike_source import spike_source_poisson_vertex as poisson
from spynnaker.pyNN.utilities import utility_calls as calls
from spynnaker.pyNN.utilities.random_stats.random_stats_scipy_impl import RandomStatsScipyImpl

from spinnlive.toolchain.put_off import PUT_OFF, StandIn

KINDS = {
    "binomial": {"n": 20, "p": 0.3},
    "exponential": {"beta": 2.0},
    "exponential_clipped": {"beta": 2.0, "low": 0.5, "high": 4.0},
    "gamma": {"k": 2.0, "theta": 1.5},
    "lognormal": {"mu": 0.5, "sigma": 0.4},
    "normal": {"mu": 1.0, "sigma": 2.0},
    "normal_clipped": {"mu": 1.0, "sigma": 2.0, "low": 0.0, "high": 3.0},
    "normal_clipped_to_boundary": {"mu": 1.0, "sigma": 2.0, "low": 0.0, "high": 3.0},
    "poisson": {"lambda_": 4.0},
    "randint": {"low": 1, "high": 9},
    "uniform": {"low": 1.0, "high": 3.0},
    "vonmises": {"mu": 0.3, "kappa": 2.0},
}


LIBRARIES = (
    "ebrains_drive",
    "jsonschema",
    "matplotlib.pyplot",
    "scipy.sparse",
    "scipy.special",
    "scipy.stats",
)


def there() -> str:
    return " ".join(name for name in LIBRARIES if name in sys.modules) or "none"


print(there())
print(*[name for name in PUT_OFF if StandIn in map(type, vars(sys.modules[name]).values())])
print([float(larray(value, shape=(2,))[0]) for value in (3.0, [4.0, 5.0], np.ones(2))])
print(sorted(calls.STATS_BY_NAME) == sorted(KINDS))
for name, parameters in KINDS.items():
    drawn = SimpleNamespace(name=name, parameters=parameters)
    for asked in (calls.get_mean, calls.get_standard_deviation, calls.get_variance):
        print(name, asked.__name__, asked(drawn))
    print(name, calls.high(drawn), calls.low(drawn))
    print(name, calls.get_probability_within_range(drawn, 0.7, 2.5))
    print(name, calls.get_maximum_probable_value(drawn, 1000))
    print(name, calls.get_minimum_probable_value(drawn, 1000))
print(calls.get_probable_maximum_selected(1000, 100, 0.2))
print(calls.get_probable_minimum_selected(1000, 100, 0.2))
print(RandomStatsScipyImpl("norm")._scipy_stats.ppf(0.9))
print(poisson.scipy.stats.poisson.ppf(0.999, 3.0))
print(profile_data.scipy.stats.binned_statistic([1, 2, 2], [3, 4, 6], bins=2))
print(vertex.special.gammaln(7), vertex.special.gammaincc(3, 0.5))
import scipy.sparse  # noqa: E402

matrix = scipy.sparse.csr_matrix([[0.0, 2.0]])
print(lazyarray.sparse.issparse(matrix), lazyarray.sparse.issparse([1]), larray(matrix)[0, 1])
csa.show(csa.cset(csa.full), 4)
print(csa.plot._plt.get_backend(), csa.plot._plt.gcf().axes[0].images[0].get_array().sum())
print(csa.matplotlib.colors.Normalize(0.0, 4.0)(1.0))
try:
    validate([], "machine.json")
except Exception as error:
    print(type(error), str(error).splitlines()[0])
print(allocator.ebrains_drive.connect.__module__)

import matplotlib.pyplot  # noqa: E402
import scipy.stats  # noqa: E402

print(calls.binom is scipy.stats.binom, csa.plot._plt is matplotlib.pyplot)
print(there())
