"""Turn the tracks of oriented sensors into segment inclinations and vertical displacement, each with its error.

Takes samples and orientations on an even grid; gives `model.Posture`. It knows sensors and segments, not the chain of
a body. In the order to read::

    long_holes, time_grid which instant of the even grid was when
    resample              uneven samples on an even grid, holes flagged
    clock_lag             the lag and rate between two sensors' clocks
    clock_vibration       the lag to milliseconds, by what shakes both
    clock_offset          sensors put in step by it, or refused
    track                 one sensor on the shared grid
    vertical_acceleration vertical acceleration, its bias, impacts, rises between two stationary moments
    standing              quiet standing: the zero of every angle, slips
    alignment             how a sensor sits on its segment
    remounting            a sensor taken off and strapped on again
    vertical_displacement Kalman smoother with zero-velocity updates
    posture               all sensors put together
"""
