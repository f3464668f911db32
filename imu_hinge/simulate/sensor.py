"""Say what an inertial sensor at a place on the body would read: mounting, skin, electronics, clock and radio.

It knows nothing of lifting: it takes a bone's course and gives `model.Samples`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from imu_hinge.conventions import GRAVITY_MPS2, Flag
from imu_hinge.model import Array, Samples
from imu_hinge.simulate.moves import INTERNAL_RATE_HZ
from imu_hinge.simulate.rotations import conjugate, from_rotation_vector, multiply, orientation, rotate
from imu_hinge.simulate.segment_pose import SegmentPose, acceleration, angular_rate
from imu_hinge.simulate.shapes import minimum_jerk, oscillator

Vector = tuple[float, float, float]

SOFT_TISSUE: Final = {
    "sacrum": (0.03, 0.10),
    "hip": (0.03, 0.10),
    "lumbar": (0.0, 0.08),
    "t12": (-0.03, 0.08),
    "chest": (-0.03, 0.08),
    "thigh": (0.0, 0.08),
}
"""Share of the bone's inclination that the skin does not follow, per placement (facts, section 6.3)."""

IMPACT_SHARE: Final = {"sacrum": 1.0, "hip": 1.0, "lumbar": 0.8, "t12": 0.65, "chest": 0.5, "thigh": 1.2}
"""How much of the plates' blow reaches a placement, against the pelvis; a guess."""


