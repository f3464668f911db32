"""Turn angular rate and specific force into orientation with gyroscope bias: VQF's method (Laidig and Seel 2023).

Takes (n, 3) [rad/s] and (n, 3) [m/s²] in the sensor's frame at an even rate; gives ``q_ws`` (n, 4), the bias and its
standard deviation. It knows nothing of bodies. In the order to read::

    quaternion   products and rotations as bare floats
    parameters   what a user chooses, and the coefficients that follow
    state        what the filter remembers, as rows of one array
    bias         the Kalman filter of the gyroscope's bias
    vqf_step     one sample: strapdown, inclination correction, rest
    filter       `orientation`, live in blocks or over a recording
    smoothing    forward and backward over a whole recording
    batch        many recordings at once, side by side in SIMD lanes
"""
