"""Turn a recording, or samples as they come, into a `SetResult`: the only path from samples to reps.

Takes `model.Recording` or blocks of `model.Samples`; gives `result.SetResult` and, live, `result.Event`. It knows no
radio and no file. In the order to read::

    pipeline      the steps that offline and live share: align, find the lifts, link, describe
    inference     the posture under every kind of lift, mixed: intervals, and how probable it is over the limits
    assemble      the result put together, with its warnings
    planned       a session held against its plan, and what people said of its sets
    plausibility  what a lift rests on, measured or inferred, and why it gets no verdict
    offline       `analyze`, `calibrate`: the whole recording, filtered forward and backward
    calibration   personal references learned from clean hinges and full bows
    instant       a folder: what each sensor has delivered, and the posture of now between two looks
    told, shown   the reps and the angles that were told so far
    clock_watch   whether two sensors' clocks agree
    pacing        when to look at what samples mean
    live          `LiveAnalysis`: the same steps with the past alone
    warm_up, precompile   kernels loaded and compiled before they are needed
"""
