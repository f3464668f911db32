"""Give the time courses a movement can take, slow places inside it, and smooth random noise.

It knows no joint: everything here maps progress 0..1 to progress 0..1, or makes one column of numbers.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from imu_hinge.model import Array

FAMILIES: Final = ("minimum_jerk", "skewed_minimum_jerk", "raised_cosine", "trapezoid")
"""Names of the progress profiles; a lifter has one."""

_TABLE: Final = 2001
"""Chosen: so finely a course is tabulated before it is interpolated."""


def minimum_jerk(u: Array) -> Array:
    """Return the minimum-jerk course 10 u³ - 15 u⁴ + 6 u⁵."""
    return np.asarray(u**3 * (10.0 - 15.0 * u + 6.0 * u * u))


def profile(u: Array, family: str, skew: float = 1.0) -> Array:
    """Return progress after the share ``u`` of the time, both from 0 to 1.

    Parameters
    ----------
    u
        Share of the time, clipped to 0..1.
    family
        One of `FAMILIES`.
    skew
        Above 1 the movement is late, below 1 early; read by the skewed family.
    """
    u = np.clip(u, 0.0, 1.0)
    if family == "minimum_jerk":
        return minimum_jerk(u)
    if family == "skewed_minimum_jerk":
        return minimum_jerk(u**skew)
    if family == "raised_cosine":
        return np.asarray(0.5 - 0.5 * np.cos(np.pi * u))
    if family == "trapezoid":
        return _trapezoid(u, ramp=0.35)
    raise ValueError(f"{family!r} is no profile. Use one of {', '.join(FAMILIES)}.")


def _trapezoid(u: Array, ramp: float) -> Array:
    """Integrate a velocity that ramps up as a raised cosine, stays, and ramps down."""
    grid = np.linspace(0.0, 1.0, _TABLE)
    edge = np.clip(np.minimum(grid, 1.0 - grid) / ramp, 0.0, 1.0)
    area = np.cumsum(0.5 - 0.5 * np.cos(np.pi * edge))
    return np.asarray(np.interp(u, grid, (area - area[0]) / (area[-1] - area[0])))


def slow_places(u: Array, places: tuple[tuple[float, float, float], ...]) -> Array:
    """Return progress that lingers around given places, from 0 to 1.

    Parameters
    ----------
    u
        Share of the time.
    places
        Each (where, how much slower, how wide): 0.5, 3, 0.05 makes the middle take up to four times as long.
    """
    if not places:
        return u
    progress = np.linspace(0.0, 1.0, _TABLE)
    pace = np.ones(_TABLE)
    for where, slower, width in places:
        pace += slower * np.exp(-(((progress - where) / width) ** 2))
    time = np.concatenate([[0.0], np.cumsum(0.5 * (pace[1:] + pace[:-1]))])
    return np.asarray(np.interp(u, time / time[-1], progress))


def extra_time(places: tuple[tuple[float, float, float], ...]) -> float:
    """Return by what factor the slow places lengthen a movement."""
    return 1.0 + sum(slower * width * math.sqrt(math.pi) for _, slower, width in places)


def smooth(columns: Array, *, width: int) -> Array:
    """Smooth columns ``(n, k)`` along time with a Hann window of that many samples, ends held."""
    half = width // 2
    if half < 1:
        return columns
    window = np.hanning(2 * half + 3)[1:-1]
    window /= window.sum()
    padded = np.concatenate([np.repeat(columns[:1], half, 0), columns, np.repeat(columns[-1:], half, 0)])
    return np.stack([np.convolve(padded[:, i], window, mode="valid") for i in range(columns.shape[1])], axis=1)


def band_noise(rng: np.random.Generator, n: int, *, rate_hz: float, low_hz: float, high_hz: float) -> Array:
    """Return Gaussian noise of unit standard deviation between two frequencies.

    Parameters
    ----------
    rng
    n
        Samples.
    rate_hz
    low_hz, high_hz
        Where the spectrum has fallen to 1/e.

    Returns
    -------
    (n,)
    """
    size = 1 << max(int(np.ceil(np.log2(max(n, 2)))), int(np.ceil(np.log2(4 * rate_hz / max(low_hz, 0.02)))))
    spectrum = np.fft.rfft(rng.standard_normal(size))
    hz = np.fft.rfftfreq(size, 1.0 / rate_hz)
    spectrum *= np.exp(
        -((np.log2(np.maximum(hz, 1e-9) / np.sqrt(low_hz * high_hz)) / max(0.5 * np.log2(high_hz / low_hz), 0.25)) ** 4)
    )
    noise = np.fft.irfft(spectrum, size)
    return np.asarray(noise[:n] / np.std(noise))


def oscillator(drive: Array, *, rate_hz: float, natural_hz: float, damping: float) -> Array:
    """Return how a damped mass on a spring follows a drive, with a static gain of one.

    Parameters
    ----------
    drive : (n,)
    rate_hz
    natural_hz
    damping
        As a share of critical, below 1.

    Returns
    -------
    (n,)
        In the drive's unit.
    """
    omega = 2.0 * np.pi * natural_hz
    damped = omega * np.sqrt(1.0 - damping**2)
    lasts = min(int(rate_hz * 7.0 / (damping * omega)) + 2, 4 * int(rate_hz))
    t = np.arange(lasts) / rate_hz
    response = np.exp(-damping * omega * t) * np.sin(damped * t)
    response /= response.sum()
    size = 1 << int(np.ceil(np.log2(drive.size + lasts)))
    followed = np.fft.irfft(np.fft.rfft(drive - drive[0], size) * np.fft.rfft(response, size), size)
    return np.asarray(followed[: drive.size] + drive[0])
