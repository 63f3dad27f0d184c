"""The version of today on an older one's database, as a process of its own: brings it up to date, looks at it, works
with it, and prints what it saw as JSON."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.core.management.base import CommandError  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from events.delivery import drain  # noqa: E402
from helpdesk.upgrade import migrate_patiently  # noqa: E402
from people.models import Agent, ApiToken  # noqa: E402
from tests.people import mail, signed_in  # noqa: E402
from tickets import actions  # noqa: E402
from tickets.inbound import Address  # noqa: E402
from tickets.ingest import ingest  # noqa: E402
from tickets.models import Message, Ticket  # noqa: E402

PAGES = (
    "/inbox/open/", "/inbox/solved/", "/inbox/mine/", "/search/?q=parcel", "/views/", "/notifications/", "/settings/",
    "/reports/?period=365", "/reports/satisfaction/", "/reports/work/", "/audit/", "/privacy/", "/team/roles/",
)  # fmt: skip


def looked() -> dict[str, Any]:
    """Statuses of pages that are not 200, and what the two verifications say."""
    admin = Agent.objects.filter(role="admin").order_by("pk")[0]
    browser = signed_in(admin)
    tickets = [f"/tickets/{pk}/" for pk in Ticket.objects.order_by("pk").values_list("pk", flat=True)[::4]]
    customers = Ticket.objects.order_by("customer").values_list("customer", flat=True).distinct()[:5]
    wanted = [*PAGES, *tickets, *(f"/customers/{pk}/{page}" for pk in customers for page in ("", "privacy/"))]
    statuses = {address: browser.get(address, follow=True).status_code for address in wanted}
    return {
        "pages": len(statuses), "broken": {address: status for address, status in statuses.items() if status != 200},
        "audit": said("verify_audit"), "metrics": said("verify_metrics"), "tokens": ApiToken.objects.count(),
    }  # fmt: skip


def said(command: str) -> str:
    """What a command printed; its refusal after it."""
    out = StringIO()
    try:
        call_command(command, stdout=out, stderr=out)
    except CommandError as error:
        out.write(f"REFUSED {error}")
    return out.getvalue()


def worked() -> dict[str, Any]:
    """An old ticket is answered and answers: its numbers and its thread go on."""
    old = Message.objects.filter(kind="inbound", auto_kind="", pending=False, ticket__status="open")
    asked = old.select_related("ticket", "identity", "conversation").order_by("pk").filter(identity__kind="email")[0]
    agent = Agent.objects.filter(role="admin").order_by("pk")[0]
    sequence = Ticket.objects.get(pk=asked.ticket_id).message_sequence
    reply = actions.reply(asked.ticket_id, by=agent, text="We look into it.", answers=asked.pk)
    came = ingest(
        mail(
            asked.conversation.channel, sender=Address("", asked.identity.value if asked.identity else ""),
            in_reply_to=asked.external_id, references=(asked.external_id,), text="Thank you",
        )
    )  # fmt: skip
    drain()
    return {"reply": reply.sequence - sequence, "threaded": came.ticket_id == asked.ticket_id, "layer": came.layer}


if __name__ == "__main__":
    migrate_patiently()
    setup_test_environment()
    seen = looked()
    seen |= worked()
    seen["metrics_after"] = said("verify_metrics")
    print(json.dumps(seen))
