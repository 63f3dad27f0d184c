"""The clocks against a reference that plays the ticket's life minute by minute and keeps nothing but plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.business_time import Calendar, Interval
from metrics.clocks.machine import Clock, Key, Step, clocks_of, in_order
from metrics.clocks.terms import Terms, Traits

ZERO = datetime(2026, 3, 27, 6, 0, tzinfo=UTC)  # a Friday; clocks change in Kyiv on the Sunday
MINUTE = timedelta(minutes=1)
DAY = (Interval(9 * 60, 13 * 60), Interval(14 * 60, 18 * 60))
WEEK = Calendar("Europe/Kyiv", (DAY,) * 6 + ((Interval(120, 300),),))
ALWAYS = Calendar("Europe/Kyiv", ((Interval(0, 1440),),) * 7)
LENGTH = 3600  # minutes that are played


@dataclass
class Book:
    """Two policies, by priority; rules 2 promise half as much."""

    pauses: frozenset[str]
    bot_counts: bool

    def at_start(self, key: Key, at: datetime) -> int:
        return 1

    def terms(self, rules: int, traits: Traits) -> Terms | None:
        if traits.priority == 10:
            return None
        urgent = traits.priority == 40
        hours = {"first": 2, "next": 4, "resolution": 20}
        targets = {kind: timedelta(hours=n) / (4 if urgent else 1) / rules for kind, n in hours.items()}
        calendar = ALWAYS if urgent else WEEK
        return Terms(traits.priority, "p", 1, calendar, targets, (50,), self.pauses, self.bot_counts)


class Reference:
    """What a person with a stopwatch for each promise would write down. Steps come in the order of their moments."""

    def __init__(self, steps: list[Step], book: Book) -> None:
        self.book, self.traits, self.status, self.snoozed = book, Traits(), "open", False
        self.cycle, self.had_answer, self.rules = 1, False, {}
        self.watches: dict[Key, dict] = {}
        self.kept: dict | None = None
        for minute in range(LENGTH + 1):
            now = ZERO + minute * MINUTE
            for step in steps:
                if step.at == now:
                    self.play(step)
            for watch in self.watches.values():
                self.tick(watch, now)

    def tick(self, watch: dict, now: datetime) -> None:
        """A minute begins: it is noted if the watch runs; whether the shop is open is asked when it is added up."""
        if watch["stopped"]:
            return
        terms = watch["terms"]
        paused = terms and (self.status in terms.pauses or (self.snoozed and "snoozed" in terms.pauses))
        if not paused:
            watch["minutes"].append(now)

    def open_watches(self) -> list[dict]:
        return [watch for watch in self.watches.values() if not watch["stopped"]]

    def begin(self, kind: str, number: int, at: datetime) -> None:
        minutes: list[datetime] = []
        terms = self.book.terms(1, self.traits)
        self.watches[(self.cycle, kind, number)] = {
            "kind": kind, "at": at, "rules": 1, "terms": terms, "minutes": minutes, "stopped": None, "late": False,
            "how": "", "promised": terms is not None,
            "used_by": lambda terms, now: sum((MINUTE for m in minutes if m < now and counts(terms, m)), timedelta()),
        }  # fmt: skip

    def end(self, watch: dict, at: datetime, how: str) -> None:
        terms = watch["terms"]
        if terms and watch["used_by"](terms, at - MINUTE) >= terms.targets[watch["kind"]]:
            # All was used a minute ago or earlier, and then time went on: the deadline lies before this moment.
            watch["late"] = True
        watch["stopped"], watch["how"] = at, how

    def promise_again(self, watch: dict, at: datetime) -> None:
        terms = watch["terms"]
        if watch["late"] or (terms and watch["used_by"](terms, at - MINUTE) >= terms.targets[watch["kind"]]):
            watch["late"] = True
            return
        watch["terms"] = self.book.terms(watch["rules"], self.traits)
        watch["promised"] = watch["promised"] or watch["terms"] is not None

    def ask(self, at: datetime) -> None:
        if (self.cycle, "resolution", 1) not in self.watches:
            self.begin("resolution", 1, at)
        if any(w["kind"] != "resolution" for w in self.open_watches()):
            return
        if not self.had_answer and (self.cycle, "first", 1) not in self.watches:
            self.begin("first", 1, at)
        else:
            number = 1 + sum(1 for key in self.watches if key[0] == self.cycle and key[1] == "next")
            self.begin("next", number, at)

    def play(self, step: Step) -> None:
        match step.kind:
            case "opened":
                pass
            case "asked":
                if self.status != "solved":
                    self.ask(step.at)
                else:
                    self.waiting = None if step.thanks else step
            case "answered":
                human = step.by == "human"
                for watch in self.open_watches():
                    if watch["kind"] != "resolution" and (
                        human or (watch["terms"] is not None and self.book.bot_counts)
                    ):
                        self.end(watch, step.at, "fulfilled")
                        self.had_answer = True
                self.had_answer = self.had_answer or human
            case "status":
                if step.value == "solved":
                    for watch in self.open_watches():
                        self.end(watch, step.at, "fulfilled" if watch["kind"] == "resolution" else "cancelled")
                    self.snoozed = False
                self.status = step.value
            case "reopened":
                self.status, self.cycle, self.had_answer = "open", self.cycle + 1, False
                if step.message is None:
                    self.begin("resolution", 1, step.at)
                elif self.waiting is not None:
                    self.ask(self.waiting.at)
            case "snoozed":
                self.snoozed = True
            case "woken":
                self.snoozed = False
            case "trait":
                self.traits = Traits(priority=step.traits["priority"])
                for watch in self.open_watches():
                    self.promise_again(watch, step.at)
            case "replanned":
                for watch in self.open_watches():
                    watch["rules"] = 2
                    self.promise_again(watch, step.at)


def counts(terms: Terms, minute: datetime) -> bool:
    return terms.calendar is ALWAYS or shop_is_open(minute)


@cache
def shop_is_open(minute: datetime) -> bool:
    local = minute.astimezone(WEEK.tz)
    hours = local.hour + local.minute / 60
    if local.weekday() == 6:
        # 02:00 to 05:00, a night with an hour less.
        return 2 <= hours < 5
    return 9 <= hours < 13 or 14 <= hours < 18


@st.composite
def lives(draw: st.DrawFn) -> list[Step]:
    """A life a ticket can have: only what its present state allows."""
    minutes = sorted(draw(st.lists(st.integers(1, LENGTH - 1), max_size=14, unique=True)))
    steps = [Step("opened", ZERO, 1), Step("asked", ZERO, 2, message=1000)]
    status, snoozed = "open", False
    for minute in minutes:
        at, sequence = ZERO + minute * MINUTE, len(steps) + 1
        if status == "solved":
            if draw(st.booleans()):
                steps.append(Step("reopened", at, sequence, value="open"))
            else:
                message = 1000 + sequence
                steps.append(Step("asked", at, sequence, message=message, thanks=draw(st.booleans())))
                steps.append(Step("reopened", at, sequence + 1, value="open", message=message))
            status = "open"
            continue
        kind = draw(st.sampled_from(
            ["asked", "asked", "answered", "answered", "status", "solved", "snoozed", "trait", "replanned"]))  # fmt: skip
        if kind == "asked":
            steps.append(Step("asked", at, sequence, message=1000 + sequence))
            if status != "open":
                status = "open"
                steps.append(Step("status", at, sequence + 1, value="open"))
            if snoozed:
                snoozed = False
                steps.append(Step("woken", at, len(steps) + 1))
        elif kind == "answered":
            steps.append(Step("answered", at, sequence, by=draw(st.sampled_from(["human", "human", "bot"]))))
        elif kind == "status":
            status = draw(st.sampled_from(["open", "pending", "on_hold"]))
            steps.append(Step("status", at, sequence, value=status))
        elif kind == "solved":
            status, snoozed = "solved", False
            steps.append(Step("status", at, sequence, value="solved"))
        elif kind == "snoozed":
            snoozed = not snoozed
            steps.append(Step("snoozed" if snoozed else "woken", at, sequence))
        elif kind == "trait":
            steps.append(Step("trait", at, sequence, traits={"priority": draw(st.sampled_from([10, 20, 40]))}))
        else:
            steps.append(Step("replanned", at, sequence, rules=2))
    return steps


books = st.builds(Book, st.frozensets(st.sampled_from(["pending", "on_hold", "snoozed"])), st.booleans())


def told(clock: Clock) -> dict:
    return {"at": clock.started_at, "stopped": clock.stopped_at, "how": clock.state if clock.stopped_at else "",
            "late": clock.breached_at is not None}  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(lives(), books)
def test_clocks_are_what_a_stopwatch_shows(steps: list[Step], book: Book) -> None:
    clocks = {clock.key: clock for clock in clocks_of(steps, book)}
    watches = {key: watch for key, watch in Reference(steps, book).watches.items() if watch["promised"]}
    assert set(clocks) == set(watches)
    end = ZERO + LENGTH * MINUTE
    for key, watch in watches.items():
        clock = clocks[key]
        assert told(clock) == {name: watch[name] for name in ("at", "stopped", "how", "late")}, key
        if clock.terms is not None:
            used = clock.used(clock.stopped_at or end)
            assert used == watch["used_by"](clock.terms, watch["stopped"] or end), key
        if clock.is_open and clock.due_at is not None and clock.target is not None and not watch["late"]:
            assert (clock.due_at <= end) == (used >= clock.target), key


@settings(max_examples=60, deadline=None)
@given(lives(), books, st.randoms(use_true_random=False))
def test_the_order_in_which_things_arrive_changes_nothing(steps: list[Step], book: Book, random: object) -> None:
    mixed = steps[:]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert clocks_of(mixed, book) == clocks_of(steps, book)
    assert in_order(mixed) == in_order(steps)


@settings(max_examples=60, deadline=None)
@given(lives(), books, st.integers(0, 14))
def test_what_has_ended_stays_as_it_was(steps: list[Step], book: Book, cut: int) -> None:
    """Later steps in order end and open clocks; they never change one that is over, but for a slip taken back."""
    before = [clock for clock in clocks_of(steps[: cut + 2], book) if not clock.is_open]
    after = {clock.key: clock for clock in clocks_of(steps, book)}
    whole = {s.message for s in steps[cut + 2 :] if s.kind == "reopened" and s.message}
    if not whole & {s.message for s in steps[: cut + 2] if s.message}:
        assert [after[clock.key] for clock in before] == before
