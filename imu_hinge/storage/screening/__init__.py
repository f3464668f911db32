"""Check that samples can be what a sensor on a body measured; flag or refuse, never invent.

Takes one sensor's samples, or a recording; gives them in order and flagged, or raises. In the order to read::

    units       metres and radians, from the numbers alone
    timeline    order, gaps, repeats
    arrivals    the same, sample by sample, as they arrive
    channels, reading_flags, lost_samples   dead axes; frozen and clipped readings; loss that was numbered over
    turning     how well the gyroscope explains the turning of gravity
    gyro_gain, gyro_delay    by how much its gain is off, and how late it comes
    readings, self_check, live_check   gain, sign, handedness and time scale from it, also live
    checks      all of it, on a sensor and on a recording
"""
