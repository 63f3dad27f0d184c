"""Surveys for the demo shop, asked and answered while its past is played, by the same rules as any."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from metrics.models import SurveyInvitation, SurveyState
from metrics.surveys.actions import save_survey
from metrics.surveys.answers import Said, record_answer
from metrics.surveys.scales import Kind
from people.models import Agent, Team

_SCORES = {Kind.CSAT: (5, 5, 5, 4, 4, 3, 2), Kind.NPS: (10, 10, 9, 9, 8, 7, 4), Kind.CES: (7, 7, 6, 6, 5, 3)}
_WELL = {
    "en": ("Quick and friendly, thank you!", "Sorted out in one mail.", ""),
    "uk": ("Швидко й привітно, дякую!", "Усе вирішили одним листом.", ""),
}
_BADLY = {
    "en": ("It took too long to get an answer.", "I had to explain it twice."),
    "uk": ("Довго чекали на відповідь.", "Довелося пояснювати двічі."),
}
_GOOD_FROM = {Kind.CSAT: 4, Kind.NPS: 7, Kind.CES: 5}


def open_surveys(by: Agent) -> None:
    """Ease after returns, recommendation in Ukrainian, satisfaction everywhere else."""
    returns = Team.objects.get(name="Returns")
    for name, kind, conditions in (
        ("Ease of a return", Kind.CES, {"team_id": [returns.pk]}),
        ("Чи порадите нас", Kind.NPS, {"language": ["uk"]}),
        ("How was our help", Kind.CSAT, {}),
    ):
        save_survey(None, by=by, name=name, kind=kind, conditions=conditions, delay_minutes=60, percent=100)


def answer_surveys(at: datetime) -> None:
    """Most of those who were asked answer within a day."""
    dice = random.Random(92)  # noqa: S311  decides what a demonstration shows, nothing secret
    for row in SurveyInvitation.objects.filter(state=SurveyState.ASKED).order_by("asked_at", "pk"):
        when = (row.asked_at or at) + timedelta(minutes=dice.randint(4, 1200))
        if dice.random() < 0.8 and when < at:
            kind = Kind(row.kind)
            score = dice.choice(_SCORES[kind])
            words = _WELL if score >= _GOOD_FROM[kind] else _BADLY
            comment = dice.choice(words.get(row.language) or words["en"])
            record_answer(row.pk, Said(score, comment=comment), at=when)
