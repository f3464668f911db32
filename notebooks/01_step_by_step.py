# %% [markdown]
# # From samples to verdicts, one step at a time
#
# The recording is one that comes with the package. It is **simulated**: no person was measured. Open this file as a
# notebook (Jupytext, VS Code, Spyder) or run it as it is, from this folder.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import imu_hinge as ih
from imu_hinge import conventions as cv

FOLDER = Path("..") / "recordings" / "simulated_deadlift_hinge_5_reps"

# %% [markdown]
# ## 1. Read
# Two sensors, one on the sacrum, one at T12/L1. Seconds, m/s² including gravity, rad/s, checked at the door.

# %%
recording = ih.read(FOLDER)
for placement, samples in recording.sensors.items():
    print(f"{placement}: {len(samples)} samples, {samples.time_s[-1] - samples.time_s[0]:.1f} s")

# %% [markdown]
# ## 2. Orientation
# Every sensor goes on one even grid and through the filter, forward and backward. What is left of the orientation is
# where *up* is, seen from the sensor: heading is arbitrary and never used.

# %%
from imu_hinge.analysis.offline import tracks_of

settings = ih.Settings()
tracks, _ = tracks_of(recording, settings)
sacrum = tracks["sacrum"]
print("up, in the sacrum sensor's own axes, at first:", np.round(sacrum.up_s[0], 2))
print(f"quiet enough to trust gravity: {100 * sacrum.is_stationary.mean():.0f} % of the time")

# %% [markdown]
# ## 3. Alignment
# Quiet standing gives the vertical, the bends give forward. Nobody holds a pose, and a sensor may sit any way round.

# %%
from imu_hinge.analysis.pipeline import align

aligned = align(tracks, settings, is_live=False)
assert aligned is not None, "nobody bends"
for placement, mounting in aligned.mountings.items():
    print(f"{placement}: the bends share {mounting.share:.3f} of one axis")

# %%
posture = aligned.posture
figure, axes = plt.subplots(figsize=(9, 3), layout="constrained")
for index, name in ((cv.PELVIS_TILT, "pelvis tilt"), (cv.TRUNK_INCLINATION, "trunk inclination")):
    axes.plot(posture.time_s, np.degrees(posture.angle_rad(index)), label=name)
axes.set(xlabel="time (s)", ylabel="change from standing (°)")
axes.legend()

# %% [markdown]
# ## 4. Reps
# A set on the floor begins with an unloaded bend to the bar: N reps have N lockouts between N + 1 bends.

# %%
from imu_hinge.reps.exercise import find_lifts

athlete = recording.athlete or ih.Athlete(height_m=1.75)
found = find_lifts(posture, athlete, told="auto", settings=settings.reps)
lifts = found.lifts
print(f"{found.exercise}, because {found.evidence}: {len(lifts)} reps")

# %% [markdown]
# ## 5. Linkage
# The body is a chain closed over the bar. It tells the hips and the knees, each with a standard deviation; with a
# single sensor it tells the lumbar spine too, with a wider one.

# %%
from imu_hinge.analysis.pipeline import link_sets

posture, _ = link_sets(aligned, found.sets, athlete)
for index, name in enumerate(cv.ANGLES):
    values, sd = (np.degrees(x[lifts[0].start, index]) for x in (posture.angles_rad, posture.sd_rad))
    print(f"{name:18} {values:5.1f} ± {sd:.1f} degrees where the bar leaves the floor")

# %% [markdown]
# ## 6. Verdicts
# Each rep against the athlete's own limit. A verdict may be *undecided*.

# %%
from imu_hinge.analysis.pipeline import build_rep

reps: list[ih.Rep] = []
for lift in lifts:
    rep = build_rep(
        posture,
        lift,
        exercise=found.exercise,
        athlete=athlete,
        settings=settings,
        earlier=reps,
        aligned=aligned,
    )
    reps.append(rep)
    print(f"rep {rep.rep + 1}: {rep.verdict.label}, {rep.verdict.confidence:.0%} sure: {rep.verdict.reason}")

# %% [markdown]
# ## All of it in one line

# %%
result = ih.analyze(ih.read(FOLDER))
result.reps[["rep", "start_s", "lumbar_flexion_peak_deg", "lumbar_flexion_peak_sd_deg", "basis", "verdict"]]

# %%
from imu_hinge.report.plots import plot_set

figure = plot_set(result)
