"""Check the figures by what lies on their Axes: data, labels with units, limits, words; and how they are saved."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

import imu_hinge.report
from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.errors import SettingsError
from imu_hinge.report import plots, style, wording
from imu_hinge.report.html import page
from imu_hinge.result import SetResult

Maker = Callable[..., SetResult]


def line(ax: Axes, label: str) -> Line2D:
    """Return the one line whose label begins so."""
    (found,) = [artist for artist in ax.get_lines() if str(artist.get_label()).startswith(label)]
    return found


def labels(ax: Axes) -> list[str]:
    return ax.get_legend_handles_labels()[1]


def texts(ax: Axes) -> str:
    return " ".join(text.get_text() for text in ax.texts)


def test_angles_are_drawn_as_they_are(make_set: Maker) -> None:
    result = make_set(5)
    ax = plots.plot_angles(result)
    for index, name in ((cv.PELVIS_TILT, "pelvis tilt"), (cv.TRUNK_INCLINATION, "trunk inclination")):
        drawn = line(ax, name)
        np.testing.assert_array_equal(drawn.get_xdata(), result.posture.time_s)
        np.testing.assert_array_equal(drawn.get_ydata(), np.degrees(result.posture.angle_rad(index)))
        assert drawn.get_color() == style.SEGMENT_COLOURS[cv.ANGLES[index]]
    assert ax.get_xlim() == (result.posture.time_s[0], result.posture.time_s[-1])


def test_every_axis_has_its_unit(make_set: Maker) -> None:
    for ax in plots.plot_set(make_set(3)).axes:
        assert re.search(r"\((s|°|%)\)$", ax.get_xlabel()), ax.get_xlabel()
        assert re.search(r"\(°\)$", ax.get_ylabel()), ax.get_ylabel()


def test_every_title_says_exercise_count_basis_and_simulated(make_set: Maker) -> None:
    result = make_set(4, seen="inferred")
    for draw in (plots.plot_angles, plots.plot_lumbar, plots.plot_reps, plots.plot_angle_angle):
        assert re.split(" · |\n", draw(result).get_title(loc="left")) == wording.title(result).split(" · ")
    assert wording.title(result) in str(plots.plot_set(result).get_suptitle())
    assert "SIMULATED" in wording.title(result)


@pytest.mark.parametrize("draw", [plots.plot_angles, plots.plot_reps, plots.plot_angle_angle])
def test_the_longest_title_fits_its_figure(make_set: Maker, draw: Callable[..., Axes]) -> None:
    ax = draw(make_set(20, exercise="rdl", seen="pelvis", rate_hz=25.0))
    style.figure_bytes(ax.figure, ".png")  # drawing lays the figure out
    (title,) = [text for text in ax.get_children() if getattr(text, "get_text", str)().startswith("SIMULATED")]
    assert title.get_window_extent().x1 <= ax.figure.get_window_extent().x1


def test_a_given_axes_is_used_and_given_back(make_set: Maker) -> None:
    for draw in (plots.plot_angles, plots.plot_reps, plots.plot_angle_angle):
        ax = Figure(figsize=(8, 6)).add_subplot()
        assert draw(make_set(2), ax=ax) is ax


def test_mean_curves_are_the_mean_of_the_reps(make_set: Maker) -> None:
    result = make_set(3)
    ax = plots.plot_reps(result)
    pelvis = np.degrees(result.posture.angle_rad(cv.PELVIS_TILT))
    starts = np.interp([lift.start_s for lift in result.lifts], result.posture.time_s, pelvis)
    drawn = np.asarray(line(ax, "pelvis tilt").get_ydata())
    assert drawn[0] == pytest.approx(starts.mean())
    assert np.asarray(line(ax, "pelvis tilt").get_xdata())[50] == 50.0
    assert ax.get_xlim() == (0.0, 100.0)


def test_the_filled_gap_lies_between_pelvis_and_trunk(make_set: Maker) -> None:
    ax = plots.plot_reps(make_set(3))
    (gap,) = [c for c in ax.collections if c.get_label() == "lumbar flexion, measured"]
    corners = gap.get_paths()[0].vertices
    pelvis, trunk = (np.asarray(line(ax, name).get_ydata()) for name in ("pelvis tilt", "trunk inclination"))
    at_20 = corners[np.isclose(corners[:, 0], 20.0), 1]
    assert sorted(at_20) == pytest.approx([pelvis[20], trunk[20]])


def nothing_known(lumbar_deg: np.ndarray) -> np.ndarray:
    return np.full_like(lumbar_deg, np.nan)


def extended_throughout(lumbar_deg: np.ndarray) -> np.ndarray:
    return -8.0 - 0.1 * lumbar_deg


def known_for_an_instant(lumbar_deg: np.ndarray) -> np.ndarray:
    return np.where(np.arange(lumbar_deg.size) == 300, lumbar_deg, np.nan)  # 3 s, the start of the first rep


@pytest.mark.parametrize("change", [nothing_known, extended_throughout, known_for_an_instant])
def test_odd_lumbar_angles_are_drawn_without_a_warning(
    make_set: Maker, change: Callable[[np.ndarray], np.ndarray]
) -> None:
    result = make_set(2)
    angles = result.posture.angles_rad.copy()
    angles[:, cv.LUMBAR_FLEXION] = np.radians(change(np.degrees(angles[:, cv.LUMBAR_FLEXION])))
    figure = plots.plot_set(replace(result, posture=replace(result.posture, angles_rad=angles)))
    assert style.figure_bytes(figure, ".png").startswith(b"\x89PNG")


def test_an_empty_result_is_drawn(make_set: Maker) -> None:
    whole = make_set(0)
    posture = replace(
        whole.posture,
        **{
            name: getattr(whole.posture, name)[:0]
            for name in whole.posture.__dataclass_fields__
            if isinstance(getattr(whole.posture, name), np.ndarray)
        },
    )
    empty = replace(whole, posture=posture, phase=whole.phase[:0], rep_index=whole.rep_index[:0])
    assert len(plots.plot_set(empty).axes) == 3


def test_extension_is_not_shown_as_flexion(make_set: Maker) -> None:
    result = make_set(1)
    angles = result.posture.angles_rad.copy()
    angles[:, cv.LUMBAR_FLEXION] -= np.radians(10.0)
    angles[:, cv.TRUNK_INCLINATION] -= np.radians(10.0)
    ax = plots.plot_reps(replace(result, posture=replace(result.posture, angles_rad=angles)))
    flexed, extended = (
        np.vstack([path.vertices for c in ax.collections if str(c.get_label()) == label for path in c.get_paths()])
        for label in ("lumbar flexion, measured", "lumbar extension, measured")
    )
    assert 50.0 not in flexed[:, 0]
    assert {50.0} <= set(extended[:, 0])
    assert "lumbar extension, measured" not in labels(plots.plot_reps(result))


def test_the_limit_is_drawn_where_it_is_and_says_whose_it_is(make_set: Maker) -> None:
    result = replace(make_set(3), athlete=Athlete(lumbar_limit_deg=44.0))
    for draw in (plots.plot_lumbar, plots.plot_angle_angle):
        drawn = line(draw(result), "lumbar flexion at your limit")
        assert np.asarray(drawn.get_ydata()) == pytest.approx([44.0, 44.0])
        assert "(personal)" in str(drawn.get_label())
    assert not any("limit" in label for label in labels(plots.plot_angles(result)))  # pelvis and trunk have none
    ax = plots.plot_reps(result)
    above = np.asarray(line(ax, "trunk at your limit").get_ydata()) - np.asarray(line(ax, "pelvis tilt").get_ydata())
    np.testing.assert_allclose(above, 44.0)


def test_lumbar_flexion_is_the_thickest_line_over_time(make_set: Maker) -> None:
    drawn = {str(artist.get_label()): artist.get_linewidth() for artist in plots.plot_angles(make_set(3)).get_lines()}
    assert drawn["lumbar flexion"] > max(drawn["pelvis tilt"], drawn["trunk inclination"])


def test_times_are_since_the_start_of_the_recording(make_set: Maker) -> None:
    result = make_set(3)
    moved = replace(
        result,
        posture=replace(result.posture, time_s=result.posture.time_s + 1.8e9),
        lifts=tuple(
            replace(r, start_s=r.start_s + 1.8e9, turn_s=r.turn_s + 1.8e9, end_s=r.end_s + 1.8e9) for r in result.lifts
        ),
    )
    for draw in (plots.plot_angles, plots.plot_lumbar):
        here, there = draw(result), draw(moved)
        assert there.get_xlim() == pytest.approx(here.get_xlim(), abs=1e-3)
        for one, other in zip(here.get_lines(), there.get_lines(), strict=True):
            np.testing.assert_allclose(other.get_xdata(), one.get_xdata(), atol=1e-3)


def test_the_arrows_label_says_what_the_arrow_spans(make_set: Maker) -> None:
    ax = plots.plot_reps(make_set(5))
    (arrow,) = [text for text in ax.texts if text.get_text() == "" and hasattr(text, "xyann")]
    spanned = abs(arrow.xy[1] - arrow.xyann[1])
    assert f"mean lumbar flexion {spanned:.0f}°" in texts(ax)


@pytest.mark.parametrize("width_px", [390])
def test_no_text_of_the_page_is_smaller_than_11_px_on_a_phone(make_set: Maker, width_px: int) -> None:
    svgs = re.findall(r"<svg.*?</svg>", page.page(make_set(5)), flags=re.DOTALL)
    for svg in filter(lambda svg: "<text" in svg, svgs):
        wide_pt = float(re.search(r'viewBox="[-\d.]+ [-\d.]+ ([\d.]+)', svg)[1])
        sizes = [float(size) for size in re.findall(r"font(?:-size)?: (?:\w+ )*([\d.]+)px", svg)]
        assert sizes
        room_px = (width_px - 32.0 - 10.0) / 2 if wide_pt < 200.0 else width_px - 32.0  # small charts stand in pairs
        assert min(sizes) * room_px / wide_pt >= 11.0


@pytest.mark.parametrize("draw", [plots.plot_reps, plots.plot_angle_angle])
def test_one_sensor_gets_no_gap_but_words(make_set: Maker, draw: Callable[..., Axes]) -> None:
    ax = draw(make_set(3, seen="pelvis"))
    assert "cannot tell" in texts(ax)
    assert not ax.collections
    assert not any("limit" in label for label in labels(ax))


def test_one_sensor_over_time_draws_its_segment_alone(make_set: Maker) -> None:
    ax = plots.plot_angles(make_set(3, seen="pelvis"))
    assert "pelvis tilt" in labels(ax)
    assert "trunk inclination" not in labels(ax)
    assert "lumbar flexion: cannot tell" in labels(ax)


def test_a_sensor_that_reads_no_segment_is_drawn_by_its_own_inclination(make_set: Maker) -> None:
    result = make_set(2, seen="nothing")
    ax = plots.plot_angles(result)
    drawn = line(ax, "the sensor's own inclination")
    np.testing.assert_array_equal(drawn.get_ydata(), np.degrees(result.posture.inclination_rad))


@pytest.mark.parametrize("seen", ["both", "nothing"])
def test_no_reps_is_drawn_too(make_set: Maker, seen: str) -> None:
    figure = plots.plot_set(make_set(0, seen=seen, rate_hz=25.0))
    assert "no rep was found" in texts(figure.axes[0])
    assert style.figure_bytes(figure, ".png").startswith(b"\x89PNG")


def test_reps_are_numbered_from_one_with_their_verdict(make_set: Maker) -> None:
    ax = plots.plot_angles(make_set(5))
    assert [text.get_text() for text in ax.texts] == ["1", "2", "3", "4", "5"]
    assert np.asarray(line(ax, "verdict: hip hinge").get_xdata()) == pytest.approx([5.0, 11.0, 17.0])
    assert np.asarray(line(ax, "verdict: lumbar flexion").get_xdata()) == pytest.approx([23.0, 29.0])
    shapes = [mark for mark, _ in style.VERDICT_MARKS.values()]
    assert len(set(shapes)) == len(cv.VERDICTS)


def test_phases_can_be_left_out(make_set: Maker) -> None:
    assert {"ascent", "top", "descent"} <= set(labels(plots.plot_angles(make_set(2))))
    assert not {"ascent", "top", "descent"} & set(labels(plots.plot_angles(make_set(2), phases=False)))


def test_trouble_is_drawn_where_it_was(make_set: Maker, make_trouble: Maker) -> None:
    ax = plots.plot_angles(make_trouble(make_set(5)))
    (gap,) = [c for c in ax.collections if c.get_label() == "gap in the data"]
    assert gap.get_hatch()
    assert gap.get_paths()[0].get_extents().x0 == pytest.approx(9.2)
    assert gap.get_paths()[0].get_extents().x1 == pytest.approx(10.6)
    assert np.asarray(line(ax, "clipped").get_xdata())[0] == pytest.approx(12.0)
    assert np.asarray(line(ax, "sensor slipped").get_xdata())[0] == pytest.approx(19.5)


def test_a_long_recording_is_drawn_with_few_points_and_no_lost_peak(make_set: Maker) -> None:
    result = make_set(60, rate_hz=200.0)
    ax = plots.plot_angles(result)
    drawn = np.asarray(line(ax, "trunk inclination").get_ydata())
    assert drawn.size < 6100 < len(result.posture)
    assert drawn.max() == np.degrees(result.posture.angle_rad(cv.TRUNK_INCLINATION)).max()
    assert len(ax.texts) <= 34


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_the_same_result_gives_the_same_bytes(make_set: Maker, suffix: str) -> None:
    first, second = (style.figure_bytes(plots.plot_angle_angle(make_set(2)).figure, suffix) for _ in range(2))
    assert first == second


def test_a_saved_figure_has_no_date(make_set: Maker, tmp_path: Path) -> None:
    path = plots.save_figure(plots.plot_angle_angle(make_set(2)).figure, tmp_path / "set.SVG")
    assert b"<dc:date>" not in path.read_bytes()
    path = plots.save_figure(Figure(), tmp_path / "empty.pdf")
    assert path.read_bytes().startswith(b"%PDF")
    assert b"CreationDate" not in path.read_bytes()


def test_an_unknown_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\.png, \.svg or \.pdf"):
        plots.save_figure(Figure(), tmp_path / "set.bmp")
    assert not list(tmp_path.iterdir())


def test_style_stays_within(make_set: Maker) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    style.figure_bytes(plots.plot_reps(make_set(1)).figure, ".svg")
    assert dict(matplotlib.rcParams) == before


def test_figures_made_in_threads_are_those_made_alone(make_set: Maker) -> None:
    """Matplotlib has one set of settings: two threads that both change it see each other's."""
    import matplotlib

    def drawn(count: int) -> bytes:
        draw = (plots.plot_reps, plots.plot_angle_angle)[count % 2]
        return style.figure_bytes(draw(make_set(count, rate_hz=25.0)).figure, ".svg")

    before = dict(matplotlib.rcParams)
    counts = [1, 2] * 2
    alone = {count: drawn(count) for count in set(counts)}
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(drawn, counts))
    assert together == [alone[count] for count in counts]
    assert dict(matplotlib.rcParams) == before


