"""Hold all that the page shows, in parts that each know when they changed, so that a browser is sent what is new to it.

It may be called from any thread. It analyses nothing and sends nothing: `page_server` asks it for news.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from imu_hinge.athlete import Athlete
from imu_hinge.instant import INSTANT_S, Instant
from imu_hinge.live.page.feedback import CUES, CueKind, Feedback, is_spoken, rep_has_cues, set_sentence
from imu_hinge.live.page.set_view import curve_of, instant_view, range_view, set_view, sets_of
from imu_hinge.plan import Plan
from imu_hinge.result import Event, Rep, SetResult

Source = Literal["sensors", "replayed", "simulated"]
Stage = Literal["preparing", "waiting", "live", "over"]

HISTORY_S: Final = 20.0
"""What the curve over time shows, also after a reload [s]."""

KEPT_INSTANTS: Final = round(180.0 / INSTANT_S)
"""Three minutes: of these the curves of single reps are drawn, which are told some seconds after their end."""

KEPT_CUES: Final = 32
"""A browser that missed more than these has slept, and old sounds would only puzzle."""

KEPT_WARNINGS: Final = 6
"""Shown at a time; all of them are in the result."""


@dataclass(frozen=True, slots=True)
class About:
    """Hold what is known of a session before it begins.

    Parameters
    ----------
    source
        Where the samples come from.
    exercise
        ``auto`` or one of `conventions.EXERCISES`.
    is_simulated
        Whether no person is measured.
    plan
        What is meant to be lifted.
    athlete
    feedback
        Which sets have cues.
    speed
        Seconds of the recording in one second; 1 for sensors.
    """

    source: Source
    exercise: str = "auto"
    is_simulated: bool = False
    athlete: Athlete = field(default_factory=Athlete)
    plan: Plan = ()
    feedback: Feedback = "every"
    speed: float = 1.0


class Mark(NamedTuple):
    """Hold up to where one browser has been told: the newest change, the newest cue, how many instants."""

    version: int
    cue: int
    instants: int


class PageState:
    """Take what happens and give what is new.

    Parameters
    ----------
    about
    session_id
        Another one for every session, so that a page which outlived a restart forgets the last.
    clock
        The time now on the recording's timeline [s].
    """

    def __init__(self, about: About, *, session_id: str, clock: Callable[[], float]) -> None:
        self._about, self._clock = about, clock
        self._lock = threading.RLock()
        self._on_news: Callable[[], None] | None = None
        self._version = 0
        self._parts: dict[str, tuple[int, Any]] = {}
        self._reps: list[Rep] = []
        self._curves: dict[float, list[list[float | None]]] = {}
        self._count = 0
        self._instants: deque[Instant] = deque(maxlen=KEPT_INSTANTS)
        self._cues: deque[tuple[int, dict[str, Any]]] = deque(maxlen=KEPT_CUES)
        self._warnings: deque[str] = deque(maxlen=KEPT_WARNINGS)
        self._ended: set[int] = set()
        self._spoken: set[int] = set()
        self._is_over = False
        self._put("about", self._about_view(session_id))
        self._put("stage", {"stage": "preparing", "message": "Loading the analysis."})
        self._put("sets", [])
        self._put("links", [])
        self._put("warnings", [])

    def on_news(self, call: Callable[[], None] | None) -> None:
        """Have something called, from any thread, when there is news."""
        self._on_news = call

    def set_stage(self, stage: Stage, message: str = "") -> None:
        """Say how far the session is, in a sentence where that helps."""
        with self._lock:
            self._put("stage", {"stage": stage, "message": message})

    def set_links(self, links: Sequence[dict[str, Any]]) -> None:
        """Say how the sensors do, one row each: placement, link, rate, loss, battery."""
        with self._lock:
            if self._parts["links"][1] != list(links):
                self._put("links", list(links))

    def take_instants(self, instants: Sequence[Instant]) -> None:
        """Take the postures that became known, in order."""
        if not instants:
            return
        with self._lock:
            self._instants.extend(instants)
            if self._parts["stage"][1]["stage"] != "live":
                self.set_stage("live")
            self._count += len(instants)
            self._put("instants", None)

    def take_event(self, event: Event) -> None:
        """Take what happened: a rep told, revised or taken back, the limit passed, a warning."""
        kind: str = event.kind
        with self._lock:
            if kind in ("rep", "revised", "withdrawn") and event.rep is not None:
                self._take_rep(kind, event.rep)
            elif kind == "set_started" and event.rep is not None:
                self._ended.discard(event.rep.set)  # one that had ended may go on
            elif kind == "set_ended":
                self._end_set()
            elif kind in ("warning", "slip", "gap", "clock", "waiting"):
                self._warnings.append(event.message)
                self._put("warnings", list(self._warnings))
            cue = CUES.get(kind)
            is_hinge = event.rep is not None and event.rep.verdict.label == "hip_hinge"
            if cue is not None and (cue != "tick" or is_hinge):
                self._cue(cue, event.rep)

    def finish(self, result: SetResult | None, message: str) -> None:
        """Show what the whole session came to; without a result only why there is none."""
        with self._lock:
            self._is_over = True
            if result is not None:
                self._reps = list(result.lifts)
                self._warnings.extend(result.warnings)
                self._put("warnings", list(self._warnings))
            self._end_set()
            self.set_stage("over", message)

    def start_mark(self) -> Mark:
        """Return the mark of a browser that has just come: it is told everything, but hears no old sound."""
        with self._lock:
            return Mark(-1, self._cues[-1][0] if self._cues else 0, self._count - KEPT_INSTANTS)

    def news(self, mark: Mark) -> tuple[dict[str, Any], Mark, float | None]:
        """Return what is new since a mark, the new mark, and the instant shown [s].

        It is empty where nothing is new, and what changed twice is told once.
        """
        with self._lock:
            news = {name: value for name, (version, value) in self._parts.items() if version > mark.version}
            cues = [cue for number, cue in self._cues if number > mark.cue]
            if cues:
                news["cues"] = cues
            if "instants" in news:
                news["instants"] = [instant_view(instant) for instant in self._recent(self._count - mark.instants)]
            after = Mark(self._version, self._cues[-1][0] if self._cues else mark.cue, self._count)
            return news, after, self._instants[-1].time_s if "instants" in news else None

    def age_ms(self, time_s: float) -> float:
        """Return how long ago an instant of the recording was [ms]."""
        return round(1000.0 * (self._clock() - time_s) / self._about.speed, 1)

    def cued_sets(self) -> list[bool]:
        """Return for every set so far whether it had cues."""
        with self._lock:
            return [bool(each["has_cues"]) for each in self._parts["sets"][1]]

    def _about_view(self, session_id: str) -> dict[str, Any]:
        about = self._about
        return {
            "session": session_id,
            "source": about.source,
            "exercise": about.exercise,
            "is_simulated": about.is_simulated,
            "feedback": about.feedback,
            "speed": about.speed,
            "history_s": HISTORY_S,
            "height_m": about.athlete.value("height_m"),
            "range": range_view(about.athlete),
        }

    def _take_rep(self, kind: str, rep: Rep) -> None:
        at = next((i for i, known in enumerate(self._reps) if _is_same(known, rep)), None)
        if at is not None:
            del self._reps[at]
        if kind != "withdrawn":
            self._reps.append(rep)
            self._reps.sort(key=lambda known: known.start_s)
            self._curves[rep.start_s] = curve_of(self._instants, rep)
        self._put_sets()

    def _put_sets(self) -> None:
        sets, views = sets_of(self._reps), []
        for at, reps in enumerate(sets):
            is_newest, index = at == len(sets) - 1, reps[0].set
            is_over = not is_newest or index in self._ended or self._is_over
            view = set_view(reps, index, is_over=is_over, athlete=self._about.athlete, feedback=self._about.feedback)
            for each, rep in zip(view["reps"], reps, strict=True):
                # Only the newest set's are drawn; those of hours would be much to send.
                each["curve"] = self._curves.get(rep.start_s, []) if is_newest else []
            views.append(view)
        self._put("sets", views)

    def _end_set(self) -> None:
        """Take the last set as over and say its sentence, once."""
        sets = sets_of(self._reps)
        if sets:
            index = sets[-1][0].set
            if index not in self._spoken and is_spoken(self._about.feedback):
                self._add_cue({"kind": "say", "text": set_sentence(sets[-1])})
            self._ended.add(index)
            self._spoken.add(index)
        self._put_sets()

    def _cue(self, kind: CueKind, rep: Rep | None) -> None:
        """Add a sound, where this rep of this set has sounds; without a rep it is for the one in progress."""
        if rep is not None:
            set_index, rep_index = rep.set, rep.rep
        else:
            last = self._reps[-1] if self._reps else None
            set_index = 0 if last is None else last.set + (last.set in self._ended)
            rep_index = sum(known.set == set_index for known in self._reps)
        if rep_has_cues(self._about.feedback, set_index, rep_index):
            self._add_cue({"kind": kind})

    def _add_cue(self, cue: dict[str, Any]) -> None:
        number = self._cues[-1][0] + 1 if self._cues else 1
        self._cues.append((number, {"number": number, **cue}))
        self._tell()

    def _recent(self, count: int) -> list[Instant]:
        """Return the last so many instants, and no more than are drawn."""
        count = min(count, round(HISTORY_S / INSTANT_S), len(self._instants))
        return [self._instants[at] for at in range(-count, 0)]

    def _put(self, part: str, value: Any) -> None:
        self._version += 1
        self._parts[part] = (self._version, value)
        self._tell()

    def _tell(self) -> None:
        if self._on_news is not None:
            self._on_news()


def _is_same(known: Rep, rep: Rep) -> bool:
    """Tell whether two are one rep told twice: more than half of the shorter lies in the other."""
    shared_s = min(known.end_s, rep.end_s) - max(known.start_s, rep.start_s)
    return shared_s > 0.5 * min(known.end_s - known.start_s, rep.end_s - rep.start_s)
