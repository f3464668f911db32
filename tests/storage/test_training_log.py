"""Logs of Hevy and Strong are read by their headers; what is wrong is named with its line."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from imu_hinge.errors import RecordingError, UnknownUnits
from imu_hinge.storage.training_log import FILE_NAME, exercise_of, iso_time, keep, read_kept, read_log

HEVY = """title,start_time,end_time,description,exercise_title,superset_id,exercise_notes,\
set_index,set_type,weight_kg,reps,distance_km,duration_seconds,rpe
"Pull","22 Dec 2025, 08:00","22 Dec 2025, 09:00","","Deadlift (Barbell)",,"",0,warmup,60,5,,,
"Pull","22 Dec 2025, 08:00","22 Dec 2025, 09:00","","Deadlift (Barbell)",,"",1,normal,102.5,5,,,8
"Pull","22 Dec 2025, 08:00","22 Dec 2025, 09:00","","Bicep Curl",,"",0,normal,15,12,,,
"Pull","22 Dec 2025, 08:00","22 Dec 2025, 09:00","","Romanian Deadlift (Barbell)",,"",0,normal,80,many,,,
"Pull","2025-12-23T18:00:00","","","Kettlebell Swing",,"",0,normal,24,15,,,
"""
STRONG = """Date;Workout Name;Exercise Name;Set Order;Weight;Reps;Distance;Seconds;RPE
2025-12-22 08:00:00;A;Deadlift (Barbell);W;60,0;5;0;0;
2025-12-22 08:00:00;A;Deadlift (Barbell);Rest Timer;0;0;0;180;
2025-12-22 08:00:00;A;Deadlift (Barbell);1;225,5;5;0;0;8,5
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "log.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_hevy_has_its_unit_in_the_header(tmp_path: Path) -> None:
    log = read_log(written(tmp_path, HEVY))
    told = [(one.start, one.place, one.exercise, one.reps, one.load_kg) for one in log.sets]
    assert told == [
        ("2025-12-22T08:00:00", 0, "deadlift", 5, 60.0),
        ("2025-12-22T08:00:00", 1, "deadlift", 5, 102.5),
        ("2025-12-23T18:00:00", 0, "swing", 15, 24.0),
    ]
    assert log.sets[1].rpe == 8.0
    assert math.isnan(log.sets[0].rpe)
    assert log.others == 1
    assert log.problems == ("line 5: reps is 'many', no number",)


def test_pounds_in_the_header_become_kilograms(tmp_path: Path) -> None:
    log = read_log(written(tmp_path, HEVY.replace("weight_kg", "weight_lbs")))
    assert log.sets[0].load_kg == pytest.approx(27.2155, abs=1e-4)


def test_strong_is_asked_for_its_unit_and_rests_are_no_sets(tmp_path: Path) -> None:
    path = written(tmp_path, STRONG)
    with pytest.raises(UnknownUnits, match=r"does not say the unit of 'weight'. Add --unit kg or --unit lb"):
        read_log(path)
    log = read_log(path, unit="lb")
    assert [(one.reps, round(one.load_kg, 1), one.rpe) for one in log.sets[1:]] == [(5, 102.3, 8.5)]
    assert len(log.sets) == 2
    assert log.problems == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column of weights"),
        ("a,b\n1,2\n", "no column of weights"),
        ("Weight (kg),Reps\n1,2\n", "no column start_time, exercise_title"),
    ],
)
def test_what_is_no_log_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RecordingError, match=said):
        read_log(written(tmp_path, text))


def test_a_load_that_cannot_be_is_named_with_its_line(tmp_path: Path) -> None:
    log = read_log(written(tmp_path, HEVY.replace("102.5", "10250")))
    assert log.problems[0] == "line 3: 10250 kg is no load"


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("Romanian Deadlift (Dumbbell)", "rdl"),
        ("Stiff-Legged Deadlift", "rdl"),
        ("Sumo Deadlift", "deadlift"),
        ("Good Morning (Barbell)", "good_morning"),
        ("Front Squat", "squat"),
        ("Bench Press", None),
    ],
)
def test_names_of_exercises(name: str, ours: str | None) -> None:
    assert exercise_of(name) == ours


def test_times_of_all_forms_are_one() -> None:
    forms = ("22 Dec 2025, 08:00", "2025-12-22 08:00:00", "2025-12-22T08:00:00+01:00", "Dec 22, 2025, 8:00 AM")
    assert {iso_time(form) for form in forms} == {"2025-12-22T08:00:00"}
    with pytest.raises(ValueError, match="in no form that is known"):
        iso_time("yesterday")


def test_importing_again_changes_only_what_was_corrected(tmp_path: Path) -> None:
    sets = read_log(written(tmp_path, HEVY)).sets
    assert keep(tmp_path, sets) == (3, 0)
    before = (tmp_path / FILE_NAME).read_bytes()
    assert keep(tmp_path, sets) == (0, 0)
    assert (tmp_path / FILE_NAME).read_bytes() == before
    assert keep(tmp_path, read_log(written(tmp_path, HEVY.replace("102.5", "105"))).sets) == (0, 1)
    assert [one.load_kg for one in read_kept(tmp_path)] == [60.0, 105.0, 24.0]
    assert keep(tmp_path, sets, athlete="Bo") == (3, 0)


def test_a_broken_file_is_refused_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("{", encoding="utf-8")
    with pytest.raises(RecordingError, match=r"is broken.*import the log again"):
        keep(tmp_path, read_log(written(tmp_path, HEVY)).sets)
    assert (tmp_path / FILE_NAME).read_text(encoding="utf-8") == "{"
