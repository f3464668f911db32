"""Simulate whole workouts out of the sets and rests that `simulate` makes; it makes no motion of its own.

Takes a seed, or parts; gives one recording with the truth of every set. In the order to read::

    workout_plan    which sets a lifter does, and what between them
    workout         the parts simulated and laid end to end
"""
