"""The customers' side while no outgoing server is set: what was sent to them, and writing back as them.

What is written here goes the real way: by SMTP to the listener, like any customer's mail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from channels_inbound.email.headers_out import safe_filename
from channels_inbound.email.parse import parse_email
from channels_inbound.email.parsed import ParsedEmail
from channels_inbound.models import DemoMail
from channels_inbound.quarantine import channels_visible_to
from channels_inbound.samples import SAMPLES, SampleMail, write_mail
from channels_inbound.submit import NotTaken, submit_mail
from people.models import Agent
from people.permissions import Permission
from tickets.inbox.access import agent_of, signed_in
from tickets.models import ChannelKind, Message, MessageKind, OutboxState, Ticket
from tickets.preview import without_spans
from tickets.reasons import retold

PAGE = 50
ANSWERED = "answered"
Page = Callable[..., HttpResponseBase]


class AnswerForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Your answer"), widget=forms.Textarea(attrs={"rows": 5}), max_length=20_000
    )
    file = forms.FileField(label=gettext_lazy("A file"), required=False, max_length=150)

    def clean_file(self) -> UploadedFile | None:
        file: UploadedFile | None = self.cleaned_data["file"]
        if file and (file.size or 0) > settings.MAX_UPLOAD_SIZE:
            raise forms.ValidationError(
                _("The file is larger than %(limit)d MB.") % {"limit": settings.MAX_UPLOAD_SIZE >> 20}
            )
        return file


class NewMailForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Your name"), max_length=100)
    address = forms.EmailField(label=gettext_lazy("Your email address"), max_length=254)
    to = forms.ChoiceField(label=gettext_lazy("To"))
    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=300)
    text = forms.CharField(label=gettext_lazy("Message"), widget=forms.Textarea(attrs={"rows": 7}), max_length=20_000)

    def __init__(self, *args: Any, addresses: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = [(address, address) for address in addresses]  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Shown:
    """One message of the thread as the customer's program would list it."""

    author: str
    at: Any
    text: str
    ours: bool
    files: tuple[str, ...] = ()


def demo_only(page: Page) -> Page:
    """404 as soon as an outgoing server is set: then customers have mailboxes of their own."""

    @wraps(page)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.DEMO_MAILBOX:
            raise Http404("there is an outgoing mail server")
        return page(request, *args, **kwargs)

    return guarded


@require_safe
@demo_only
@signed_in
def list_page(request: HttpRequest) -> HttpResponseBase:
    """What went out, newest first, and a form to write in as a customer."""
    agent = agent_of(request)
    page = Paginator(_mails(agent).defer("content").order_by("-id"), PAGE).get_page(request.GET.get("page"))
    return render(request, "channels_inbound/demo_mailbox.html", {"page": page, "form": _new_form(agent)})


@require_safe
@demo_only
@signed_in
def mail_page(request: HttpRequest, mail_id: int) -> HttpResponseBase:
    """One mail in its thread, and a form to answer it as the customer."""
    return _mail_page(request, _mail(request, mail_id), AnswerForm())


@require_safe
@demo_only
@signed_in
def thread(request: HttpRequest, mail_id: int) -> HttpResponseBase:
    """The conversation again, for the page on which an answer was just sent: it comes by mail, a moment later."""
    mail = _mail(request, mail_id)
    shown = _thread(mail, parse_email(bytes(mail.content)))
    return render(request, "channels_inbound/_demo_thread.html", {"thread": shown})


@require_POST
@demo_only
@signed_in
def answer(request: HttpRequest, mail_id: int) -> HttpResponseBase:
    """Answer as the person the mail went to."""
    _require_reply(agent_of(request))
    mail = _mail(request, mail_id)
    form = AnswerForm(request.POST, request.FILES)
    if not form.is_valid():
        return _mail_page(request, mail, form, status=422)
    parsed = parse_email(bytes(mail.content))
    customer = parsed.to[0]
    back_to = parsed.reply_to[0].address if parsed.reply_to else parsed.sender.address
    quoted = "\n".join(f"> {line}" for line in parsed.reply_text.splitlines())
    text = f"{form.cleaned_data['text']}\n\n{parsed.sender.name} <{parsed.sender.address}> wrote:\n{quoted}"
    sample = SampleMail(customer.name, customer.address, _again(parsed.subject), text)
    references = " ".join(f"<{item}>" for item in parsed.references)
    letter = write_mail(sample, to=back_to, in_reply_to=f"<{parsed.message_id}>", references=references)
    if file := form.cleaned_data["file"]:
        letter.add_attachment(
            file.read(), maintype="application", subtype="octet-stream", filename=safe_filename(file.name or "file")
        )
    _submit(request, letter.as_bytes(), customer.address, back_to)
    return redirect(f"{reverse('demo_mail', args=[mail.pk])}?{ANSWERED}=1")


