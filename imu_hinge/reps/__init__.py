"""Turn posture into reps, phases, metrics and verdicts; nothing here knows about sensors."""
