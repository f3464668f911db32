"""Solve a set once for each way in which people lift, and weigh the ways by how well each explains what was seen.

It gives the weights and the posture under each kind; `mixture` makes one answer of them.

Notes
-----
One sensor sees a lean and a height. A hinged, a rounded and a squatted lift share them in different ways, so what it
tells of the lumbar spine has a hill for each. A kind is a prior on what a set shares (its shank and lumbar share);
under it the set is solved as ever, and its weight is the evidence of that solution (Laplace's approximation; MacKay
2003, *Information Theory, Inference, and Learning Algorithms*, ch. 28). Before anything is seen all kinds are equally
likely: nobody has counted them. Two sensors that span the lumbar spine measure it, and need no kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.athlete import Athlete
from imu_hinge.motion.linkage.layout import LUMBAR_COUPLING, SHANK_COUPLING, STATES
from imu_hinge.motion.linkage.map_estimate import LinkageResult, check_inputs, solve, solve_under
from imu_hinge.motion.linkage.observations import LinkageInputs
from imu_hinge.motion.linkage.posture_priors import PosturePrior
from imu_hinge.motion.linkage.set_parameters import SetParameters, set_parameter_prior

Array = npt.NDArray[np.float64]

OTHERWISE: Final = 0.1
"""How likely a set or a live rep is of another kind than what was seen before it, or that the evidence errs: a chain of
rigid segments is not a person, and its evidence must not shut out a kind (judged)."""


class Kind(NamedTuple):
    """Hold one way of lifting: shank lean over thigh lean, lumbar flexion over trunk inclination, and their spreads."""

    name: str
    shank: float
    shank_sd: float
    lumbar: float
    lumbar_sd: float


ROUNDED_LUMBAR, ROUNDED_LUMBAR_SD = 0.52, 0.09
"""Lumbar share of whoever rounds: 0.55 with bent knees, 0.54 in a stoop (docs/biomechanics.md, 1.4), less in an RDL."""

KINDS: Final[dict[str, tuple[Kind, ...]]] = {
    "deadlift": (
        Kind("hinge", 0.12, 0.08, 0.28, 0.12),
        Kind("rounded", 0.12, 0.08, ROUNDED_LUMBAR, ROUNDED_LUMBAR_SD),
        Kind("squatted", 0.35, 0.06, 0.26, 0.12),
    ),
    "rdl": (
        Kind("hinge", 0.0, 0.16, 0.20, 0.10),
        Kind("rounded", 0.0, 0.16, ROUNDED_LUMBAR, ROUNDED_LUMBAR_SD),
    ),
    "swing": (
        Kind("hinge", 0.20, 0.18, 0.26, 0.10),
        Kind("rounded", 0.15, 0.18, ROUNDED_LUMBAR, ROUNDED_LUMBAR_SD),
    ),
    "good_morning": (
        Kind("hinge", -0.25, 0.30, 0.30, 0.12),
        Kind("rounded", -0.25, 0.30, ROUNDED_LUMBAR, ROUNDED_LUMBAR_SD),
    ),
    "squat": (
        Kind("squatted", 0.42, 0.08, 0.32, 0.14),
        Kind("rounded", 0.42, 0.08, ROUNDED_LUMBAR, ROUNDED_LUMBAR_SD),
    ),
}
"""By exercise, off the same tables as `posture_priors`, each style by itself: hinges 0.18 to 0.43 (trained lifters'
average), squatted starts 0.26, RDLs 0.15, swings and good mornings 26 degrees of 70 to 85. A drill has bows among
hinges, and one wide prior for both."""


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """Hold the kinds of a set: how probable each is, and what the set shares under it.

    Parameters
    ----------
    names
    weight : (k,)
        Sums to one.
    shared
    does_not_fit
        What of a set fits least under the likeliest kind, in words (`goodness_of_fit`), or nothing.
    """

    names: tuple[str, ...]
    weight: Array
    shared: tuple[SetParameters, ...]
    does_not_fit: str = ""

    @property
    def likeliest(self) -> int:
        """Place of the likeliest kind."""
        return int(np.argmax(self.weight))


def solve_kinds(
    inputs: LinkageInputs, athlete: Athlete, *, before: Kinds | None = None
) -> tuple[Kinds, tuple[LinkageResult, ...]]:
    """Return the kinds of a set with their weights, and the posture under each.

    Parameters
    ----------
    inputs, athlete
        As `map_estimate.solve`.
    before
        What earlier sets, or live reps, of the same athlete in the same mounting told.

    Raises
    ------
    CalibrationError
        As `map_estimate.solve`.
    """
    check_inputs(inputs)
    kinds = () if inputs.is_spanned else KINDS.get(inputs.exercise, ())
    if not kinds:
        result = solve(inputs, athlete, shared=None if before is None else before.shared[0])
        return Kinds(("",), np.ones(1), (result.shared,)), (result,)
    expected = set_parameter_prior(athlete, inputs.placements, inputs.posture_prior)
    own = [_prior_of(kind, expected, inputs.posture_prior) for kind in kinds]
    priors = own if before is None else before.shared
    results = tuple(
        solve_under(inputs, athlete, prior, mean, is_first=before is None) for prior, mean in zip(priors, own, strict=True)
    )
    weight = np.full(len(kinds), 1.0 / len(kinds)) if before is None else before.weight
    log_weight = np.log(weight) + [result.log_evidence for result in results]
    weight = np.exp(log_weight - log_weight.max())
    weight = (1.0 - OTHERWISE) * weight / weight.sum() + OTHERWISE / len(kinds)
    return Kinds(tuple(kind.name for kind in kinds), weight, tuple(r.shared for r in results)), results


def _prior_of(kind: Kind, expected: SetParameters, posture_prior: PosturePrior) -> SetParameters:
    """Return what is expected of a set of that kind; habits are held as what they add to the exercise's shares."""
    shank, lumbar = SHANK_COUPLING - STATES, LUMBAR_COUPLING - STATES
    mean, covariance = expected.mean.copy(), expected.covariance.copy()
    mean[[shank, lumbar]] += kind.shank - posture_prior.shank, kind.lumbar - posture_prior.lumbar
    covariance[[shank, lumbar]] = 0.0
    covariance[:, [shank, lumbar]] = 0.0
    covariance[shank, shank], covariance[lumbar, lumbar] = kind.shank_sd**2, kind.lumbar_sd**2
    return SetParameters(expected.names, mean, covariance)
