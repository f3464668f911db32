"""Estimate the posture of a planar body chain, maximum a posteriori, from whatever sensors and bar tell.

Takes inclinations and displacements with their errors; gives joint angles with their posterior standard deviation. It
knows no sensor's samples. In the order to read::

    layout               the columns of the unknowns
    anthropometry        segment lengths and masses from height
    forward_kinematics   the chain from ankle to bar, with derivatives
    sensor_sites         what a sensor at each placement reads
    posture_priors       how segments move together in each exercise
    set_parameters       what stays the same through a set, and its prior
    observations         what was seen, as nodes along the movement
    factors              one row of residual, Jacobian and variance for each piece of evidence
    coordinates          deviations from the set's coupling ratios
    block_tridiagonal    the linear solver, bordered by the set's parameters
    gauss_newton         damped Gauss-Newton on it
    map_estimate         `link`: all of it for one set
    goodness_of_fit      what does not fit, in a sentence
    personal_references  an athlete's own clean hinges
"""
