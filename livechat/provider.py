"""Chat as a channel like any other: what it can do, and what sending means here."""

from __future__ import annotations

from typing import ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from channels_inbound.hooks.provider import Account, Part, Provider, SendError
from livechat.limits import MAX_FILE
from livechat.models import Visitor
from livechat.unseen import note_unseen
from livechat.widget_settings import WidgetSettings
from people.http_client import HttpClient
from tickets.kinds import Traits


class LiveChat(Provider):
    """Replies lie in the database before they are sent, and the announcement of the commit has told the widget. So
    sending keeps a promise: unless the visitor looks in time, it goes by mail."""

    traits: ClassVar[Traits] = Traits(
        "chat", _("Chat"), icon="messages-square", files=10, max_file=MAX_FILE, max_text=20_000, receipts=True,
        choices=11, choice_length=40, instant=True, panel="chat_panel", running="chat_running",
    )  # fmt: skip
    takes_hooks: ClassVar[bool] = False

    def send(self, part: Part, account: Account, http: HttpClient) -> str:
        visitor = Visitor.objects.filter(channel=account.channel_id, public_id=_thread(part.to)).first()
        if visitor is None:
            raise SendError("permanent", "the visitor is gone")
        note_unseen(visitor, WidgetSettings.read(account.settings), at=timezone.now())
        return part.tag


def _thread(to: str) -> str:
    if len(to) != 32 or not set(to) <= set("0123456789abcdef"):
        raise SendError("permanent", "not a visitor")
    return to
