"""What no sensor measured is refused in one sentence with what was seen and what to do; the rest is flagged."""

import numpy as np
import pytest

from imu_hinge.conventions import Flag
from imu_hinge.errors import BadSamples, HingeError, TooShort, UnknownUnits
from imu_hinge.model import Recording, Samples
from imu_hinge.storage.screening.checks import check_recording, check_samples


def changed(samples, *, time_s=None, acc=None, gyr=None):
    return Samples(
        samples.time_s if time_s is None else time_s,
        samples.acc if acc is None else acc,
        samples.gyr if gyr is None else gyr,
    )


def with_cells(samples, rows, value, *, axis=0):
    acc = samples.acc.copy()
    acc[rows, axis] = value
    return changed(samples, acc=acc)


def rows_of(samples, order):
    return Samples(samples.time_s[order], samples.acc[order], samples.gyr[order])


def rows_of_values(samples, order):
    return Samples(samples.time_s, samples.acc[order], samples.gyr[order])


def refuse(samples, error, *parts):
    with pytest.raises(error) as caught:
        check_samples("sacrum", samples)
    message = str(caught.value)
    for part in ("sacrum", *parts):
        assert part in message, message
    assert message.endswith(".")


def test_good_samples_come_back_as_they_are(make_samples):
    samples = make_samples()
    assert check_samples("sacrum", samples) is samples


@pytest.mark.parametrize("rate_hz", [10.0, 12.5, 20.0, 50.0, 286.0, 1000.0])
def test_rates_from_10_hz_to_1_khz_pass_unflagged(make_samples, rate_hz):
    assert not check_samples("t12", make_samples(rate_hz=rate_hz)).flags.any()


def test_checking_twice_is_checking_once(make_samples):
    samples = with_cells(make_samples(), [200, 201, 500], np.nan)
    samples = rows_of(samples, np.r_[0:100, 101, 100, 102:1200, 1199])
    once = check_samples("sacrum", samples)
    assert once.flags.any()
    assert check_samples("sacrum", once) is once


@pytest.mark.parametrize(
    ("factor", "parts"),
    [
        (1 / 9.80665, ("in g", "expected 9.81", "Multiply", "9.80665")),
        (1000 / 9.80665, ("milli-g", "expected 9.81", "0.00980665")),
        (100.0, ("cm/s²", "expected 9.81", "by 0.01")),
        (16384 / 9.80665, ("unit of its own", "1.6", "m/s²")),
    ],
)
def test_acceleration_in_another_unit(make_samples, factor, parts):
    samples = make_samples()
    refuse(changed(samples, acc=samples.acc * factor), UnknownUnits, *parts)


def test_arguments_in_the_order_of_the_filter(make_samples):
    samples = make_samples()
    refuse(changed(samples, acc=samples.gyr, gyr=samples.acc), UnknownUnits, "acc and gyr look exchanged", "first")


def test_acceleration_in_g_is_seen_without_standing_still(make_samples):
    samples = make_samples(seconds=30)
    moving = rows_of(samples, slice(250, 2900))
    refuse(changed(moving, acc=moving.acc / 9.80665), UnknownUnits, "in g")


def test_acceleration_without_gravity(make_samples):
    samples = make_samples()
    inclination = np.random.default_rng(3).normal(size=samples.acc.shape)
    refuse(changed(samples, acc=0.1 * inclination), UnknownUnits, "gravity taken out", "including gravity")


def test_slow_rate_in_degrees_is_seen_against_gravity(make_samples):
    samples = make_samples(seconds=30)
    slow = changed(samples, time_s=samples.time_s * 2.0, gyr=np.degrees(samples.gyr) / 2.0)
    assert np.linalg.norm(slow.gyr, axis=1).max() < 35.0
    refuse(slow, UnknownUnits, "deg/s", "times as fast as gravity", "pi/180")


def test_fast_rate_in_degrees_is_seen_by_its_size(make_samples):
    samples = make_samples()
    refuse(changed(samples, gyr=np.degrees(samples.gyr)), UnknownUnits, "deg/s", "it reaches", "pi/180")