@require_POST
@demo_only
@signed_in
def write(request: HttpRequest) -> HttpResponseBase:
    """Write in as somebody new."""
    agent = agent_of(request)
    _require_reply(agent)
    form = _new_form(agent, request.POST)
    if not form.is_valid():
        page = Paginator(_mails(agent).defer("content").order_by("-id"), PAGE).get_page(1)
        return render(request, "channels_inbound/demo_mailbox.html", {"page": page, "form": form}, status=422)
    said = form.cleaned_data
    sample = SampleMail(said["name"], said["address"], said["subject"], said["text"])
    _submit(request, write_mail(sample, to=said["to"]).as_bytes(), said["address"], said["to"])
    return redirect("demo_mailbox")


def _submit(request: HttpRequest, content: bytes, mail_from: str, rcpt_to: str) -> None:
    try:
        submit_mail(content, mail_from=mail_from, rcpt_tos=[rcpt_to])
    except NotTaken as error:
        messages.error(request, _("The mail listener did not take it: %(why)s") % {"why": retold(str(error))})
    else:
        messages.success(request, _("Sent. It reaches the inbox within a second or two."))


def _mails(agent: Agent) -> QuerySet[DemoMail]:
    """Mails of tickets the agent may see; those about accounts (no ticket) are an admin's business."""
    seen = Q(message__ticket__in=Ticket.objects.visible_to(agent))
    return DemoMail.objects.filter(seen | Q(message=None) if agent.sees_everything else seen)


def _mail(request: HttpRequest, mail_id: int) -> DemoMail:
    mail = _mails(agent_of(request)).select_related("message").filter(pk=mail_id).first()
    if mail is None:
        raise Http404("no such mail")
    return mail


def _mail_page(request: HttpRequest, mail: DemoMail, form: AnswerForm, *, status: int = 200) -> HttpResponseBase:
    parsed = parse_email(bytes(mail.content))
    shown = _thread(mail, parsed)
    context = {"mail": mail, "parsed": parsed, "thread": shown, "form": form, "answered": ANSWERED in request.GET}
    return render(request, "channels_inbound/demo_mail.html", context, status=status)


def _thread(mail: DemoMail, parsed: ParsedEmail) -> list[Shown]:
    """What this customer wrote and was sent in the conversation; never notes, never what is still under way."""
    if mail.message is None:
        return [Shown(parsed.sender.name, mail.sent_at, parsed.text, ours=True)]
    said = Message.objects.filter(conversation=mail.message.conversation_id, pending=False)
    said = said.filter(Q(kind=MessageKind.INBOUND) | Q(kind=MessageKind.OUTBOUND, outbox=OutboxState.SENT))
    said = said.select_related("agent", "identity").prefetch_related("attachments")
    return [_shown(message) for message in said.order_by("sequence")]


def _shown(message: Message) -> Shown:
    ours = message.kind == MessageKind.OUTBOUND
    sender = message.envelope.get("from") or {}
    author = message.agent.name if ours and message.agent else sender.get("name") or sender.get("address", "")
    text = without_spans(message.text, [tuple(span) for span in message.quoted]).strip()
    return Shown(author, message.at, text, ours, tuple(file.filename for file in message.attachments.all()))


def _new_form(agent: Agent, data: Any = None) -> NewMailForm:
    addresses = channels_visible_to(agent).filter(kind=ChannelKind.EMAIL, is_active=True).order_by("pk")
    example = SAMPLES[DemoMail.objects.count() % len(SAMPLES)]
    initial = {"name": example.name, "address": example.address, "subject": example.subject, "text": example.text}
    return NewMailForm(data, initial=initial, addresses=list(addresses.values_list("address", flat=True)))


def _again(subject: str) -> str:
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def _require_reply(agent: Agent) -> None:
    """Who only looks does not write, in whoever's name."""
    if not agent.may(Permission.REPLY):
        raise PermissionDenied
