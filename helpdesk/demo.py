"""What the apps above the channels add to the demo shop: orders, surveys with their answers, and a help centre."""

from __future__ import annotations

from datetime import datetime

from channels_inbound.demo import Loaded, load_demo_shop
from commerce.demo import fill_orders
from events.models import Event
from knowledge.demo import fill_help_centre
from metrics.surveys.asking import HEARD, ask_due, plan_survey
from metrics.surveys.demo import answer_surveys, open_surveys
from people.models import Agent


class _Along:
    def __init__(self) -> None:
        self.heard = 0

    def before(self, by: Agent, at: datetime) -> None:
        open_surveys(by)

    def tick(self, at: datetime) -> None:
        # Its own pairs of event and listener are worked off at the end; asking must not wait for that.
        for event in Event.objects.filter(kind__in=HEARD, pk__gt=self.heard).order_by("pk"):
            plan_survey(event)
            self.heard = event.pk
        ask_due(at=at)

    def after(self, by: Agent, at: datetime) -> None:
        answer_surveys(at)
        fill_orders(by, at)
        fill_help_centre(by, at)


def load_whole_demo() -> Loaded | None:
    """The demo shop with all that this helpdesk can hold; None when it is in use already."""
    return load_demo_shop(along=_Along())
