"""Say in one sentence what of a set does not fit a body of the stated height, and by how much.

It does not decide whether a set fits; `map_estimate` does. It names the unknown that went farthest for its own spread,
which is where to look first and not always the cause.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from imu_hinge.motion.linkage.set_parameters import SetParameters, is_zero


class _Words(NamedTuple):
    """Hold how one unknown is told: subject and verb, unit, words for more and for less."""

    says: str
    unit: str
    more: str
    less: str


_LONGER: Final = (" %", "longer", "shorter")  # unit and the words for more and for less; so below
_OF_THE_BEND: Final = (" %", "more of the bend", "less of the bend")  # as above

_WORDS: Final = {
    "size": _Words("the body is", " %", "larger", "smaller"),
    "shank": _Words("the shank is", *_LONGER),
    "thigh": _Words("the thigh is", *_LONGER),
    "pelvis": _Words("the pelvis is", *_LONGER),
    "lumbar": _Words("the lumbar spine is", *_LONGER),
    "thorax": _Words("the thorax is", *_LONGER),
    "arm": _Words("the arm is", *_LONGER),
    "mid_foot_m": _Words("mid-foot is", " cm", "farther ahead of the ankle", "less far ahead of the ankle"),
    "reach_m": _Words("the shoulder is", " cm", "farther ahead of the bar", "less far ahead of the bar"),
    "bar_height_m": _Words("the bar on the floor is", " cm", "higher", "lower"),
    "balance_m_per_rad": _Words("the body is balanced", " cm per radian", "farther forward", "farther back"),
    "shank_habit": _Words("the shank does", *_OF_THE_BEND),
    "lumbar_habit": _Words("the lumbar spine does", *_OF_THE_BEND),
    "thoracic_habit": _Words("the thorax does", *_OF_THE_BEND),
    "softness": _Words("the {} sensor turns", " %", "less", "more"),
    "share": _Words("the {} sensor takes", " %", "more of lumbar flexion", "less of lumbar flexion"),
    "ahead_m": _Words("the {} sensor sits", " cm", "farther forward", "farther back"),
    "up_m": _Words("the {} sensor sits", " cm", "higher", "lower"),
    "height_drift_m_per_rad": _Words("the height of the {} sensor drifts", " cm per radian", "up", "down"),
}
"""By the name of the unknown, a sensor's without its placement."""


def what_does_not_fit(found: SetParameters, expected: SetParameters) -> str:
    """Return which unknown would have to be how far from what is expected, in words.

    Parameters
    ----------
    found
        After a set.
    expected
        Of a body of the stated height and sensors at the stated places.
    """
    off = found.mean - expected.mean
    odd = [0.0 if is_zero(name) else abs(off[i]) / expected.sd[i] for i, name in enumerate(found.names)]
    at = max(range(len(odd)), key=odd.__getitem__)
    placement, _, name = found.names[at].rpartition(".")
    words = _WORDS[name]
    way = words.more if off[at] > 0.0 else words.less
    # shares in percent, metres in centimetres
    by, usual = (_short(100.0 * float(values[at])) for values in (off, expected.sd))
    return (
        f"{words.says.format(placement)} {by}{words.unit} {way} than expected, "
        f"where people differ by {usual}{words.unit}"
    )


def _short(value: float) -> str:
    """Return a number without its sign, one decimal where it is small."""
    return f"{abs(value):.0f}" if abs(value) >= 10.0 else f"{abs(value):.1f}"
