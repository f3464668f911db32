"""Join sensors, journal and analysis at the bar; nothing here knows a radio's or a family's details.

Takes a plan (which sensor sits where); gives a recording and, while it is made, reps. In the order to read::

    known_sensors    which sensor sits where, remembered per user
    recorder         journal what the radio says, decode it, know how each sensor does
    record_session   one session from the first scan to the sealed recording
    analysis_thread  analyse while it is recorded
    status           how the sensors do, one row each
    terminal         a recording at the terminal
    playback         a recording played as its sensors once delivered it
    page/            the page: what it shows, who may see it, the server
    live_session     sensors or a recording, the analysis and the page together
    page_terminal    the same at the terminal
    doctor, listing  what a recording needs; what is in range
    commands         the commands that `cli` mounts
"""