@dataclass(frozen=True, slots=True)
class SensorSpec:
    """Hold everything that stands between the bone and the samples; the defaults are a perfect sensor.

    Parameters
    ----------
    rate_hz
        Nominal rate, 20 to 1000.
    mounting_deg
        Rotation vector of the sensor on the skin, after the quarter turns.
    quarter_turns
        Gross mounting: turns of 90° about x, then y, then z.
    lumbar_share
        Share of lumbar flexion seen by a sensor at ``lumbar``.
    soft_tissue
        Share of the inclination that the skin does not follow.
    wobble_hz, wobble_damping, wobble_deg_per_mps2
        Skin and sensor as a mass on a spring: natural frequency, damping, tilt per acceleration.
    off_m
        How far the sensor sits from where `segment_pose.SOFT_TISSUE_M` has it: forward, left, up in the bone's frame.
    slip_deg, slip_s
        Tilt by which the sensor slips, and when; slips take 0.2 s.
    impact_share, impact_hz, impact_decay_s
        The plates' blow: share of the set's amplitude, frequency, decay.
    acc_noise_mps2_rthz, gyr_noise_radps_rthz
        Noise densities.
    acc_bias_mps2, gyr_bias_radps, gyr_drift_radps2
        Constant errors per axis, and the gyroscope's thermal drift per second.
    acc_scale, gyr_scale
        Scale errors per axis: 0.01 reads 1 % too much.
    misalignment_deg
        Rotation vector of the gyroscope's axes against the accelerometer's.
    acc_range_mps2, gyr_range_radps
        Where the axes clip.
    bits
        Width of a sample; 0 does not quantise.
    clock_offset_s, clock_ppm, jitter_s
        Reported time minus true time at the start, how fast the sensor's clock runs, and noise of each time stamp.
    packet, loss
        Samples per radio packet and share of packets that never arrive.
    is_stamped_by_packet
        Samples come in bursts: all of a packet bear its last sample's time, 0.1 ms apart.
    gap_s, gap_at
        Length of one long gap and where it starts, as a share of the recording.
    """

    rate_hz: float = 100.0
    mounting_deg: Vector = (0.0, 0.0, 0.0)
    quarter_turns: tuple[int, int, int] = (0, 0, 0)
    lumbar_share: float = 0.5
    soft_tissue: float = 0.0
    wobble_hz: float = 8.0
    wobble_damping: float = 0.25
    wobble_deg_per_mps2: float = 0.0
    off_m: Vector = (0.0, 0.0, 0.0)
    slip_deg: float = 0.0
    slip_s: float = 0.0
    impact_share: float = 0.0
    impact_hz: float = 25.0
    impact_decay_s: float = 0.04
    acc_noise_mps2_rthz: float = 0.0
    gyr_noise_radps_rthz: float = 0.0
    acc_bias_mps2: Vector = (0.0, 0.0, 0.0)
    gyr_bias_radps: Vector = (0.0, 0.0, 0.0)
    gyr_drift_radps2: Vector = (0.0, 0.0, 0.0)
    acc_scale: Vector = (0.0, 0.0, 0.0)
    gyr_scale: Vector = (0.0, 0.0, 0.0)
    misalignment_deg: Vector = (0.0, 0.0, 0.0)
    acc_range_mps2: float = 16 * GRAVITY_MPS2
    gyr_range_radps: float = float(np.radians(2000.0))
    bits: int = 0
    clock_offset_s: float = 0.0
    clock_ppm: float = 0.0
    jitter_s: float = 0.0
    packet: int = 1
    is_stamped_by_packet: bool = False
    loss: float = 0.0
    gap_s: float = 0.0
    gap_at: float = 0.5

    def __post_init__(self) -> None:
        if not 20.0 <= self.rate_hz <= 1000.0:
            raise ValueError(f"rate_hz = {self.rate_hz:g} is not simulated. Give 20 to 1000.")
        if not 0.0 <= self.loss < 1.0 or self.packet < 1:
            raise ValueError("loss is a share below 1 and packet at least one sample.")

    @property
    def q_bs(self) -> Array:
        """The mounting: takes sensor vectors to the bone, (4,)."""
        q = np.array([1.0, 0.0, 0.0, 0.0])
        for axis, turns in enumerate(self.quarter_turns):
            q = multiply(q, from_rotation_vector(np.eye(3)[axis] * turns * np.pi / 2))
        return multiply(q, from_rotation_vector(np.radians(self.mounting_deg)))

    @staticmethod
    def draw(rng: np.random.Generator, placement: str = "sacrum", *, rate_hz: float | None = None) -> SensorSpec:
        """Return a random cheap sensor, mounted as people mount them (facts, section 6.3).

        Parameters
        ----------
        rng
        placement
            Decides soft tissue and how hard impacts come through.
        rate_hz
            Drawn where None.
        """
        tilt = rng.normal(0.0, 8.0, 3)
        tilt *= min(1.0, 25.0 / float(np.linalg.norm(tilt)))
        turns = (0, 0, 0) if rng.random() < 0.3 else tuple(int(t) for t in rng.integers(0, 4, 3))
        unit = rng.standard_normal((6, 3))
        unit /= np.linalg.norm(unit, axis=1, keepdims=True)
        return SensorSpec(
            rate_hz=float(rng.choice([50.0, 100.0, 100.0, 104.0, 200.0])) if rate_hz is None else rate_hz,
            mounting_deg=_vector(tilt),
            quarter_turns=(turns[0], turns[1], turns[2]),
            lumbar_share=float(rng.uniform(0.4, 0.6)),
            soft_tissue=float(rng.uniform(*SOFT_TISSUE[placement])),
            wobble_hz=float(rng.uniform(6.0, 12.0)),
            wobble_damping=float(rng.uniform(0.15, 0.35)),
            wobble_deg_per_mps2=float(rng.uniform(0.05, 0.25)),
            impact_share=IMPACT_SHARE[placement] * float(rng.uniform(0.7, 1.3)),
            impact_hz=float(rng.uniform(15.0, 40.0)),
            impact_decay_s=float(rng.uniform(0.03, 0.06)),
            acc_noise_mps2_rthz=float(rng.uniform(100e-6, 200e-6)) * GRAVITY_MPS2,
            gyr_noise_radps_rthz=float(np.radians(rng.uniform(0.005, 0.015))),
            acc_bias_mps2=_vector(unit[0] * rng.uniform(0.005, 0.040) * GRAVITY_MPS2),
            gyr_bias_radps=_vector(unit[1] * np.radians(rng.uniform(0.3, 3.0))),
            gyr_drift_radps2=_vector(unit[2] * np.radians(rng.uniform(0.0, 0.02)) * (rng.random() < 0.5)),
            acc_scale=_vector(rng.uniform(-0.01, 0.01, 3)),
            gyr_scale=_vector(rng.uniform(-0.015, 0.015, 3)),
            misalignment_deg=_vector(unit[3] * rng.uniform(0.0, 1.0)),
            acc_range_mps2=float(rng.choice([8.0, 16.0])) * GRAVITY_MPS2,
            bits=16,
            clock_offset_s=float(min(abs(rng.normal(0.0, 0.015)), 0.1)),
            clock_ppm=float(rng.uniform(-50.0, 50.0)),
            jitter_s=float(rng.choice([0.0, rng.uniform(0.0, 0.002)])),
            packet=int(rng.integers(1, 6)),
            loss=float(rng.choice([0.0, rng.uniform(0.0, 0.03)])),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Hold what a sensor delivers, and how it truly was turned at those samples.

    Parameters
    ----------
    samples
    q_ws : (n, 4)
        True orientation of the sensor at each sample.
    true_time_s : (n,) [s]
        When each sample was truly taken.
    """

    samples: Samples
    q_ws: Array = field(repr=False)
    true_time_s: Array = field(repr=False)


def read(
    bone: SegmentPose, spec: SensorSpec, *, impacts: tuple[tuple[float, float], ...], rng: np.random.Generator
) -> Reading:
    """Return what a sensor over a bone delivers.

    Parameters
    ----------
    bone
        On the simulator's own grid.
    spec
    impacts
        Each (time [s], amplitude at the pelvis [m/s²]).
    rng
        Noise, jitter and losses are drawn from it.
    """
    n = bone.inclination_rad.size
    time = np.arange(n) / INTERNAL_RATE_HZ
    acc_w = acceleration(bone.position_m)
    acc_w += _shock(time, spec, impacts, rng)
    q_ws = multiply(_soft_tissue(bone, spec, time, acc_w), np.broadcast_to(spec.q_bs, (n, 4)))
    force = rotate(conjugate(q_ws), acc_w + np.array([0.0, 0.0, GRAVITY_MPS2]))
    rate = angular_rate(q_ws)
    return _deliver(time, np.concatenate([force, rate, q_ws], axis=1), spec, rng)


def _soft_tissue(bone: SegmentPose, spec: SensorSpec, time: Array, acc_w: Array) -> Array:
    """Return the orientation of the skin, which follows the bone with give, wobble and slip, (n, 4)."""
    inclination = bone.inclination_rad * (1.0 - spec.soft_tissue)
    side = bone.side_rad.copy()
    if spec.wobble_deg_per_mps2:
        ahead = acc_w[:, 0] * np.cos(bone.turn_rad) + acc_w[:, 1] * np.sin(bone.turn_rad)
        drive = ahead * np.cos(bone.inclination_rad) - acc_w[:, 2] * np.sin(bone.inclination_rad) + 0.5 * acc_w[:, 2]
        spring = {"rate_hz": INTERNAL_RATE_HZ, "natural_hz": spec.wobble_hz, "damping": spec.wobble_damping}
        inclination = inclination + np.radians(spec.wobble_deg_per_mps2) * oscillator(drive, **spring)
        side += 0.3 * np.radians(spec.wobble_deg_per_mps2) * oscillator(acc_w[:, 2], **spring)
    if spec.slip_deg:
        slipped = np.radians(spec.slip_deg) * minimum_jerk(np.clip((time - spec.slip_s) / 0.2, 0.0, 1.0))
        inclination, side = inclination + slipped, side + 0.2 * slipped
    return orientation(inclination, side, bone.turn_rad)


def _shock(time: Array, spec: SensorSpec, impacts: tuple[tuple[float, float], ...], rng: np.random.Generator) -> Array:
    """Return the plates' blows as acceleration in the world, (n, 3) [m/s²]."""
    shock = np.zeros((time.size, 3))
    for at_s, amplitude in impacts:
        first = int(np.searchsorted(time, at_s + rng.uniform(0.0, 0.01)))
        t = time[first : first + int(10 * spec.impact_decay_s * INTERNAL_RATE_HZ)] - at_s
        direction = np.array([rng.normal(0.0, 0.25), rng.normal(0.0, 0.15), 1.0])
        wave = np.exp(-t / spec.impact_decay_s) * np.sin(2 * np.pi * spec.impact_hz * t)
        shock[first : first + t.size] += spec.impact_share * amplitude * wave[:, None] * direction
    return shock


def _deliver(time: Array, clean: Array, spec: SensorSpec, rng: np.random.Generator) -> Reading:
    """Sample force, rate and orientation (n, 10) as the electronics, the clock and the radio do."""
    period = 1.0 / spec.rate_hz
    count = int(time[-1] / (period * (1.0 + spec.clock_ppm * 1e-6))) + 1
    true_s: Array = np.arange(count, dtype=np.float64) * period * (1.0 + spec.clock_ppm * 1e-6)
    at = np.stack([np.interp(true_s, time, column) for column in clean.T], axis=1)
    density = np.sqrt(spec.rate_hz / 2.0)
    acc = at[:, :3] * (1.0 + np.array(spec.acc_scale)) + np.array(spec.acc_bias_mps2)
    acc += rng.standard_normal((count, 3)) * spec.acc_noise_mps2_rthz * density
    gyr = rotate(from_rotation_vector(np.radians(spec.misalignment_deg)), at[:, 3:6]) * (1.0 + np.array(spec.gyr_scale))
    gyr += np.array(spec.gyr_bias_radps) + np.array(spec.gyr_drift_radps2) * true_s[:, None]
    gyr += rng.standard_normal((count, 3)) * spec.gyr_noise_radps_rthz * density
    is_clipped = (np.abs(acc) >= spec.acc_range_mps2).any(axis=1) | (np.abs(gyr) >= spec.gyr_range_radps).any(axis=1)
    acc, gyr = _quantised(acc, spec.acc_range_mps2, spec.bits), _quantised(gyr, spec.gyr_range_radps, spec.bits)
    reported: Array = np.arange(count, dtype=np.float64) * period + spec.clock_offset_s
    if spec.jitter_s:
        reported = np.sort(reported + np.clip(rng.normal(0.0, spec.jitter_s, count), -0.45 * period, 0.45 * period))
    if spec.is_stamped_by_packet:
        place = np.arange(count) % spec.packet
        last = np.minimum(np.arange(count) - place + spec.packet - 1, count - 1)
        reported = reported[last] - 1e-4 * (spec.packet - 1 - place)
    arrived = _arrived(true_s, spec, rng)
    q_ws = at[:, 6:] / np.linalg.norm(at[:, 6:], axis=1, keepdims=True)
    flags = np.where(is_clipped, int(Flag.CLIPPED), 0)
    return Reading(
        Samples(reported[arrived], acc[arrived], gyr[arrived], flags[arrived].astype(np.uint16)),
        q_ws[arrived],
        true_s[arrived],
    )


def _arrived(true_s: Array, spec: SensorSpec, rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Draw which samples arrive, packet by packet."""
    count = true_s.size
    lost = rng.random(count // spec.packet + 1) < spec.loss
    arrived = ~np.repeat(lost, spec.packet)[:count]
    if spec.gap_s:
        start = spec.gap_at * true_s[-1]
        arrived &= (true_s < start) | (true_s >= start + spec.gap_s)
    return np.asarray(arrived)


def _quantised(values: Array, limit: float, bits: int) -> Array:
    """Clip to the range and round to the sample's width."""
    clipped = np.clip(values, -limit, limit)
    if not bits:
        return clipped
    quantum = limit / 2 ** (bits - 1)
    return np.asarray(np.clip(np.round(clipped / quantum), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * quantum)


def _vector(values: Array) -> Vector:
    """Return three plain numbers."""
    return float(values[0]), float(values[1]), float(values[2])