def test_standing_alone_shows_degrees_by_the_bias(make_samples):
    samples = make_samples()[:200]
    bias_degps = np.array([1.0, 0.5, -0.7])
    acc, gyr_degps = np.tile(samples.acc, (6, 1)), np.tile(np.degrees(samples.gyr) + bias_degps, (6, 1))
    still = Samples(np.arange(1200) / 100.0, acc, gyr_degps)
    refuse(still, UnknownUnits, "deg/s", "times as fast as gravity", "pi/180")


def test_raw_counts_are_called_neither_unit(make_samples):
    samples = make_samples()
    refuse(changed(samples, gyr=np.degrees(samples.gyr) * 131.0), UnknownUnits, "neither", "Convert it to rad/s")


@pytest.mark.parametrize(("factor", "unit"), [(1e3, "ms"), (1e6, "µs"), (1e9, "ns")])
@pytest.mark.parametrize("rate_hz", [10.0, 100.0, 1000.0])
def test_time_in_another_unit(make_samples, rate_hz, factor, unit):
    samples = make_samples(rate_hz=rate_hz)
    parts = (f"looks like {unit}", "Divide time_s")
    refuse(changed(samples, time_s=np.round(samples.time_s * factor)), BadSamples, *parts)


def test_a_clock_that_is_set_in_mid_recording(make_samples):
    samples = make_samples()
    time_s = samples.time_s.copy()
    time_s[200:] += 1_767_620_467.0
    refuse(changed(samples, time_s=time_s), BadSamples, "the clock jumped", "Cut off")


def test_a_rate_below_10_hz(make_samples):
    refuse(make_samples(rate_hz=5.0), BadSamples, "5 Hz", "at least 10 Hz")


def test_a_rate_no_sensor_has(make_samples):
    samples = make_samples()
    refuse(changed(samples, time_s=samples.time_s / 1000.0), BadSamples, "1e+05 Hz", "in seconds")


def test_time_that_stands(make_samples):
    samples = make_samples()
    refuse(changed(samples, time_s=np.full(len(samples), 7.0)), BadSamples, "same time_s", "its own time")


def test_two_seconds_are_too_short(make_samples):
    refuse(make_samples(seconds=2.0), TooShort, "1.99 s long", "3 s are needed", "Record")


def test_no_samples(make_samples):
    refuse(make_samples()[:0], BadSamples, "0 samples", "Record")


def test_a_few_rows_without_a_number_are_dropped_and_flagged(make_samples):
    samples = make_samples()
    checked = check_samples("sacrum", with_cells(samples, [300, 301, 700], [np.nan, np.inf, -np.inf]))
    assert len(checked) == len(samples) - 3
    np.testing.assert_array_equal(checked.time_s[checked.flags == Flag.GAP], samples.time_s[[302, 701]])
    assert (checked.flags[checked.flags != Flag.GAP] == 0).all()


def test_many_rows_without_a_number_are_refused(make_samples):
    refuse(with_cells(make_samples(), slice(400, 500), np.nan), BadSamples, "100 of 1200 rows (8 %)", "row 401", "nan")


def test_a_row_that_no_lifter_can_cause_is_dropped_and_flagged(make_samples):
    samples = make_samples()
    checked = check_samples("sacrum", with_cells(samples, [300], 1e30))
    assert len(checked) == len(samples) - 1
    assert checked.flags[300] == Flag.GAP


def test_many_impossible_rows_are_refused(make_samples):
    refuse(with_cells(make_samples(), slice(0, 90), 1e9), BadSamples, "90 of 1200 rows", "1000 m/s²", "acc_x = 1e+09")


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_dead_channel_is_named(make_samples, axis):
    samples = with_cells(make_samples(), slice(None), 0.25, axis=axis)
    refuse(samples, BadSamples, f"acc_{'xyz'[axis]} (0.25)", "never changes over 1200 samples", "six axes")


