"""Turn posture into reps, phases, metrics and verdicts; nothing here knows about sensors.

Takes `model.Posture`; gives lifts, the exercise with its evidence, and verdicts. In the order to read::

    onsets          where a movement begins and ends
    bends           every bend: down, bottom, up
    similarity      how much speaks for bends being reps of one set
    seats           sitting down and rising, by what happens between rests
    no_lifts        the same by height, jumps; what every bend is that is no lift
    sets            which neighbouring bends are one set
    set_choice      which of them count in a session, and which are one set interrupted
    exercise_prior  what is known of a lift before it is seen
    segmentation    lifts, blocks, what every instant is part of
    exercise        `find_lifts`: all of it, and the exercise named
    edited          what a person changed of it
    metrics         times, peaks, bottom values of a lift
    verdict         a lift against the athlete's own limits
"""
