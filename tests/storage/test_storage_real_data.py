"""Real people's recordings pass the unit checks as they are and fail them in g or in deg/s."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from imu_hinge.errors import UnknownUnits
from imu_hinge.model import Samples
from imu_hinge.storage.screening.checks import check_samples

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no real recordings at {DATA}")


def sisfall():
    data = np.load(DATA / "sisfall_squat_vs_bend.npz", allow_pickle=False)
    scale = json.loads(str(data["meta_json"]))["scale"]
    acc, gyr = data["adxl"] * scale["adxl_mps2"], data["gyr"] * scale["itg_rads"]
    for start, stop in pairwise(data["offsets"]):
        yield Samples(np.arange(stop - start) / 200.0, acc[start:stop], gyr[start:stop])


def trunkyxl():
    data = np.load(DATA / "trunkyxl_back_c7_t10_sacrum.npz", allow_pickle=False)
    for start, stop in pairwise(data["offsets"]):
        for place in ("c7", "t10", "s2"):
            acc, gyr = data[f"{place}_acc"][start:stop], data[f"{place}_gyr"][start:stop]
            yield Samples(np.arange(stop - start) / 50.0, acc, gyr)


def umafall():
    data = np.load(DATA / "umafall_waist_chest_bending.npz", allow_pickle=False)
    for place in ("waist", "chest", "ankle"):
        times, acc, gyr = (data[f"{place}_{part}"] for part in ("t", "acc", "gyr"))
        offsets = data[f"{place}_offsets"]
        for start, stop in pairwise(offsets):
            if stop > start:  # some trials have no ankle sensor
                yield Samples(times[start:stop], acc[start:stop], gyr[start:stop])


def metamotion():
    data = np.load(DATA / "metamotion_wrist_barbell.npz", allow_pickle=False)
    acc_ends, gyr_ends = data["acc_offsets"], data["gyr_offsets"]
    for i in range(len(acc_ends) - 1):
        acc_part, gyr_part = slice(acc_ends[i], acc_ends[i + 1]), slice(gyr_ends[i], gyr_ends[i + 1])
        time_s, gyr_s, gyr = data["acc_t"][acc_part], data["gyr_t"][gyr_part], data["gyr"][gyr_part]
        turned = np.column_stack([np.interp(time_s, gyr_s, gyr[:, axis]) for axis in range(3)])
        yield Samples(time_s, data["acc"][acc_part], turned)


def qmt_trunk():
    data = np.load(DATA / "qmt_trunk" / "full_body_trunk.npz", allow_pickle=False)
    for place in ("hip", "lower_back", "upper_back"):
        yield Samples(data["t"], data[f"{place}_acc"], data[f"{place}_gyr"])


def broad():
    for path in sorted((DATA / "broad").glob("*.npz")):
        data = np.load(path, allow_pickle=False)
        yield Samples(np.arange(len(data["acc"])) / float(data["fs"]), data["acc"], data["gyr"])


SOURCES = {f.__name__: f for f in (sisfall, trunkyxl, umafall, metamotion, qmt_trunk, broad)}
TRIALS = {"sisfall": 625, "trunkyxl": 54, "umafall": 402, "metamotion": 50, "qmt_trunk": 3, "broad": 8}

REFUSED_AS_THEY_ARE = {"umafall": 1}
"""A chest sensor that reads 2.5 m/s² at rest: a quarter of gravity, in the data themselves."""

IN_G_BUT_CALLED_OTHERWISE = {"umafall": 18}
"""Trials of UMAFall in which the sensor reads a quarter of gravity for a part of the time."""


def outcome(samples):
    try:
        check_samples("hip", samples)
    except UnknownUnits as error:
        return next(name for name in ("in g ", "deg/s", "gravity taken out", "of its own") if name in str(error))
    return "passed"


@pytest.fixture(scope="module", params=sorted(SOURCES))
def trials(request):
    return request.param, list(SOURCES[request.param]())


def test_real_recordings_pass_as_they_are(trials):
    name, samples = trials
    assert len(samples) == TRIALS[name]
    found = Counter(map(outcome, samples))
    assert found["passed"] == len(samples) - REFUSED_AS_THEY_ARE.get(name, 0), found


def test_real_recordings_in_g_are_refused(trials):
    name, samples = trials
    found = Counter(outcome(Samples(s.time_s, s.acc / 9.80665, s.gyr)) for s in samples)
    assert found["passed"] == 0, found
    assert found["in g "] >= len(samples) - IN_G_BUT_CALLED_OTHERWISE.get(name, 0), found


def test_real_recordings_in_degrees_are_refused(trials):
    name, samples = trials
    found = Counter(outcome(Samples(s.time_s, s.acc, np.degrees(s.gyr))) for s in samples)
    assert found["deg/s"] >= len(samples) - REFUSED_AS_THEY_ARE.get(name, 0), found
