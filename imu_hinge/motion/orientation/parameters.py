"""Choose the orientation filter's parameters and derive what its kernels read; the state before the first sample.

It filters nothing: `vqf_step` does.
"""

import math
from typing import NamedTuple

import numpy as np

from imu_hinge.errors import BadSamples
from imu_hinge.motion.orientation.state import CONSTANTS, COV, Q_IS, Q_WI, ROWS, SD, Coefficients, State


class Params(NamedTuple):
    """Hold what one chooses; `params` says why each is what it is.

    Parameters
    ----------
    rate_hz
    tau_acc_s, tau_acc_unknown_s
        Time constants of the acceleration's low-pass, where the bias is known and where it is not.
    bias_known_rad_s
        The standard deviation below which it is.
    tau_rest_s, rest_min_s
        Time constant of rest detection, and how long a rest must last.
    rest_gyr_rad_s, rest_acc_mps2
        How far from their low-pass the readings of a sensor at rest are at most.
    bias_clip_rad_s
        The largest bias of one axis.
    bias_start_rad_s, bias_motion_rad_s, bias_rest_rad_s
        Its standard deviation at the start, and where it settles in motion and at rest.
    bias_forgetting_s
        How long it takes an unobserved bias to become unknown by 0.1 deg/s.
    vertical_forgetting
        How much less motion tells of the bias about the vertical.
    sway_rad
        How far a person at rest sways.
    stretch_s
        Length of one measurement of the bias.
    """

    rate_hz: float
    tau_acc_s: float
    tau_acc_unknown_s: float
    bias_known_rad_s: float
    tau_rest_s: float
    rest_min_s: float
    rest_gyr_rad_s: float
    rest_acc_mps2: float
    bias_clip_rad_s: float
    bias_start_rad_s: float
    bias_motion_rad_s: float
    bias_rest_rad_s: float
    bias_forgetting_s: float
    vertical_forgetting: float
    sway_rad: float
    stretch_s: float


def params(  # noqa: PLR0913  # the parameters of the method
    rate_hz: float,
    *,
    tau_acc_s: float = 3.0,
    tau_acc_unknown_s: float = 2.0,
    bias_known_deg_s: float = 0.2,
    rest_min_s: float = 0.5,
    bias_clip_deg_s: float = 4.0,
    bias_start_deg_s: float = 1.0,
    sway_deg: float = 0.5,
    stretch_s: float = 0.05,
) -> Params:
    """Return the filter's parameters; what is no argument here has the paper's value.

    All start from the published defaults (Laidig and Seel 2023). What departs from them does so for a reason from
    lifting or from data sheets, said below, and costs nothing on the BROAD trials: `benchmarks/orientation.py` prints
    what each costs there, over all of them and with each one left out.

    Parameters
    ----------
    rate_hz
        Samples per second.
    tau_acc_s
        Time constant of the low-pass on the acceleration in the almost-inertial frame, for the orientation both ways
        and live where the bias is known: the movement's acceleration averages out. The paper's.
    tau_acc_unknown_s
        The same where it is not. A bias tilts in proportion to the time constant, and lifting often starts without a
        still phase. A rep's acceleration averages out over the rep, 2 to 4 s: the shorter end, chosen after looking at
        simulated sets with a bias and no still phase. The paper has 3 s.
    bias_known_deg_s
        A bias is known where its standard deviation is below this: over 3 s it tilts by 0.6°, as much as the movement's
        acceleration does.
    rest_min_s
        A sensor quiet for this long is at rest. The paper has 1.5 s; a lifter pauses for 0.5 s at lockout.
    bias_clip_deg_s
        No gyroscope's bias is larger than this per axis. The paper has 2 °/s; cheap sensors reach 2.5 °/s and more.
    bias_start_deg_s
        Standard deviation of the bias before the first sample. The paper has 0.5 °/s; data sheets of cheap gyroscopes
        give typical offsets of 0.5 to 3 °/s. Chosen in that range after looking at the same simulated sets.
    sway_deg
        How far a person sways who stands quietly: bounds how fast a rest tells the bias. The paper has no such bound;
        0 turns it off.
    stretch_s
        The bias is measured once per stretch of about this length; it changes over minutes. The paper measures it at
        every sample, as 0 does here.

    Raises
    ------
    BadSamples
        Where the rate is not a positive number.
    """
    if not (math.isfinite(rate_hz) and rate_hz > 0.0):
        raise BadSamples(f"The sample rate is {rate_hz!r} Hz. Give the samples per second as a positive number.")
    return Params(
        rate_hz=float(rate_hz),
        tau_acc_s=tau_acc_s,
        tau_acc_unknown_s=tau_acc_unknown_s,
        bias_known_rad_s=math.radians(bias_known_deg_s),
        tau_rest_s=0.5,
        rest_min_s=rest_min_s,
        rest_gyr_rad_s=math.radians(2.0),
        rest_acc_mps2=0.5,
        bias_clip_rad_s=math.radians(bias_clip_deg_s),
        bias_start_rad_s=math.radians(bias_start_deg_s),
        bias_motion_rad_s=math.radians(0.1),
        bias_rest_rad_s=math.radians(0.03),
        bias_forgetting_s=100.0,
        vertical_forgetting=1e-4,
        sway_rad=math.radians(sway_deg),
        stretch_s=stretch_s,
    )