def test_a_dead_gyroscope_is_named(make_samples):
    samples = make_samples(noise=0.0)
    refuse(changed(samples, gyr=np.zeros_like(samples.gyr)), BadSamples, "gyr_x (0), gyr_y (0), gyr_z (0)", "dead")


def test_computed_curves_without_noise_may_have_an_axis_at_rest(make_samples):
    samples = make_samples(noise=0.0)
    assert np.ptp(samples.acc[:, 1]) == 0.0
    assert check_samples("sacrum", samples) is samples


def test_a_frozen_stretch_is_flagged(make_samples):
    samples = make_samples()
    checked = check_samples("sacrum", rows_of_values(samples, np.r_[0:700, np.full(200, 700), 900:1200]))
    np.testing.assert_array_equal(np.flatnonzero(checked.flags == Flag.SUSPECT), np.arange(701, 900))


def test_a_recording_mostly_frozen_is_refused(make_samples):
    frozen = rows_of_values(make_samples(), np.r_[0:500, np.full(700, 500)])
    refuse(frozen, BadSamples, "699 of 1200 samples repeat one reading", "at 5.00 s", "record again")


def test_a_gap_is_flagged_after_it_and_not_filled(make_samples):
    samples = make_samples()
    checked = check_samples("sacrum", rows_of(samples, np.r_[0:400, 430:1200]))
    assert len(checked) == 1170
    np.testing.assert_array_equal(np.flatnonzero(checked.flags), [400])
    assert checked.flags[400] == Flag.GAP


def test_one_lost_sample_at_100_hz_is_no_gap(make_samples):
    samples = make_samples()
    assert not check_samples("sacrum", rows_of(samples, np.r_[0:400, 401:1200])).flags.any()


def test_repeated_rows_are_dropped_and_flagged(make_samples):
    samples = make_samples()
    checked = check_samples("sacrum", rows_of(samples, np.r_[0:400, 398:402, 400:1200]))
    np.testing.assert_array_equal(checked.acc, samples.acc)
    assert set(np.flatnonzero(checked.flags & Flag.DUPLICATE)) == {398, 399, 400, 401}


def test_a_recording_pasted_twice_is_read_once(make_samples):
    samples = make_samples()
    checked = check_samples("sacrum", rows_of(samples, np.r_[0:1200, 0:1200]))
    np.testing.assert_array_equal(checked.time_s, samples.time_s)
    assert (checked.flags & Flag.DUPLICATE).all()


def test_late_rows_are_put_back_and_flagged(make_samples):
    samples = make_samples()
    checked = check_samples("sacrum", rows_of(samples, np.r_[0:400, 405:410, 400:405, 410:1200]))
    np.testing.assert_array_equal(checked.acc, samples.acc)
    np.testing.assert_array_equal(np.flatnonzero(checked.flags == Flag.REORDERED), np.arange(400, 405))


def test_time_that_runs_backwards(make_samples):
    samples = make_samples()
    backwards = changed(samples, time_s=samples.time_s[::-1])
    refuse(backwards, BadSamples, "runs backwards", "11.99 to 0 s", "Reverse")


def test_rows_in_no_order_are_refused(make_samples):
    order = np.random.default_rng(5).permutation(1200)
    refuse(rows_of(make_samples(), order), BadSamples, "jumps back", "rows are late", "Split the file")


@pytest.mark.parametrize("restart_s", [0.0, 5.78, 5.8])
def test_a_clock_that_starts_again_is_refused(make_samples, restart_s):
    samples = make_samples()
    time_s = samples.time_s.copy()
    time_s[600:] = restart_s + 0.003 + np.arange(600) / 100.0
    refuse(changed(samples, time_s=time_s), BadSamples, "jumps back from 5.99", "row 601", "Split the file")


def test_a_clock_set_back_onto_its_own_grid_is_refused(make_samples):
    samples = make_samples()
    time_s = samples.time_s.copy()
    time_s[600:] -= 0.2
    refuse(changed(samples, time_s=time_s), BadSamples, "jumps back from 5.99 to 5.8", "Split the file")


