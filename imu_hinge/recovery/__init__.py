"""Make a recording of a journal: decode it, put it on one timeline, seal it, read it back.

Takes a folder with a raw journal; gives `model.Recording` and says what was lost. It talks to no radio. In the order
to read::

    decode   the notifications of a journal become samples, the same way while they come
    seal     a journal becomes CSV files beside it, whole or not at all
    timing   how well the sensors of a recording share a timeline
    read     `imu_hinge.read`: any recording, sealed or not
"""
