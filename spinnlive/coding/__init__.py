"""Between numbers and spikes: codes for sensors and motors, with the maths in each docstring.

An **encoder** is a code (`RateCode`, `PopulationCode`: values to rates) and a way to place spikes
(`Even`, `Poisson`: rates to spikes), or a code of spike times (`LatencyCode`, `DeltaCode`). A
**decoder** takes counts or times back to values; `Smoother` turns counts into running rates.

Nothing here knows a board: numpy in, numpy out, time in biological ms. What is random takes a seed.
"""

from spinnlive.coding.placing import Even, Poisson, Smoother
from spinnlive.coding.population import PopulationCode
from spinnlive.coding.ranges import Ranges
from spinnlive.coding.rate import RateCode
from spinnlive.coding.temporal import DeltaCode, DeltaDecoder, DeltaEncoder, LatencyCode

__all__ = [
    "DeltaCode",
    "DeltaDecoder",
    "DeltaEncoder",
    "Even",
    "LatencyCode",
    "Poisson",
    "PopulationCode",
    "Ranges",
    "RateCode",
    "Smoother",
]
