"""List the ways in which people lift, each a prior on what a set shares, and weigh them by how each explains a set.

It solves for no posture and mixes none (`mixture`).

Notes
-----
One sensor sees a lean and a height. A hinged, a rounded and a squatted lift share them in different ways, so what it
tells of the lumbar spine has a hill for each. A kind is a prior on what a set shares (its shank and lumbar share);
under it the set is solved as ever, and its weight is the evidence of that solution (Laplace's approximation; MacKay
2003, *Information Theory, Inference, and Learning Algorithms*, ch. 28). Before anything is seen all kinds are equally
likely: nobody has counted them. Two sensors that span the lumbar spine measure it; then the kinds say how knees bend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.motion.linkage.layout import LUMBAR_COUPLING, SHANK_COUPLING, STATES
from imu_hinge.motion.linkage.observations import LinkageInputs
from imu_hinge.motion.linkage.set_parameters import SetParameters

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


ROUNDED: Final = "rounded"

HINGED_LUMBAR, HINGED_LUMBAR_SD = 0.26, 0.13
"""Lumbar share of a bend whose back does not round: 0.07 to 0.22 in clean hinges, 0.15 in RDLs, 0.43 in the average of
trained lifters, about 0.3 in swings and good mornings, 0.26 in squatted starts (docs/biomechanics.md, 1.3, 1.4, 6.2).
"""

ROUNDED_LUMBAR, ROUNDED_LUMBAR_SD = 0.54, 0.10
"""Lumbar share of whoever rounds: 0.55 with bent knees, 0.54 in a stoop (docs/biomechanics.md, 1.4), less in an RDL."""


def _kinds(*legs: tuple[str, float, float]) -> tuple[Kind, ...]:
    """Return an exercise's kinds from its ways to bend the legs: name, shank share, spread; the first may round."""
    hinged = tuple(Kind(name, share, sd, HINGED_LUMBAR, HINGED_LUMBAR_SD) for name, share, sd in legs)
    return (*hinged, Kind(ROUNDED, *legs[0][1:], ROUNDED_LUMBAR, ROUNDED_LUMBAR_SD))


KINDS: Final[dict[str, tuple[Kind, ...]]] = {
    "deadlift": _kinds(("hinge", 0.12, 0.08), ("squatted", 0.35, 0.06)),
    "rdl": _kinds(("hinge", 0.0, 0.16)),
    "swing": _kinds(("hinge", 0.08, 0.10), ("squatted", 0.38, 0.10)),
    "good_morning": _kinds(("hinge", -0.25, 0.30)),
    "squat": _kinds(("squatted", 0.42, 0.08)),
}
"""By exercise, off the same tables as `posture_priors`, each style by itself: the shank leans 0 to 0.19 of the thigh in
deadlifts and 0.35 in squatted ones, 0.08 in swings and 0.38 in squatted ones. A drill has bows among hinges, and one
wide prior for both."""


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
    exercise
        Whose kinds they are: what a set shares is told against the exercise's habits, so that of another says nothing.
    """

    names: tuple[str, ...]
    weight: Array
    shared: tuple[SetParameters, ...]
    does_not_fit: str = ""
    exercise: str = ""

    @property
    def likeliest(self) -> int:
        """Place of the likeliest kind."""
        return int(np.argmax(self.weight))

    @property
    def together(self) -> SetParameters:
        """What the set shares, whatever its kind: normal, with the mean and the covariance of the mixture."""
        means = np.stack([one.mean for one in self.shared])
        mean = self.weight @ means
        apart = means - mean
        within = np.tensordot(self.weight, np.stack([one.covariance for one in self.shared]), axes=1)
        return SetParameters(self.shared[0].names, mean, within + (self.weight[:, None] * apart).T @ apart)


def kinds_of(inputs: LinkageInputs) -> tuple[Kind, ...]:
    """Return the kinds that a set may be of: where two sensors measure the lumbar spine, ways to bend the legs."""
    kinds = KINDS.get(inputs.exercise, ())
    return tuple(kind for kind in kinds if kind.name != ROUNDED) if inputs.is_spanned else kinds


def weighed(before: Array, log_evidence: Array) -> Array:
    """Return how probable each kind is, (k,), from how probable it was and from the logarithms of its evidence (k,)."""
    log_weight = np.log(before) + log_evidence
    weight = np.exp(log_weight - log_weight.max())
    return np.asarray((1.0 - OTHERWISE) * weight / weight.sum() + OTHERWISE / weight.size)


def prior_of(kind: Kind, expected: SetParameters, inputs: LinkageInputs) -> SetParameters:
    """Return what is expected of a set of that kind.

    Parameters
    ----------
    kind
    expected
        Of the exercise, whatever the kind.
    inputs
        Where sensors measure the lumbar spine, its share is left as it is there: next to unknown.
    """
    usual = inputs.posture_prior
    told = [(SHANK_COUPLING - STATES, kind.shank - usual.shank, kind.shank_sd)]
    if not inputs.is_spanned:
        told.append((LUMBAR_COUPLING - STATES, kind.lumbar - usual.lumbar, kind.lumbar_sd))
    mean, covariance = expected.mean.copy(), expected.covariance.copy()
    for at, more, sd in told:  # the set holds what its shares add to the exercise's
        mean[at] += more
        covariance[at], covariance[:, at] = 0.0, 0.0
        covariance[at, at] = sd**2
    return SetParameters(expected.names, mean, covariance)
