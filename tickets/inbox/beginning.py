"""Writing first, as a page: whom to, by which way, and the words. Plain forms, which need no script."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import uuid4

from django import forms
from django.core.exceptions import PermissionDenied as Forbidden
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from people.languages import choose_language
from people.models import Agent, Customer, Identity
from people.watching import searched
from people.written_html import LONGEST, html_of_text, text_of_html
from tickets.actions.begin import MOST_SUBJECT, Beginning, begin_conversation, may_begin
from tickets.actions.macros import opening_words
from tickets.actions.views import shown_to
from tickets.actions.ways import Way, places_of, typed_address, ways_to, ways_to_address
from tickets.actions.withdrawal import beginning_taken_back
from tickets.customers import customers_among
from tickets.errors import DomainError, InvalidInput, MaskedWords
from tickets.models import ChannelTemplate, Macro, Message, ParticipantRole, Ticket
from tickets.search.finder import search_tickets

from .access import agent_of, signed_in
from .customers import visible_customer
from .finder import read_query
from .macro_pages import MOST_SHOWN
from .pages import read_number
from .writes import posted_uuid

FOUND = 12


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom a conversation is begun with: a customer in the agent's sight, or an address as it was typed."""

    customer: Customer | None
    address: str
    ways: list[Way]

    @property
    def name(self) -> str:
        known = self.ways[0].identity.value if self.ways else ""
        return (self.customer.name or known) if self.customer else self.address


@dataclass(frozen=True, slots=True)
class OfferedTemplate:
    """A template of a way whose window is over, with a field for each of its variables."""

    key: str
    template: ChannelTemplate
    values: list[str]


class BeginForm(forms.Form):
    """The words. The way is chosen among what is listed, and decides what is needed."""

    use_required_attribute = False
    subject = forms.CharField(
        label=_("Subject"), required=False, max_length=MOST_SUBJECT, help_text=_("For mail; other channels have none."),
        widget=forms.TextInput(attrs={"autofocus": True}),
    )  # fmt: skip
    text = forms.CharField(
        label=_("Message"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 9}), max_length=LONGEST
    )
    html = forms.CharField(required=False, max_length=LONGEST)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def begin(request: HttpRequest) -> HttpResponseBase:
    """First whom to write to; once that is said, how and what."""
    agent = agent_of(request)
    if not may_begin(agent):
        raise Forbidden
    said = request.POST if request.method == "POST" else request.GET
    if gone := _taken_back(agent, said):
        ways = ways_to(gone.conversation.customer, by=agent, at=timezone.now())
        return _write(request, agent, Whom(gone.conversation.customer, "", ways), gone)
    kind, value = typed_address(said.get("to", ""))
    if customer_id := read_number(said.get("customer")):
        customer = visible_customer(agent, customer_id)
        whom = Whom(customer, "", ways_to(customer, by=agent, at=timezone.now()))
    elif not kind:
        return _who(request, agent)
    elif (known := _known_as(agent, kind, value)) and request.method != "POST":
        return redirect(f"{reverse('begin')}?{urlencode({'customer': known.customer_id, 'address': known.pk})}")
    else:
        whom = Whom(None, value, ways_to_address(kind, value, by=agent, at=timezone.now()))
    return _write(request, agent, whom)


def _taken_back(agent: Agent, said: QueryDict) -> Message | None:
    """The message that goes on in the form, as long as the agent may still see whom it was for."""
    number = read_number(said.get("again"))
    gone = beginning_taken_back(number, by=agent) if number else None
    return gone if gone and customers_among(agent, [gone.conversation.customer_id], most=1) else None


def _who(request: HttpRequest, agent: Agent) -> HttpResponseBase:
    query, people = read_query(request), list[Customer]()
    if query:
        page = search_tickets(agent, query, limit=FOUND)
        theirs = Ticket.objects.visible_to(agent).filter(pk__in=page.ids).values_list("customer_id", flat=True)
        people = customers_among(agent, {*page.customers, *theirs}, most=FOUND)
        searched(agent, query)
    kind, value = typed_address(query)
    new = value if kind and not _known_as(agent, kind, value) else ""
    context = {"query": query, "people": _with_addresses(people), "new": new, "tab": "inbox"}
    return render(request, "tickets/begin_who.html", context)


def _with_addresses(people: list[Customer]) -> list[tuple[Customer, list[str]]]:
    """Each with a few addresses, which tell two of one name apart."""
    ids = [one.pk for one in people]
    found: dict[int, list[str]] = {id: [] for id in ids}
    theirs = Identity.objects.filter(Q(customer__in=ids) | Q(customer__merged_into__in=ids), suspect=False)
    rows = theirs.filter(kind__in=("email", "phone")).order_by("pk")
    for owner, root, value in rows.values_list("customer_id", "customer__merged_into_id", "value"):
        found[root or owner].append(value)
    return [(one, found[one.pk][:3]) for one in people]


def _known_as(agent: Agent, kind: str, value: str) -> Identity | None:
    """The address where the agent may know whose it is."""
    identity = Identity.objects.filter(kind=kind, value=value, suspect=False).select_related("customer").first()
    if identity is None:
        return None
    root = identity.customer.merged_into_id or identity.customer_id
    return identity if customers_among(agent, [root], most=1) else None