def test_one_thread_at_a_time_changes_the_settings() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    has_entered, may_leave = Event(), Event()

    def draw() -> bool:
        with style.styled():
            has_entered.set()
            may_leave.wait(10.0)
            return bool(matplotlib.rcParams["legend.frameon"])

    with ThreadPoolExecutor(1) as pool:
        with style.styled():
            other = pool.submit(draw)
            was_let_in = has_entered.wait(0.2)
        may_leave.set()
        assert not other.result()
    assert not was_let_in
    assert dict(matplotlib.rcParams) == before


def test_what_another_part_of_the_process_sets_meanwhile_stays() -> None:
    import matplotlib

    with matplotlib.rc_context():
        with style.styled():
            matplotlib.rcParams["lines.markersize"] = 11.0
            assert not matplotlib.rcParams["legend.frameon"]
        assert matplotlib.rcParams["lines.markersize"] == 11.0
        assert matplotlib.rcParams["legend.frameon"]


def seen_by_a_deuteranope(colour: str) -> np.ndarray:
    """Return a colour as linear RGB after Machado, Oliveira and Fernandes (2009), deuteranopia, severity 1."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    )
    return matrix @ linear


def test_segments_have_one_colour_each_out_of_the_palette() -> None:
    colours = [style.SEGMENT_COLOURS[name] for name in cv.ANGLES]
    assert len(set(colours)) == len(cv.ANGLES)
    assert set(colours) <= set(style.OKABE_ITO.values())
    assert len({str(style.SEGMENT_LINES[name]) for name in cv.ANGLES}) == len(cv.ANGLES)


def test_segments_of_the_spine_can_be_told_without_red_and_green() -> None:
    spine = [style.SEGMENT_COLOURS[cv.ANGLES[index]] for index in plots.SPINE]
    for one, other in combinations(spine, 2):
        assert np.linalg.norm(seen_by_a_deuteranope(one) - seen_by_a_deuteranope(other)) > 0.2


def test_the_wing_imports_nothing_heavy_and_never_pyplot() -> None:
    folder = Path(imu_hinge.report.__file__).parent
    names = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    heavy = ("matplotlib", "pandas", "jinja2", "rich", "numba")
    code = (
        f"import sys\nfrom imu_hinge.report import {', '.join(names)}\nprint([m for m in {heavy} if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    for path in folder.glob("*.py"):
        assert not re.search(r"import pyplot|matplotlib\.pyplot", path.read_text(encoding="utf-8"))