def butterworth(tau_s: float, dt: float) -> tuple[float, float, float, float]:
    """Return (b0, a1, a2) of a second-order low-pass with time constant `tau_s`, and the samples it starts over."""
    c = math.tan(math.sqrt(0.5) * dt / tau_s)  # π fc dt with fc = √2 / (2 π τ)
    d = c * c + math.sqrt(2.0) * c + 1.0
    return (
        c * c / d,
        2.0 * (c * c - 1.0) / d,
        (1.0 - math.sqrt(2.0) * c + c * c) / d,
        float(math.ceil(tau_s / dt - 1e-9)),
    )


def constants(p: Params) -> Coefficients:
    """Derive what the kernel reads (Laidig and Seel 2023, section 3.5 and appendix)."""
    dt = 1.0 / p.rate_hz
    stretch = max(1, round(p.stretch_s * p.rate_hz))
    growth = math.radians(0.1) ** 2 * stretch * dt / p.bias_forgetting_s  # from 0 to 0.1 °/s in that time
    var_motion, var_rest = p.bias_motion_rad_s**2, p.bias_rest_rad_s**2
    noise_motion = var_motion**2 / growth + var_motion  # so that the variance settles at var_motion
    up, known = butterworth(p.tau_acc_unknown_s, dt), butterworth(p.tau_acc_s, dt)
    rest = butterworth(p.tau_rest_s, dt)
    slow, slow_known = butterworth(p.tau_acc_unknown_s, stretch * dt), butterworth(p.tau_acc_s, stretch * dt)
    return Coefficients(
        dt,
        *up,
        *rest,
        rest_gyr=p.rest_gyr_rad_s,
        rest_acc=p.rest_acc_mps2,
        rest_min_s=p.rest_min_s,
        stretch=float(stretch),
        stretch_s=stretch * dt,
        slow_b0=slow[0],
        slow_a1=slow[1],
        slow_a2=slow[2],
        slow_start=slow[3],
        bias_clip=p.bias_clip_rad_s,
        cov_start=p.bias_start_rad_s**2,
        cov_growth=growth,
        noise_rest=var_rest**2 / growth + var_rest,
        noise_motion=noise_motion,
        noise_vertical=noise_motion / p.vertical_forgetting,
        noise_sway=p.sway_rad**2 / (2.0 * stretch * dt),
        known_b0=known[0],
        known_a1=known[1],
        known_a2=known[2],
        slow_known_b0=slow_known[0],
        slow_known_a1=slow_known[1],
        slow_known_a2=slow_known[2],
        bias_known=p.bias_known_rad_s,
    )


def initial_state(params: Params, *, lanes: int = 1) -> State:
    """Return the state before the first sample."""
    c = constants(params)
    memory = np.zeros((ROWS, lanes))
    memory[Q_IS] = memory[Q_WI] = 1.0
    memory[[COV, COV + 3, COV + 5]] = c.cov_start
    memory[SD] = params.bias_start_rad_s
    memory[CONSTANTS:] = np.array(c)[:, None]
    return State(memory)