def _write(request: HttpRequest, agent: Agent, whom: Whom, gone: Message | None = None) -> HttpResponseBase:
    """The form, with the words of what is taken back (`gone`) until something was typed since."""
    form, chosen, masks = BeginForm(request.POST or None), request.POST.get("way", ""), tuple[str, ...]()
    if gone and request.method != "POST":
        form, chosen = _said_before(gone), _way_of(gone)
    if request.method == "POST" and form.is_valid():
        if "insert" in request.POST:
            form = _with_macro(request, agent, whom, form)
        else:
            try:
                return _sent(_send(request, agent, whom, form))
            except MaskedWords as error:
                masks = error.masks
                form.add_error(None, f"{error.message} {', '.join(masks)}")
            except InvalidInput as error:
                form.add_error(error.field if error.field in form.fields else None, error.message)
            except DomainError as error:
                form.add_error(None, error.message)
    for name in ("subject", "text"):
        form.fields[name].required = True  # where the way has a place for it; the page hides the others
    context = {
        "whom": whom, "form": form, "chosen": chosen or _first(request, whom), "tab": "inbox",
        "client_id": request.POST.get("client_id") or uuid4(),
        "macros": Macro.objects.filter(shown_to(agent)).order_by("-used", "name")[:MOST_SHOWN],
        "masks": masks, "usable": any(way.usable for way in whom.ways),
        "offered": [(way, _templates(request, way)) for way in whom.ways],
        "html": form["html"].value() or "", "gone": gone,
    }  # fmt: skip
    return render(request, "tickets/begin.html", context, status=422 if form.errors else 200)


def _said_before(gone: Message) -> BeginForm:
    words = {} if "template" in gone.envelope else {"text": gone.text, "html": gone.html or html_of_text(gone.text)}
    return BeginForm(initial={"subject": gone.subject, **words})


def _way_of(gone: Message) -> str:
    whom = gone.conversation.participants.filter(role=ParticipantRole.REQUESTER).values_list("identity", flat=True)
    return f"{gone.conversation.channel_id}-{whom.first()}"


def _templates(request: HttpRequest, way: Way) -> list[OfferedTemplate]:
    offered = []
    for one in way.templates:
        typed = request.POST.getlist(f"value-{one.pk}")
        values = [typed[place] if place < len(typed) else "" for place in range(places_of(one))]
        offered.append(OfferedTemplate(f"{way.key}-{one.pk}", one, values))
    return offered


def _first(request: HttpRequest, whom: Whom) -> str:
    """What is chosen at first: the address that led here, else the best way."""
    wanted = read_number(request.GET.get("address"))
    ways = [way for way in whom.ways if not way.why]
    ways.sort(key=lambda way: way.identity.pk != wanted)
    return ways[0].key if ways else ""


def _send(request: HttpRequest, agent: Agent, whom: Whom, form: BeginForm) -> Message:
    channel, identity, template = (*request.POST.get("way", "").split("-"), "", "")[:3]
    if not read_number(channel):
        raise InvalidInput("way", gettext("Choose a way."))
    html = "" if template else form.cleaned_data["html"]
    wish = Beginning(
        channel_id=read_number(channel),
        customer_id=whom.customer.pk if whom.customer else None,
        identity_id=read_number(identity) or None,
        address=whom.address,
        template_id=read_number(template) or None,
        values=request.POST.getlist(f"value-{template}")[:20],
    )
    text = "" if template else text_of_html(html) if html else form.cleaned_data["text"]
    return begin_conversation(
        wish, by=agent, text=text, html=html, subject=form.cleaned_data["subject"],
        client_id=posted_uuid(request.POST.get("client_id"), "client_id"),
        ask_masks=True, confirmed=request.POST.getlist("confirmed")[:50],
    )  # fmt: skip


def _sent(message: Message) -> HttpResponseBase:
    """To the ticket; its page offers to take the message back while it waits."""
    left = (message.not_before - timezone.now()).total_seconds() if message.not_before else 0
    address = reverse("inbox_ticket", args=["my-waiting", message.ticket_id])
    return redirect(f"{address}?sent={message.pk}-{round(left)}" if left >= 1 else address)


def _with_macro(request: HttpRequest, agent: Agent, whom: Whom, form: BeginForm) -> BeginForm:
    """The form with a canned reply's words after what is written already. What it would do to a ticket is left out."""
    typed, way = form.cleaned_data, _way(request, whom)
    spoken = [whom.customer.locale if whom.customer else "", way.channel.locale if way else ""]
    text, html = opening_words(
        read_number(request.POST.get("macro")), by=agent, customer=whom.customer, language=choose_language(spoken),
        email=way.identity.value if way and way.identity.kind == "email" else "", channel=way.channel if way else None,
    )  # fmt: skip
    rich = typed["html"] or html
    said = {
        "subject": typed["subject"],
        "text": "\n\n".join(part for part in (typed["text"].rstrip(), text) if part),
        "html": (typed["html"] or html_of_text(typed["text"])) + (html or html_of_text(text)) if rich else "",
    }
    return BeginForm(initial=said)


def _way(request: HttpRequest, whom: Whom) -> Way | None:
    key = "-".join(request.POST.get("way", "").split("-")[:2])
    return next((way for way in whom.ways if way.key == key), None)
