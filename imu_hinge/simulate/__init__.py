"""Make a virtual lifter's samples together with their truth; nothing here analyses them.

Each line needs only what is above it::

    body, shapes, turns      lengths and closure; time courses; quaternions
    styles, spec, postures   how lifts are done; who does what; where bodies come to
    moves                    a list of moves becomes a body's course over time
    script, between          whole sessions as moves
    events, truth            when reps start, turn and end; the truth and its files
    embed, sensor            the bone under a sensor; what the sensor reads
    session                  `simulate` and `random_set`
    workouts                 many sets and rests in one recording
"""
