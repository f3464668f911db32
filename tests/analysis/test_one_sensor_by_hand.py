"""One sensor through the instants, with samples whose every mean is known."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from imu_hinge.analysis.instant.one_sensor import Reading, Rows, SensorNow, angle_between
from imu_hinge.conventions import GRAVITY_MPS2, Flag
from imu_hinge.model import Array
from imu_hinge.motion.kinematics.settling import ACC_MPS2, SWAY_MPS
from imu_hinge.settings import StillnessSettings

EVERY, RATE_HZ = 4, 100.0
DT = EVERY / RATE_HZ
WINDOW = 8  # steps: 0.3 s
STANDS = WINDOW - 1 + 25  # steps until somebody has stood for a second


def rows(steps: int, *, rate_deg_s: float = 0.0, force: float | Array = GRAVITY_MPS2, up: Array | None = None) -> Rows:
    """Return samples that turn about x and push along z so, a value for all or one for each step."""
    n = steps * EVERY
    gyr, acc = np.zeros((n, 3)), np.zeros((n, 3))
    gyr[:, 0] = math.radians(rate_deg_s)
    acc[:, 2] = np.repeat(force, EVERY) if isinstance(force, np.ndarray) else force
    ups = np.tile([0.0, 0.0, 1.0], (n, 1)) if up is None else np.repeat(up, EVERY, axis=0)
    return Rows(gyr, acc, ups, np.zeros(n, dtype=np.uint16))


def read(*parts: Rows) -> list[Reading]:
    sensor = SensorNow(EVERY, RATE_HZ, StillnessSettings())
    for part in parts:
        sensor.take(part)
    return list(sensor.readings.values())


def known_from(readings: list[Reading]) -> int | None:
    return next((i for i, reading in enumerate(readings) if reading.up0_s is not None), None)


def test_an_angle_is_that_between_two_directions() -> None:
    rng = np.random.default_rng(2)
    for one, other in rng.normal(size=(50, 2, 3)):
        cosine = one @ other / math.sqrt((one @ one) * (other @ other))
        u, v = ((w / math.sqrt(w @ w)).tolist() for w in (one, other))
        assert angle_between(tuple(u), tuple(v)) == pytest.approx(math.acos(cosine))
    small = (math.sin(1e-7), 0.0, math.cos(1e-7))  # where a cosine tells nothing
    assert angle_between((0.0, 0.0, 1.0), small) == pytest.approx(1e-7)


@pytest.mark.parametrize(
    ("is_stationary", "changed"),
    [
        (True, {}),
        (True, {"rate_deg_s": 11.9}),
        (False, {"rate_deg_s": 12.1}),
        (True, {"force": GRAVITY_MPS2 + 0.99}),
        (False, {"force": GRAVITY_MPS2 + 1.01}),
        (True, {"force": GRAVITY_MPS2 - 0.99}),
        (False, {"force": GRAVITY_MPS2 - 1.01}),
        (True, {"force": GRAVITY_MPS2 + 0.44 * (-1.0) ** np.arange(60)}),
        (False, {"force": GRAVITY_MPS2 + 0.46 * (-1.0) ** np.arange(60)}),
    ],
)
def test_who_has_not_moved_for_a_second_stands(is_stationary: bool, changed: dict[str, float | Array]) -> None:
    found = read(rows(60, **changed))
    assert known_from(found) == (STANDS - 1 if is_stationary else None)
    assert {reading.rate_rad_s for reading in found} == {math.radians(float(changed.get("rate_deg_s", 0.0)))}


def test_standing_is_the_mean_of_the_longest_time_stationary() -> None:
    def lean(steps: int, *deg: float) -> Rows:
        angle = np.radians(np.resize(deg, steps))
        return rows(steps, up=np.stack([np.sin(angle), np.zeros(steps), np.cos(angle)], axis=1))

    moving = rows(10, rate_deg_s=90.0)
    found = read(lean(60, 2.0, 4.0), moving, lean(40, 20.0), moving, lean(90, -10.0))
    degrees = [math.degrees(math.atan2(r.up0_s[0], r.up0_s[2])) for r in found if r.up0_s is not None]
    assert degrees[59 - (STANDS - 1)] == pytest.approx(3.0, abs=0.1)
    assert degrees[109 - (STANDS - 1)] == pytest.approx(3.0, abs=0.1), "the second time was shorter"
    assert degrees[-1] == pytest.approx(-10.0)


def test_what_a_look_found_of_standing_stays() -> None:
    sensor = SensorNow(EVERY, RATE_HZ, StillnessSettings())
    sensor.mount((0.6, 0.0, 0.8), (0.0, 0.0, 0.0))
    sensor.take(rows(60))
    assert {reading.up0_s for reading in sensor.readings.values()} == {(0.6, 0.0, 0.8)}


def test_a_hole_is_told_and_leaves_a_doubt_that_fades_with_time() -> None:
    holed = rows(60)
    holed.flags[EVERY * 40 + 1] = Flag.GAP  # one sample is enough
    found = read(holed)
    assert [i for i, reading in enumerate(found) if reading.is_gap] == [40]
    assert {reading.settling_rad for reading in found[:40]} == {0.0}
    for i in range(40, 60):
        mean_mps2 = math.sqrt(2.0) * SWAY_MPS / max(DT * (i - 40), DT)
        assert found[i].settling_rad == pytest.approx(min(mean_mps2, ACC_MPS2) / GRAVITY_MPS2)
    assert found[40].settling_rad > found[59].settling_rad > 0.0
    early = rows(60)
    early.flags[EVERY * 10] = Flag.GAP
    assert known_from(read(early)) == 10 + STANDS, "the window begins anew after a hole"


def test_samples_come_in_any_parts() -> None:
    rng = np.random.default_rng(5)
    n = 50 * EVERY
    whole = Rows(*rng.normal(size=(2, n, 3)), np.tile([0.0, 0.0, 1.0], (n, 1)), np.zeros(n, dtype=np.uint16))
    edges = [0, 1, 3, 10, 11, 60, 61, 62, 199, n]
    assert read(*(whole.part(a, b) for a, b in pairwise(edges))) == read(whole)


def test_the_height_is_pushed_by_what_gravity_and_bias_leave() -> None:
    """A tenth of a metre per second squared for half a second, from rest at a known height."""
    sensor = SensorNow(EVERY, RATE_HZ, StillnessSettings())
    sensor.mount((0.0, 0.0, 1.0), (0.0, 0.0, 0.3))
    sensor.lift(-0.2, 1e-4, 0.0)
    steps = 12
    sensor.take(rows(steps, force=GRAVITY_MPS2 + 0.3 + 2.0, rate_deg_s=40.0))
    last = sensor.readings[steps - 1]
    assert last.speed_mps == pytest.approx(2.0 * steps * DT, rel=0.15)
    assert last.height_m == pytest.approx(-0.2 + 0.5 * 2.0 * (steps * DT) ** 2, rel=0.25)
