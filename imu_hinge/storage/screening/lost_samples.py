"""Tell whether samples were lost although the time stamps are even: a recorder that numbers what arrives hides it.

It mends nothing: which samples are missing is known, how much later they were taken is not told by even stamps. Holes
that the stamps show are `timeline`'s.

Notes
-----
Over five steps of a quick, smooth turn the angular rate changes by nearly the same from sample to sample. Where one
sample is missing, one step is twice as large as those beside it. Noise makes steps too large and too small alike, so
the steps that are nearly nothing are counted against those that are twice as large.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from imu_hinge.model import Samples

EVEN: Final = 0.05
"""Stamps whose steps differ by less than this share are numbered, not measured; a radio's arrivals differ by more."""

ABOVE_NOISE: Final = 5.0
"""A step says something where its neighbours are this many times the gyroscope's own noise ..."""

SMOOTH: Final = 0.3
"""... and differ from one another by less than this share of their size: a blow is no smooth turn ..."""

ALONG: Final = 0.35
"""... and where it goes the same way, with no more than this share of their size across."""

TWICE: Final = (1.65, 2.4)  # twice the turn, less and more of it
NOTHING: Final = (-0.4, 0.35)
"""Steps against their neighbours, as far from 1 on either side: a lost sample, and as much noise."""

LEAST_STEPS: Final = 100
"""Chosen: fewer tell no share of one in a hundred."""
LEAST_SHARE: Final = 0.01
"""A hundredth of all samples lost hardly shows in the angles; radios that trouble anybody lose 2 % and more."""

MOST: Final = 60_000
"""Samples that are looked at: ten minutes at 100 Hz. Loss that numbering hides goes on all the time."""

SURE: Final = 3.0
"""So many standard deviations of their difference more steps are twice as large than nearly nothing."""


def lost_samples(placement: str, samples: Samples) -> str:
    """Return a sentence where samples are surely missing between even stamps, or nothing.

    Parameters
    ----------
    placement
        Names the sensor in the text.
    samples
        In order.
    """
    count, twice, nothing = _steps(samples[:MOST])
    more = twice - nothing
    if count < LEAST_STEPS or more < LEAST_SHARE * count or more < SURE * np.sqrt(twice + nothing):
        return ""
    return (
        f"Some {100.0 * more / count:.0f} % of the {placement} sensor's samples seem to be lost though its time stamps "
        f"are even: in {twice} of {count} steps of a quick turn it turned on twice as far as beside them. Times and "
        "angles may be off by more than their bands: record the sensor's own time stamps or counter."
    )


def _steps(samples: Samples) -> tuple[int, int, int]:
    """Return how many steps of the angular rate can be judged, how many are twice as large, how many nearly nothing."""
    if len(samples) < LEAST_STEPS:
        return 0, 0, 0
    period_s = np.diff(samples.time_s)
    usual_s = float(np.median(period_s))
    is_even = np.abs(period_s - usual_s) < EVEN * usual_s
    noise = np.median(np.abs(np.diff(samples.gyr, n=4, axis=0))) / (0.6745 * np.sqrt(70.0))  # 1 + 16 + 36 + 16 + 1
    step = np.diff(samples.gyr, axis=0)
    five = np.stack([step[k : len(step) - 4 + k] for k in range(5)])  # (5, n - 5, 3), the middle one is judged
    others, middle = five[[0, 1, 3, 4]], five[2]
    mean = others.mean(axis=0)
    size2 = np.einsum("ij,ij->i", mean, mean)
    apart2 = np.einsum("kij,kij->i", others - mean, others - mean) / 4.0  # the mean over four
    known = np.all([is_even[k : len(step) - 4 + k] for k in range(5)], axis=0)
    known &= (size2 > (ABOVE_NOISE * noise) ** 2) & (apart2 < SMOOTH**2 * size2)
    mean, middle, size2 = mean[known], middle[known], size2[known]
    along = np.einsum("ij,ij->i", middle, mean) / size2
    across2 = np.einsum("ij,ij->i", middle, middle) / size2 - along**2
    along = along[across2 < ALONG**2]
    twice, nothing = (int(np.count_nonzero((along > a) & (along < b))) for a, b in (TWICE, NOTHING))
    return along.size, twice, nothing