def test_packets_that_share_one_stamp_are_refused(make_samples):
    samples = make_samples()
    time_s = samples.time_s.copy()
    time_s[3::4] = time_s[2::4]
    refuse(changed(samples, time_s=time_s), BadSamples, "300 of 1200 rows have the same time_s", "its own time")


def test_one_contradicted_row_is_flagged(make_samples):
    samples = make_samples()
    time_s = samples.time_s.copy()
    time_s[501] = time_s[500]
    checked = check_samples("sacrum", changed(samples, time_s=time_s))
    assert len(checked) == 1199
    assert checked.flags[500] == Flag.SUSPECT


@pytest.mark.parametrize("limit_g", [2.0, 4.0, 16.0])
def test_clipped_acceleration_is_flagged_where_it_sits_at_the_end(make_samples, limit_g):
    samples = make_samples()
    acc = samples.acc.copy()
    acc[600:620, 2] += np.linspace(0.0, 200.0, 20)
    end = limit_g * 9.80665
    is_over = acc[:, 2] > end
    checked = check_samples("sacrum", changed(samples, acc=np.minimum(acc, end)))
    np.testing.assert_array_equal(checked.flags == Flag.CLIPPED, is_over)


def test_clipped_rate_is_flagged(make_samples):
    samples = make_samples()
    gyr = samples.gyr.copy()
    gyr[600:620, 0] -= 30.0 * np.hanning(20)
    end = np.radians(250.0) * 32767 / 32768
    checked = check_samples("sacrum", changed(samples, gyr=np.maximum(gyr, -end)))
    np.testing.assert_array_equal(checked.flags == Flag.CLIPPED, gyr[:, 0] < -end)


def test_a_slow_coarse_peak_near_a_range_is_not_called_clipped(make_samples):
    samples = make_samples()
    count = 9.80665 / 256
    acc = samples.acc.copy()
    acc[500:900, 1] = 19.5 * np.hanning(400)
    acc[:, 1] = np.round(acc[:, 1] / count) * count
    assert np.sum(acc[:, 1] == acc[:, 1].max()) > 5
    assert abs(acc[:, 1].max() - 2 * 9.80665) < 0.03 * 2 * 9.80665
    assert not check_samples("sacrum", changed(samples, acc=acc)).flags.any()


def test_flags_that_were_there_stay(make_samples):
    samples = make_samples()
    flags = np.zeros(len(samples), dtype=np.uint16)
    flags[[10, 300]] = Flag.RESET
    checked = check_samples("sacrum", Samples(samples.time_s[::-1][::-1], samples.acc, samples.gyr, flags))
    np.testing.assert_array_equal(checked.flags, flags)


def test_a_recording_is_checked_sensor_by_sensor(two_sensors):
    assert check_recording(two_sensors) is two_sensors
    sensors = dict(two_sensors.sensors)
    sensors["t12"] = changed(sensors["t12"], acc=sensors["t12"].acc / 9.80665)
    with pytest.raises(UnknownUnits, match="t12: acc is in g"):
        check_recording(Recording(sensors))


@pytest.mark.parametrize(
    ("shift_s", "error", "seen"), [(100.0, BadSamples, "no time in common"), (10.5, TooShort, "1.4")]
)
def test_sensors_of_different_times(two_sensors, shift_s, error, seen):
    t12 = two_sensors.sensors["t12"]
    sensors = {**two_sensors.sensors, "t12": changed(t12, time_s=t12.time_s + shift_s)}
    with pytest.raises(error, match=f"{seen}.*sacrum 0.000 to 11.990 s, t12 {shift_s:.3f} to .* one clock"):
        check_recording(Recording(sensors))


def test_one_sensor_given_as_two(make_samples):
    with pytest.raises(BadSamples, match=r"sacrum and t12 hold the same 1200 samples\. Give each sensor its own file"):
        check_recording(Recording({"sacrum": make_samples(), "t12": make_samples()}))


def test_every_refusal_has_an_exit_code_of_its_class():
    assert {BadSamples.exit_code, UnknownUnits.exit_code, TooShort.exit_code} == {12, 13}
    assert issubclass(BadSamples, HingeError)
