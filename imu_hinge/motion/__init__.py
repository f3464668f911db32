"""Turn samples into joint angles with their standard deviations; nothing here knows what a rep is.

Four folders that do not import each other back, in the order of the data::

    orientation   angular rate and specific force become orientation (VQF's method)
    kinematics    oriented sensors become segment inclinations and vertical displacement
    linkage       a body chain, maximum a posteriori: joint angles with their covariance
    hypotheses    kinds of lift under which the chain is solved, and the mixture of what comes out
"""
