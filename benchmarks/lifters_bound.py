"""Print how well *any* analysis could tell lumbar flexion from one instant at the floor, on `lifters.py`'s lifters.

Usage: ``python benchmarks/lifters_bound.py [--draws 1000000] [--looks 1000] [--seed 1]``

A million lifters with the bar on the floor are drawn as `lifters.py` draws them: lengths, style, posture and skin. The
best estimate from what their sensors read at that instant is the mean over all of them who read the same; none has a
smaller RMSE. (Other instants of a set repeat most of it: same body, same skin, nearly the same posture.) It is told
what no analysis knows: the exact plates, soles, height and places of the sensors, in which ranges lengths and skin are
drawn, and in *styles known* in which ranges each style bends the back; *any back* is told that lumbar flexion is
anything from 0 to 60 degrees, as it is with other people. No person was measured.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge.simulate import body as bodies
from imu_hinge.simulate.segment_pose import SOFT_TISSUE_M
from imu_hinge.simulate.sensor import SOFT_TISSUE
from imu_hinge.simulate.spec import SetSpec
from imu_hinge.simulate.styles import STYLES, Span, styles_of

Array = npt.NDArray[np.float64]

WORN: Final = ("sacrum", "t12")

NOISE: Final = {"inclination": 0.3, "height": 0.5, "ahead": 2.0}
"""What is taken to be left of the sensors' own errors over a set [degrees, cm, cm]."""

CASES: Final = (
    ("sacrum+t12, inclinations", WORN, ("inclination",)),
    ("sacrum+t12, and heights", WORN, ("inclination", "height")),
    ("sacrum+t12, and travel ahead", WORN, ("inclination", "height", "ahead")),
    ("sacrum, inclination and height", ("sacrum",), ("inclination", "height")),
    ("sacrum, and travel ahead", ("sacrum",), ("inclination", "height", "ahead")),
    ("t12, inclination and height", ("t12",), ("inclination", "height")),
)


def postures(rng: np.random.Generator, style_name: str, count: int, *, any_back: bool) -> tuple[bodies.Body, Array]:
    """Draw lifters and their postures over the bar; the body's lengths are columns (n,), the postures (n, 5) [rad]."""
    style, ratio = STYLES[style_name], rng.uniform(0.97, 1.03, (4, count))
    body = bodies.Body.of(1.75, shank=ratio[0], thigh=ratio[1], trunk=ratio[2], arm=ratio[3])  # type: ignore[arg-type]

    def drawn(span: Span) -> Array:
        return rng.uniform(*span, count)

    posture = np.zeros((count, 5))
    posture[:, bodies.SHANK_LEAN] = drawn(style.shank_deg)
    posture[:, bodies.LUMBAR] = drawn(style.lumbar_deg) + style.lumbar_growth_deg * rng.integers(0, 4, count)
    if any_back:
        posture[:, bodies.LUMBAR] = drawn((0.0, 60.0))
    posture[:, bodies.THORAX] = drawn(style.thorax_deg)
    closed = bodies.close_over_bar(body, np.radians(posture), bar_m=SetSpec().bar_m, gap_m=drawn(style.gap_m))
    return body, closed


def soft_tissue_places(body: bodies.Body, posture: Array) -> dict[str, Array]:
    """Return where the skin under each sensor is, (n, 2): ahead and up [m]."""
    joints = bodies.joints(body, posture)
    trunk = posture[:, bodies.PELVIS] + posture[:, bodies.LUMBAR]
    bones = {"sacrum": (joints.hip, posture[:, bodies.PELVIS]), "t12": (joints.t12, trunk)}
    places = {}
    for placement, (anchor, turned) in bones.items():
        ahead, _, up = SOFT_TISSUE_M[placement]
        places[placement] = anchor + bodies.inclination(turned, up) + bodies.inclination(turned + np.pi / 2, ahead)
    return places


def seen_by(rng: np.random.Generator, body: bodies.Body, posture: Array) -> dict[tuple[str, str], Array]:
    """Return what perfect sensors on soft skins read, each (n,) [degrees, cm]."""
    standing, bent = soft_tissue_places(body, np.zeros_like(posture)), soft_tissue_places(body, posture)
    bone = {"sacrum": posture[:, bodies.PELVIS], "t12": posture[:, bodies.PELVIS] + posture[:, bodies.LUMBAR]}
    seen = {}
    for placement in WORN:
        soft_tissue_gain = rng.uniform(*SOFT_TISSUE[placement], len(posture))
        soft_tissue_gain[rng.random(len(posture)) < 0.5] = SOFT_TISSUE[placement][
            1
        ]  # half are the softest, as in lifters.py
        seen[placement, "inclination"] = np.degrees(bone[placement] * (1.0 - soft_tissue_gain))
        ahead, up = 100.0 * (bent[placement] - standing[placement]).T
        seen[placement, "height"], seen[placement, "ahead"] = up, ahead
    return seen


def draw(rng: np.random.Generator, count: int, *, any_back: bool) -> tuple[dict[tuple[str, str], Array], Array]:
    """Draw lifters of every style: what their sensors read, each (n,), and their lumbar flexion (n,) [degrees]."""
    seen, lumbar = [], []
    for name in styles_of("deadlift"):
        body, posture = postures(rng, name, count // len(styles_of("deadlift")), any_back=any_back)
        seen.append(seen_by(rng, body, posture))
        lumbar.append(np.degrees(posture[:, bodies.LUMBAR]))
    return {key: np.concatenate([s[key] for s in seen]) for key in seen[0]}, np.concatenate(lumbar)


def best_rmse(known: Array, lumbar: Array, looks: Array, true: Array, noise: Array) -> float:
    """Return the RMSE of the posterior mean over ``looks`` (m, k), given draws ``known`` (n, k) of what is seen."""
    order = np.argsort(known[:, 0])
    known, lumbar = known[order], lumbar[order]
    errors = []
    for look, truth in zip(looks, true, strict=True):
        near = slice(*np.searchsorted(known[:, 0], look[0] + np.array([-6.0, 6.0]) * noise[0]))  # others weigh nothing
        likelihood = np.exp(-0.5 * np.sum(((known[near] - look) / noise) ** 2, axis=1))
        if likelihood.sum() > 0.0:
            errors.append(likelihood @ lumbar[near] / likelihood.sum() - truth)
    return float(np.sqrt(np.mean(np.square(errors))))


def columns(seen: dict[tuple[str, str], Array], placements: Sequence[str], kinds: Sequence[str]) -> Array:
    """Return some of what is seen as columns (n, k)."""
    return np.stack([seen[p, kind] for p in placements for kind in kinds], axis=1)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1_000_000)
    parser.add_argument("--looks", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(f"{args.draws} simulated lifters, seed {args.seed}; degrees at the floor. No person was measured.")
    print(f"{'the best there can be':32s} styles known   any back")
    rng = np.random.default_rng(args.seed)
    made = [(draw(rng, args.draws, any_back=b), draw(rng, args.looks, any_back=b)) for b in (False, True)]
    for name, placements, kinds in CASES:
        noise = np.array([NOISE[kind] for _ in placements for kind in kinds])
        best = []
        for (seen, lumbar), (look, true) in made:
            looks = columns(look, placements, kinds)
            looks = looks + rng.normal(size=looks.shape) * noise
            best.append(best_rmse(columns(seen, placements, kinds), lumbar, looks, true, noise))
        print(f"{name:32s} {best[0]:12.1f} {best[1]:10.1f}", flush=True)


if __name__ == "__main__":
    main()
