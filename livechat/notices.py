"""Which agent is told of what happens to a chat: who is called in, and from whom it was taken."""

from __future__ import annotations

from events.models import Event
from livechat.events import ChatEvent
from people.models import Agent
from tickets.notices.rules import notify

CONCERNS = {ChatEvent.INVITED: "agent", ChatEvent.REQUEUED: "from"}


def notify_of_chat(event: Event) -> None:
    """Tell the agent the event names, once, if they see the ticket."""
    agent = Agent.objects.filter(pk=event.data[CONCERNS[ChatEvent(event.kind)]], is_active=True).first()
    if agent is not None:
        notify(agent, event)
