"""Every string has its Ukrainian, and whoever reads Ukrainian is shown no English."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from babel.messages.pofile import read_po
from django.core import mail as sent_mail
from django.test import Client, override_settings
from django.utils import timezone, translation
from django.utils.formats import date_format

from channels_inbound.email.compose import text_part
from channels_inbound.email.parse import parse_email
from channels_inbound.models import RawDelivery, RawState
from channels_inbound.raw import store_raw
from events.models import Event
from helpdesk.reasons import KNOWN as OF_HEALTH
from metrics.pages.writing import read_duration, write_duration
from metrics.rules import ensure_defaults
from people.models import Agent, Role, Team
from tests.channels_inbound.replies import composed, outbound
from tests.people import NOW, PASSWORD, freshness, make_agent, open_ticket, receive
from tickets import actions
from tickets.actions import delivery
from tickets.events import TicketEvent
from tickets.inbound import Address
from tickets.inbox.dates import short_date
from tickets.inbox.due import span
from tickets.inbox.sentences import UNTOLD, Names, sentence
from tickets.inbox.strings import STRINGS
from tickets.models import Channel, Ticket
from tickets.outbound import QuotedOriginal
from tickets.reasons import KNOWN, retold

ROOT = Path(__file__).resolve().parents[2]
PO = ROOT / "locale" / "uk" / "LC_MESSAGES" / "django.po"
with PO.open("rb") as _file:
    CATALOG = read_po(_file, locale="uk")
ENTRIES = [entry for entry in CATALOG if entry.id]


def pairs() -> Iterator[tuple[str, str]]:
    """Every English text with each of its Ukrainian forms; plurals stand beside the English plural."""
    for entry in ENTRIES:
        forms = entry.string if isinstance(entry.string, tuple) else (entry.string,)
        for form in forms:
            yield (entry.id if isinstance(entry.id, str) else entry.id[-1]), form


class TestCatalog:
    def test_has_every_string_and_guesses_none(self) -> None:
        assert len(ENTRIES) > 500
        assert [english for english, ukrainian in pairs() if not ukrainian] == []
        assert [entry.id for entry in ENTRIES if entry.fuzzy] == []
        assert [entry.id for entry in CATALOG.obsolete.values()] == []

    def test_has_the_plural_forms_of_django_and_all_four(self) -> None:
        import django

        theirs = Path(django.__file__).parent / "conf/locale/uk/LC_MESSAGES/django.po"
        with theirs.open("rb") as file:
            assert CATALOG.plural_forms == read_po(file, locale="uk").plural_forms
        several = [entry for entry in ENTRIES if not isinstance(entry.id, str)]
        assert several
        assert {len(entry.string) for entry in several} == {4}

    def test_keeps_placeholders_and_markup(self) -> None:
        """Unnamed placeholders keep their order too: scripts fill them one after the other."""
        named = re.compile(r"%\(\w+\)[sd]|\{\w*\}|</?\w+[^>]*>")
        unnamed = re.compile(r"%[sd]")
        for english, ukrainian in pairs():
            assert sorted(named.findall(ukrainian)) == sorted(named.findall(english)), english
            assert unnamed.findall(ukrainian) == unnamed.findall(english), english

    def test_keeps_the_spaces_at_both_ends(self) -> None:
        edges = re.compile(r"^\s*|\s*$")
        assert [e for e, u in pairs() if edges.findall(e) != edges.findall(u)] == []

    def test_is_written_as_its_header_says(self) -> None:
        foreign = re.compile(r"[ыэъёЫЭЪЁ]|[“”]|[а-яіїєґ]['ʼ`]|[^\xa0\s]? – | [-—] ")
        assert [ukrainian for _english, ukrainian in pairs() if foreign.search(ukrainian)] == []

    def test_is_what_runs(self) -> None:
        """The compiled catalog is the one written; without it all of this would be an English helpdesk."""
        with translation.override("uk"):
            for entry in ENTRIES:
                context, form = entry.context, entry.string
                if isinstance(entry.id, str):
                    said = translation.pgettext(context, entry.id) if context else translation.gettext(entry.id)
                else:
                    said, form = translation.ngettext(*entry.id, 5), entry.string[2]
                assert said == form, f"{entry.id!r}: `make assets` compiles the translations"

    @pytest.mark.skipif(
        not ((shutil.which("xgettext") and shutil.which("msgmerge")) or os.environ.get("HELPDESK_REQUIRE_GETTEXT")),
        reason="NOT CHECKED: whether locale/ is in step with the sources. Cure: install gettext (apt install gettext)",
    )
    def test_is_in_step_with_the_sources(self, tmp_path: Path) -> None:
        """Cure when this fails: `make messages`, then translate what is new."""
        copy = tmp_path / "helpdesk"
        left_out = shutil.ignore_patterns(
            ".*", "node_modules", "var", "tests", "bench", "static", "staticfiles", "__pycache__"
        )
        shutil.copytree(ROOT, copy, ignore=left_out, symlinks=True)
        told = dict(os.environ) | {"HELPDESK_DATA_DIR": str(tmp_path / "var")}
        command = [sys.executable, str(copy / "scripts" / "collect_messages.py")]
        subprocess.run(command, cwd=copy, env=told, check=True, timeout=300)
        with (copy / PO.relative_to(ROOT)).open("rb") as file:
            collected = [entry for entry in read_po(file, locale="uk") if entry.id]
        assert {(entry.context, entry.id) for entry in collected} == {(entry.context, entry.id) for entry in ENTRIES}


class TestReasons:
    @pytest.mark.parametrize("known", KNOWN + OF_HEALTH)
    def test_are_worded_as_where_they_arise(self, known: str) -> None:
        """Else the sentence is one that nobody writes, and what is written stays English."""
        apps = ("tickets", "channels_inbound", "helpdesk")
        files = [path for app in apps for path in (ROOT / app).rglob("*.py")]
        sources = "\n".join(path.read_text() for path in files if path.name != "reasons.py")
        head = re.compile(r"^(timeout|crash|memory): ")
        for piece in re.split(r"\{\w+\}", head.sub("", known)):
            assert piece in sources, piece

    @pytest.mark.parametrize(
        ("stored", "told"),
        [
            ("#1042 is closed, its follow-up is #1051", "#1042 закрито, його продовження\xa0– #1051"),
            ("#1042 is closed", "#1042 закрито"),
            ("timeout: reading took longer than 20 s", "читання тривало довше за 20 с"),
            ("given up after two days: no usable recipient address",
             "спроби припинено за два дні: немає придатної адреси одержувача"),
            ("given up after two days: 451 try later", "спроби припинено за два дні: 451 try later"),
            ("550 5.1.1 no such user", "550 5.1.1 no such user"),
            ("", ""),
        ],
    )  # fmt: skip
    def test_are_told_in_the_readers_language(self, stored: str, told: str) -> None:
        with translation.override("uk"):
            assert retold(stored) == told
        with translation.override("en"):
            assert retold(stored) == stored


def test_dates_as_ukrainians_write_them() -> None:
    on = datetime(2026, 12, 1, 9, 5, tzinfo=UTC)
    with translation.override("uk"):
        assert date_format(on, "DATETIME_FORMAT") == "1 грудня 2026 р., 09:05"
        assert (short_date(on), short_date(on, year=True)) == ("1 груд.", "1 груд. 2026")


def test_lengths_of_time_have_one_form() -> None:
    """In deadlines and their forms as in reports; what a form shows it reads again."""
    with translation.override("uk"):
        assert write_duration(100_800) == span(timedelta(seconds=100_800)) == "1\xa0дн 4\xa0год"
        assert read_duration(write_duration(100_830)) == 100_830


class TestMail:
    def test_speaks_the_channels_language(self) -> None:
        quoted = QuotedOriginal("Зоя Бойко", datetime(2026, 3, 2, 10, 0, tzinfo=UTC), "Де моя посилка?")
        with translation.override("uk"):
            text = text_part(outbound(quoted=quoted))
        assert "2 березня 2026 р., 12:00 Зоя Бойко пише:\n> Де моя посилка?" in text

    def test_its_attribution_is_folded_when_it_comes_back(self) -> None:
        """What we quote in Ukrainian our own reader must know for a quote when the customer answers below or above."""
        ours = composed(locale="uk", text="Посилка в дорозі.", quoted=QuotedOriginal("Зоя Бойко", NOW, "Де посилка?"))
        sent = parse_email(ours.content)
        assert sent.text.startswith("Посилка в дорозі.")
        shown = "".join(
            sent.text[start:end] for start, end in _unquoted(sent.text, [tuple(span) for span in sent.quoted])
        )
        assert "пише:" not in shown
        assert "Де посилка?" not in shown


def _unquoted(text: str, quoted: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    at = 0
    for start, end in quoted:
        yield at, start
        at = end
    yield at, len(text)


class Words(HTMLParser):
    """What a page shows or says: texts, titles, labels, placeholders, and where it leads."""

    SILENT = ("script", "style", "template", "code", "kbd", "pre", "iframe", "textarea")
    SPOKEN = ("title", "aria-label", "placeholder", "alt")

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.links: list[str] = []
        self.language = ""
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._silent += tag in self.SILENT
        self.said += [given[name] or "" for name in self.SPOKEN if name in given]
        if tag == "html":
            self.language = given.get("lang") or ""
        if tag == "a" and given.get("href") and "download" not in given:
            self.links.append(given["href"] or "")
        if tag in ("textarea", "form"):
            self.said += [value or "" for name, value in attrs if name in ("data-reply", "data-note")]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in self.SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(data)


# Names, keys and codes that are the same in every language.
SAME = {
    "Api", "Smtp", "Imap", "Cc", "Bcc", "Ctrl", "Shift", "Esc", "Utc", "Url", "Html", "Email_url", "Message-id",
    "Oauth", "Re", "Tls", "Starttls", "Idle", "Google", "Microsoft", "Inbox",
    # What DNS holds of a domain's mail, as it is written there.
    "Dns", "Spf", "Dkim", "Dmarc", "Txt", "Mx", "All", "None", "Rua", "Mailto", "Quarantine", "Spf1", "Dmarc1", "Include",
    # Providers, and what their own settings pages call things.
    "Aircall", "Asterisk", "Master", "Csv", "Cx", "Messenger", "Instagram", "Facebook", "Whatsapp", "Telegram", "Twilio", "Sms", "Http", "Post", "Meta", "Mailgun", "Postmark",
    "Sendgrid", "Amazon", "Ses", "Sns", "Human", "Agent", "Sid", "Botfather", "Abc-def", "Store", "Notify", "Forward",
    "Inbound", "Parse", "Bounce", "Delivery", "Complaint", "The", "Raw", "Full", "Mime", "Message", "User", "Password",
    "Read", "Write", "Dm", "Tweet", "Marketplace", "X", "Docs", "Http-channel", "Http-channel.md", "Channel","Md", "User:password",
    # Codes of countries, and a model by the names of its authors.
    "Ua", "Pl", "Bg", "Nbd", "Fader", "Hardie", "Lee",
    # The search's operator for fields of the shop's own.
    "Field",
    # Servers, by their names, and what a browser calls it.
    "Postgresql", "Redis", "Cookie", "Https", "Json", "Xlsx",
    "Voice", "Csat", "Nps", "Ces", "Shopify", "Woocommerce", "Qr-", "Pin-", "Helpdesk_credentials_keys",
    # What servers are made of, on the health page.
    "Django", "Prometheus", "Ntp",
    # Browsers and systems.
    "Pdf", "Firefox", "Chrome", "Safari", "Edge", "Opera", "Linux", "Windows", "Mac", "Iphone", "Android",
}  # fmt: skip
NO_WORDS = re.compile(
    r"\S+@\S+|https?://\S+|\bdocs/\S+|\b[A-Z][A-Za-z_]+/[A-Za-z_ /-]+|#\d+|\b[a-z0-9]+(?:\.[a-z0-9]+)+\b|localhost:\d+|127\.0\.0\.1:\d+"
)
LATIN = re.compile(r"[A-Za-z][A-Za-z_'-]+")


def english_in(text: str) -> list[str]:
    return [word for word in LATIN.findall(NO_WORDS.sub(" ", text)) if word.capitalize() not in SAME]


def leftovers(html: str) -> list[str]:
    """Texts of a page that hold a word of Latin letters nobody allowed."""
    words = Words()
    words.feed(html)
    return [text.strip() for text in words.said if english_in(text)]


def test_the_eye_for_english_sees() -> None:
    assert leftovers("<p>Усе <b>Saved</b></p>") == ["Saved"]
    assert leftovers('<a title="Close">х</a><input placeholder="Search">') == ["Close", "Search"]
    assert leftovers('<p lang="en">Yes</p>') == ["Yes"]
    assert leftovers("<p>a@b.example #12 Ctrl Europe/Kyiv <kbd>Esc</kbd></p><script>let word</script>") == []


@pytest.mark.parametrize("kind", [kind for kind in TicketEvent if kind not in UNTOLD])
def test_every_event_is_told_in_ukrainian(kind: TicketEvent) -> None:
    directory: Any = SimpleNamespace(
        agent_name=lambda id: {1: "Олена", 2: "Бен"}.get(id, ""), teams={4: "Повернення"},
        channels={3: SimpleNamespace(name="Пошта", kind="email")},
    )  # fmt: skip
    names = Names(directory, "Зоя", {5: "Ада"})
    status = kind == TicketEvent.TICKET_STATUS_CHANGED
    facts: list[dict[str, Any]] = [
        {}, {"message": 1}, {"to": None}, {"due": 1}, {"permanent": True}, {"channel": 3}, {"identity": 5},
        {"to": "on_hold" if status else 40 if kind == TicketEvent.TICKET_PRIORITISED else 2},
        {"to": 4, "name": "тег", "other": 12, "reason": "follow_up", "until": "2026-12-01T09:00:00+00:00"},
    ]  # fmt: skip
    with translation.override("uk"):
        for actor_kind, actor_id in (("agent", 1), ("agent", 99), ("customer", None), ("system", None)):
            for data in facts:
                if status and data.get("to") not in ("on_hold",):
                    data = {**data, "to": "open"}
                if kind in (TicketEvent.TICKET_PRIORITISED,) and data.get("to") != 40:
                    data = {**data, "to": 10}
                if kind == TicketEvent.TICKET_LINKED:
                    data = {**data, "reason": "unproven_reference", "other": 12}
                told = sentence(Event(kind=kind, data=data, actor_kind=actor_kind, actor_id=actor_id), names)
                assert told is not None
                assert leftovers(told.html) == [], told.html


def test_scripts_have_no_english_word() -> None:
    with translation.override("uk"):
        assert [
            str(text) for text in STRINGS.values() if english_in(str(text).replace("%s", "").replace("%d", ""))
        ] == []


class Shop:
    """A shop all of whose own words are Ukrainian, so that any English on its pages is ours."""

    def __init__(self) -> None:
        self.team = Team.objects.create(name="Підтримка")
        self.channel = Channel.objects.create(name="Пошта", address="post@shop.example", team=self.team, locale="uk")
        self.olena = make_agent("Olena", team=self.team, locale="uk")
        self.adam = make_agent("Adam", role=Role.ADMIN, locale="uk")
        Agent.objects.filter(pk=self.olena.pk).update(name="Олена Коваль")
        Agent.objects.filter(pk=self.adam.pk).update(name="Адам Лис")
        self.olena.refresh_from_db()
        self.adam.refresh_from_db()

    def fill(self) -> Ticket:
        """A ticket to which all sorts of things happened, and its neighbours in every state."""
        said = {"subject": "Де посилка?", "text": "Де вона?", "sender": Address("Зоя Бойко", "zoe@customer.example")}
        ticket = open_ticket(self.channel, external_id="first@customer.example", **said)
        by = self.olena
        actions.assign_ticket(ticket.pk, by=by, assignee=by)
        actions.add_tag(ticket.pk, by=by, name="доставка")
        actions.set_priority(ticket.pk, by=by, priority=40)
        actions.add_note(ticket.pk, by=by, text="Перевірити склад.")
        answer = actions.reply(ticket.pk, by=by, text="Вже в дорозі.", at=NOW)
        [claim] = delivery.claim_replies(10, at=NOW + timedelta(seconds=11))
        delivery.record_permanent_failure(claim.message_id, claim.attempt, error="no usable recipient address", at=NOW)
        stranger = said | {"sender": Address("Ада Мороз", "ada@other.example")}
        receive(self.channel, **stranger, tokens=(answer.reply_token,), in_reply_to=answer.external_id)
        for status in ("pending", "on_hold", "solved"):
            other = open_ticket(self.channel, **said)
            actions.set_status(other.pk, by=by, status=status)
        asleep = open_ticket(self.channel, **said)
        actions.snooze_ticket(asleep.pk, by=by, until=timezone.now() + timedelta(days=40))
        [broken] = store_raw([self.channel.pk], transport="smtp", content=b"From: \xd0\x97\r\n\r\n", envelope={})
        RawDelivery.objects.filter(pk=broken).update(
            state=RawState.QUARANTINED, reason="memory: more memory than a mail may take"
        )
        return ticket


@pytest.fixture
def shop(db: None) -> Iterator[Shop]:
    with override_settings(SHOP_NAME="Крамниця", LANGUAGE_CODE="uk"):
        ensure_defaults()  # named in the language of the helpdesk
    with override_settings(SHOP_NAME="Крамниця"):
        yield Shop()


def signed_in(agent: Agent) -> Client:
    client = Client(headers={"accept-language": "uk"})
    client.force_login(agent)
    session = client.session
    session.update(freshness(agent))
    session.save()
    return client


def crawl(client: Client, *starts: str) -> dict[str, str]:
    """Every page that can be reached by links; one of each address, whatever its query says."""
    pages: dict[str, str] = {}
    waiting = list(starts)
    while waiting:
        address = waiting.pop()
        parts = urlsplit(address)
        if (
            parts.netloc
            or parts.scheme
            or parts.path in pages
            or parts.path.startswith(("/api/", "/files/", "/help/", "/static/"))  # /help/ is in its readers' language
        ):
            continue
        response = client.get(address, follow=True)
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            continue
        pages[parts.path] = html = response.content.decode()
        words = Words()
        words.feed(html)
        if words.language:  # fragments have none
            assert (words.language, response.headers["Content-Language"]) == ("uk", "uk"), address
        waiting += [urljoin(address, link) for link in words.links]
    return pages


def wrong(pages: dict[str, str]) -> dict[str, list[str]]:
    return {address: found for address, html in pages.items() if (found := leftovers(html))}


class TestPages:
    @pytest.mark.parametrize("who", ["olena", "adam"])
    def test_show_no_english(self, shop: Shop, who: str) -> None:
        ticket = shop.fill()
        client = signed_in(getattr(shop, who))
        fragments = [f"/tickets/{ticket.pk}/{name}/" for name in ("pane", "customer", "history")]
        pages = crawl(
            client, "/", f"/inbox/open/{ticket.pk}/", "/search/?q=посилка", "/profile/", "/notifications/",
            "/accounts/password/change/", "/accounts/logout/", "/nothing/", *fragments,
        )  # fmt: skip
        assert len(pages) > (22 if who == "adam" else 18), sorted(pages)
        assert wrong(pages) == {}
        assert "немає придатної адреси" in "".join(pages.values())

    def test_of_strangers_show_no_english(self, shop: Shop) -> None:
        client = Client(headers={"accept-language": "uk-UA,uk;q=0.9,en;q=0.5"})
        pages = crawl(client, "/accounts/login/", "/accounts/password/reset/", "/accounts/password/reset/done/",
                      "/accounts/signup/", "/accounts/password/reset/key/1-x/", "/accounts/inactive/")  # fmt: skip
        assert len(pages) >= 5, sorted(pages)
        assert wrong(pages) == {}

    def test_the_first_page_of_an_empty_helpdesk(self, db: None) -> None:
        with override_settings(SHOP_NAME="Крамниця"):
            html = Client(headers={"accept-language": "uk"}).get("/setup/").content.decode()
        assert leftovers(html) == []
        assert "Вітаємо" in html

    @pytest.mark.parametrize(
        ("address", "typed"),
        [
            ("/team/agents/new/", {}),
            ("/team/agents/new/", {"name": "Бен", "email": "olena@shop.example", "role": "agent"}),
            ("/team/agents/new/", {"name": "Бен", "email": "ніщо", "role": "хтось"}),
            ("/team/teams/new/", {}),
            ("/team/teams/new/", {"name": "Підтримка"}),
            ("/profile/", {"name": "", "locale": "ій", "time_zone": "Марс"}),
            ("/accounts/password/change/", {"oldpassword": "не той", "password1": "короткий", "password2": "інший"}),
            ("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": "1234567890", "password2": "1234567890"}),
            ("/demo/mailbox/new/", {}),
        ],
    )  # fmt: skip
    def test_errors_in_forms_are_ukrainian(self, shop: Shop, address: str, typed: dict[str, str]) -> None:
        response = signed_in(shop.adam).post(address, {"sent": "1", **typed})
        assert response.status_code in (200, 400, 422)
        html = response.content.decode()
        assert leftovers(html) == []
        assert re.search(r'class="err|errorlist', html)

    def test_errors_at_the_door_are_ukrainian(self, shop: Shop) -> None:
        client = Client(headers={"accept-language": "uk"})
        for typed in ({}, {"login": "olena@shop.example", "password": "хибний"}, {"login": "ніщо", "password": "х"}):
            html = client.post("/accounts/login/", {"sent": "1", **typed}).content.decode()
            assert leftovers(html) == []
            assert re.search(r'class="[a-z ]*(err|problem|bad|msgs)|role="alert"', html), html

    def test_the_mail_for_a_new_password_is_ukrainian(self, shop: Shop) -> None:
        client = Client(headers={"accept-language": "uk"})
        with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
            client.post("/accounts/password/reset/", {"email": "olena@shop.example"})
        [mail] = sent_mail.outbox
        assert mail.subject.endswith("Новий пароль: Крамниця")
        assert english_in(re.sub(r"https?://\S+", "", mail.body)) == []
        assert "/accounts/password/reset/key/" in mail.body

    def test_refusals_are_ukrainian(self, shop: Shop) -> None:
        ticket = shop.fill()
        client = signed_in(shop.olena)
        for address, data in (
            (f"/tickets/{ticket.pk}/assignee/", {"agent": "99999"}),
            (f"/tickets/{ticket.pk}/status/", {"status": "інший"}),
            (f"/tickets/{ticket.pk}/snooze/", {"until": "2020-01-01T00:00"}),
            (f"/tickets/{ticket.pk}/tags/", {"add": ""}),
            (f"/tickets/{ticket.pk}/messages/", {"kind": "reply", "text": ""}),
        ):
            response = client.post(address, data)
            assert response.status_code >= 400, address
            body = response.json()
            assert english_in(str(body.get("message", body))) == [], address
