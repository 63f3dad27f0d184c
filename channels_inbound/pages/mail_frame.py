"""A mail's HTML in a frame of its own: no scripts, no forms, no requests but for pictures somebody allowed."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from channels_inbound.mail_html import in_theme, shown_html
from channels_inbound.models import RawBody
from people.models import Agent
from people.permissions import Permission
from people.watching import read_source, saw_ticket
from tickets.actions.secrets import may_reveal
from tickets.inbox.access import agent_of, signed_in
from tickets.models import Message, Secret, Ticket

# allow-same-origin lets the page measure the frame's height; without allow-scripts nothing can use it.
SANDBOX = "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
_POLICY = (
    "default-src 'none'; img-src {host}/files/ data:{remote}; style-src 'unsafe-inline'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'; " + SANDBOX
)
SOURCE_POLICY = "default-src 'none'; sandbox"


@require_safe
@signed_in
@xframe_options_sameorigin
def frame(request: HttpRequest, message_id: int) -> HttpResponseBase:
    """The mail as a document for a sandboxed iframe."""
    agent = agent_of(request)
    message = _visible(agent, message_id)
    saw_ticket(agent, message.ticket_id)
    if not message.html:
        raise Http404("this message has no HTML")
    html, paper = in_theme(shown_html(message))
    context = {"html": html, "paper": paper, "theme": agent.theme, "language": message.language}
    response = render(request, "channels_inbound/mail_frame.html", context)
    return under_policy(request, response, remote=message.show_remote)


def under_policy(request: HttpRequest, response: HttpResponse, *, remote: bool) -> HttpResponse:
    """A mail's document under its policy: pictures come from its own files, and from elsewhere if somebody said so."""
    response["Content-Security-Policy"] = _POLICY.format(
        host=request.get_host(), remote=" https: http:" if remote else ""
    )
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_safe
@signed_in
def source(request: HttpRequest, message_id: int) -> HttpResponseBase:
    """The mail byte for byte, as a download, for those who may read it."""
    agent = agent_of(request)
    message = _visible(agent, message_id)
    if not agent.may(Permission.READ_RAW):
        raise Http404("not for this role")
    body = RawBody.objects.filter(delivery__message=message).order_by("pk").first()
    if body is None:
        raise Http404("no source is kept of this message")
    kept = Secret.objects.filter(message=message).exclude(secret="").values_list("kind", flat=True)
    if not all(may_reveal(agent, kind) for kind in kept):
        raise Http404("what is masked in its words stands in its source")
    read_source(agent, message.pk, ticket_id=message.ticket_id)
    return as_download(bytes(body.content), f"message-{message.pk}.eml")


def as_download(content: bytes, filename: str) -> HttpResponse:
    """Bytes nobody cleaned: a download, never a page."""
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SOURCE_POLICY
    return response


def _visible(agent: Agent, message_id: int) -> Message:
    message = Message.objects.filter(pk=message_id, ticket__in=Ticket.objects.visible_to(agent)).first()
    if message is None:
        raise Http404("no such message")
    return message
