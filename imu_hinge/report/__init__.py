"""Turn a SetResult into tables, figures and pages; nothing here computes an angle.

Takes `result.SetResult`; gives text, CSV, JSON, matplotlib Axes and one-file HTML. In the order to read::

    wording       what a result says, in plain words, the same everywhere
    tables        CSV, JSON, the terminal's table
    style         colours, lines, sheet, file
    curves        the series that a figure draws
    annotations   phases, reps, flags, limits around the lines
    plots         the figures
    session_tables, session_plot   the sets of a session: overview, headings, one picture
    page          one HTML file that loads nothing from elsewhere
"""
