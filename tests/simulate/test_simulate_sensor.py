"""What a sensor reads: consistent with itself, and every parameter does what it says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_hinge.conventions import GRAVITY_MPS2, PLACEMENTS, Flag
from imu_hinge.simulate.rotations import multiply, rotate
from imu_hinge.simulate.sensor import Reading, SensorSpec
from imu_hinge.simulate.session import simulate
from imu_hinge.simulate.spec import LifterSpec, SetSpec

STILL = SetSpec(reps=0, stationary_start_s=6.0, lifter=LifterSpec(sway_deg=0.0, breath_deg=0.0, tremor_deg=0.0))
MOVING = SetSpec(reps=3, before=("walk", "talk"), lifter=LifterSpec(asymmetry_deg=(3.0, 5.0)))


def reading(spec: SetSpec, sensor: SensorSpec, placement: str = "sacrum", seed: int = 4) -> Reading:
    return simulate(spec, seed=seed, placements=(placement,), sensors={placement: sensor}).readings[placement]


def turned(q: np.ndarray, gyr: np.ndarray, rate_hz: float) -> np.ndarray:
    """Integrate the angular rate from a first orientation, (n, 4)."""
    out = [q]
    for mean in 0.5 * (gyr[1:] + gyr[:-1]) / rate_hz:
        angle = float(np.linalg.norm(mean))
        out.append(multiply(out[-1], np.array([np.cos(angle / 2), *(0.5 * np.sinc(angle / 2 / np.pi) * mean)])))
    return np.array(out)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_integrating_the_clean_rate_for_30_s_gives_back_the_orientation(placement: str) -> None:
    sensor = SensorSpec(rate_hz=200.0, mounting_deg=(5.0, 12.0, -20.0), quarter_turns=(1, 0, 2))
    got = reading(MOVING, sensor, placement)
    n = 30 * 200
    q = turned(got.q_ws[0], got.samples.gyr[:n], 200.0)
    apart = np.degrees(2.0 * np.arccos(np.clip(np.abs(np.sum(q * got.q_ws[:n], axis=1)), 0.0, 1.0)))
    assert len(q) == n
    assert apart.max() < 0.05


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_standing_sensor_reads_gravity_upwards_however_it_is_mounted(placement: str) -> None:
    sensor = SensorSpec(mounting_deg=(10.0, -7.0, 3.0), quarter_turns=(2, 1, 0))
    got = reading(STILL, sensor, placement)
    assert rotate(got.q_ws, got.samples.acc) == pytest.approx(
        np.array([[0.0, 0.0, GRAVITY_MPS2]] * len(got.q_ws)), abs=1e-6
    )
    assert np.abs(got.samples.gyr).max() < 1e-9


def test_integrating_the_clean_acceleration_twice_gives_back_the_drop_of_the_pelvis() -> None:
    simulated = simulate(
        SetSpec(reps=1, lifter=STILL.lifter, impact_mps2=0.0),
        seed=3,
        placements=("sacrum",),
        sensors={"sacrum": SensorSpec(rate_hz=400.0)},
    )
    got, truth = simulated.readings["sacrum"], simulated.truth
    up = rotate(got.q_ws, got.samples.acc)[:, 2] - GRAVITY_MPS2
    height = np.cumsum(np.cumsum(up)) / 400.0**2
    told = np.interp(got.true_time_s, truth.time_s, truth.s2_height_m)
    assert height == pytest.approx(told - told[0], abs=0.003)
    assert (told - told[0]).min() < -0.12


def test_forward_inclination_turns_the_sensor_forward() -> None:
    got = reading(SetSpec(reps=1), SensorSpec())
    assert got.samples.acc[:, 0].min() < -5.0  # leaned forward, up points behind the sensor's x
    assert got.samples.acc[:, 0].max() < 3.0
    assert got.samples.gyr[:, 1].max() > 0.5  # forward is positive about y, which is left


def test_lumbar_reads_its_share_of_the_flexion_between_pelvis_and_t12() -> None:
    def inclination(placement: str, share: float = 0.5) -> np.ndarray:
        got = reading(SetSpec(style="stoop", reps=1), SensorSpec(lumbar_share=share), placement)
        acc = np.asarray(got.samples.acc)
        return np.arctan2(-acc[:, 0], acc[:, 2])

    pelvis, t12 = inclination("sacrum"), inclination("t12")
    at = int(np.argmax(t12))
    for share in (0.4, 0.6):
        expected = (1 - share) * pelvis[at] + share * t12[at]
        assert np.degrees(inclination("lumbar", share)[at]) == pytest.approx(np.degrees(expected), abs=3.0)


@pytest.mark.parametrize(
    ("change", "acc", "gyr"),
    [
        ({"acc_bias_mps2": (0.1, -0.2, 0.3)}, (0.1, -0.2, 0.3 + GRAVITY_MPS2), (0, 0, 0)),
        ({"acc_scale": (0.5, 0.5, 0.02)}, (0, 0, 1.02 * GRAVITY_MPS2), (0, 0, 0)),
        ({"gyr_bias_radps": (0.01, 0.02, -0.03)}, (0, 0, GRAVITY_MPS2), (0.01, 0.02, -0.03)),
    ],
)
def test_bias_and_scale_are_added_as_given(
    change: dict[str, tuple[float, float, float]], acc: tuple[float, ...], gyr: tuple[float, ...]
) -> None:
    got = reading(STILL, replace(SensorSpec(), **change)).samples  # type: ignore[arg-type]
    assert got.acc.mean(axis=0) == pytest.approx(acc, abs=1e-6)
    assert got.gyr.mean(axis=0) == pytest.approx(gyr, abs=1e-6)


def test_the_gyroscope_drifts_scales_and_is_misaligned_as_given() -> None:
    clean = reading(MOVING, SensorSpec()).samples.gyr
    drifted = reading(MOVING, SensorSpec(gyr_drift_radps2=(1e-4, 0.0, 0.0))).samples
    assert (drifted.gyr - clean)[:, 0] == pytest.approx(1e-4 * drifted.time_s, abs=1e-12)
    scaled = reading(MOVING, SensorSpec(gyr_scale=(0.0, 0.01, 0.0))).samples.gyr
    assert scaled[:, 1] == pytest.approx(1.01 * clean[:, 1])
    askew = reading(MOVING, SensorSpec(misalignment_deg=(0.0, 0.0, 1.0))).samples.gyr
    assert askew[:, 2] == pytest.approx(clean[:, 2], abs=1e-9)
    assert np.abs(askew[:, 0] - clean[:, 0]).max() == pytest.approx(
        np.sin(np.radians(1.0)) * np.abs(clean[:, 1]).max(), rel=0.2
    )


def test_noise_has_the_density_given_at_any_rate() -> None:
    for rate_hz in (50.0, 200.0):
        got = reading(STILL, SensorSpec(rate_hz=rate_hz, acc_noise_mps2_rthz=1e-3, gyr_noise_radps_rthz=1e-4)).samples
        assert got.acc.std(axis=0) == pytest.approx(1e-3 * np.sqrt(rate_hz / 2), rel=0.2)
        assert got.gyr.std(axis=0) == pytest.approx(1e-4 * np.sqrt(rate_hz / 2), rel=0.2)


def test_soft_tissue_takes_its_share_of_the_inclination() -> None:
    def most(soft_tissue: float) -> float:
        acc = np.asarray(reading(SetSpec(reps=1), SensorSpec(soft_tissue=soft_tissue)).samples.acc)
        return float(np.arctan2(-acc[:, 0], acc[:, 2])[(acc[:, 2] > 0)].max())

    assert most(0.10) / most(0.0) == pytest.approx(0.90, abs=0.02)


def test_a_slip_tilts_the_sensor_from_then_on() -> None:
    acc = np.asarray(reading(STILL, SensorSpec(slip_deg=5.0, slip_s=3.0)).samples.acc)
    inclination = np.degrees(np.arctan2(-acc[:, 0], acc[:, 2]))
    assert inclination[:250] == pytest.approx(0.0, abs=1e-6)
    assert inclination[-100:] == pytest.approx(5.0, abs=0.05)


def test_plates_are_felt_at_set_down_and_more_where_the_share_is_more() -> None:
    def shaking(share: float) -> np.ndarray:
        spec = SetSpec(reps=2, impact_mps2=20.0)
        return np.asarray(reading(spec, SensorSpec(rate_hz=200.0, impact_share=share)).samples.acc)

    none, half, full = shaking(0.0), shaking(0.5), shaking(1.0)
    assert np.abs(full - none).max() > 8.0
    assert np.abs(half - none).max() == pytest.approx(0.5 * np.abs(full - none).max(), rel=1e-6)
    truth = simulate(SetSpec(reps=2), seed=4, placements=("sacrum",)).truth
    struck = np.flatnonzero(np.abs(full - none).max(axis=1) > 2.0) / 200.0
    assert all(np.abs(struck - rep.end_s).min() < 0.1 for rep in truth.reps)


def test_wobble_rings_after_a_impact_and_ends() -> None:
    spec = SetSpec(reps=1, impact_mps2=20.0)
    stiff = np.asarray(reading(spec, SensorSpec(impact_share=1.0)).samples.gyr)
    loose = np.asarray(reading(spec, SensorSpec(impact_share=1.0, wobble_deg_per_mps2=0.2, wobble_hz=8.0)).samples.gyr)
    assert np.degrees(np.abs(loose - stiff).max()) > 5.0
    assert np.degrees(np.abs((loose - stiff)[:100]).max()) < 1.0


def test_clipping_is_at_the_range_and_flagged() -> None:
    got = reading(
        SetSpec(reps=3, impact_mps2=30.0), SensorSpec(impact_share=2.0, acc_range_mps2=2 * GRAVITY_MPS2)
    ).samples
    assert np.abs(got.acc).max() == 2 * GRAVITY_MPS2
    is_flagged = (got.flags & Flag.CLIPPED) > 0
    assert is_flagged.any()
    assert (np.abs(got.acc[is_flagged]).max(axis=1) >= 2 * GRAVITY_MPS2).all()


def test_samples_are_multiples_of_the_last_bit() -> None:
    got = reading(MOVING, SensorSpec(bits=12, acc_range_mps2=80.0, gyr_range_radps=40.0)).samples
    steps = got.acc / (80.0 / 2**11)
    assert steps == pytest.approx(np.round(steps), abs=1e-9)


def test_the_clock_is_offset_and_runs_off_as_given() -> None:
    true = reading(MOVING, SensorSpec())
    late = reading(MOVING, SensorSpec(clock_offset_s=0.08))
    assert late.samples.time_s - late.true_time_s == pytest.approx(0.08)
    assert late.samples.acc == pytest.approx(true.samples.acc)
    slow = reading(MOVING, SensorSpec(clock_ppm=10_000.0))
    assert slow.true_time_s[-1] / slow.samples.time_s[-1] == pytest.approx(1.01)
    shaken = reading(MOVING, SensorSpec(jitter_s=0.001)).samples.time_s
    assert np.std(np.diff(shaken)) == pytest.approx(0.001 * np.sqrt(2), rel=0.2)
    assert np.all(np.diff(shaken) > 0)


def test_packets_are_lost_whole_and_as_often_as_given() -> None:
    whole = reading(MOVING, SensorSpec(rate_hz=200.0))
    got = reading(MOVING, SensorSpec(rate_hz=200.0, packet=5, loss=0.1))
    assert 1.0 - len(got.samples) / len(whole.samples) == pytest.approx(0.1, abs=0.04)
    index = np.round(got.samples.time_s * 200.0).astype(int)
    complete = np.bincount(index // 5)
    assert set(complete[:-1]) == {0, 5}


def test_bursts_bear_their_packets_time() -> None:
    got = reading(STILL, SensorSpec(packet=5, is_stamped_by_packet=True)).samples.time_s
    steps = np.diff(got)
    assert np.sort(steps)[: len(steps) // 2] == pytest.approx(1e-4)
    assert steps.max() == pytest.approx(0.05 - 4e-4)


def test_a_gap_is_as_long_as_given() -> None:
    got = reading(MOVING, SensorSpec(gap_s=1.5, gap_at=0.4)).samples.time_s
    assert np.diff(got).max() == pytest.approx(1.5, abs=0.03)


@pytest.mark.parametrize("rate_hz", [20.0, 52.0, 1000.0])
def test_any_rate_from_20_to_1000_hz(rate_hz: float) -> None:
    got = reading(STILL, SensorSpec(rate_hz=rate_hz)).samples
    assert np.median(np.diff(got.time_s)) == pytest.approx(1.0 / rate_hz)


@pytest.mark.parametrize("wrong", [{"rate_hz": 10.0}, {"loss": 1.0}, {"packet": 0}])
def test_an_impossible_sensor_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"Give 20|share below"):
        SensorSpec(**wrong)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), placement=st.sampled_from(PLACEMENTS))
def test_drawn_sensors_stay_inside_what_the_facts_say(seed: int, placement: str) -> None:
    drawn = SensorSpec.draw(np.random.default_rng(seed), placement)
    assert np.linalg.norm(drawn.mounting_deg) <= 25.0 + 1e-9
    assert 0.005 * GRAVITY_MPS2 <= np.linalg.norm(drawn.acc_bias_mps2) + 1e-12 <= 0.040 * GRAVITY_MPS2 + 1e-9
    assert 0.3 - 1e-9 <= np.degrees(np.linalg.norm(drawn.gyr_bias_radps)) <= 3.0 + 1e-9
    assert -0.03 <= drawn.soft_tissue <= 0.10
    assert 0.0 <= drawn.clock_offset_s <= 0.1
    assert np.linalg.norm(drawn.q_bs) == pytest.approx(1.0)
