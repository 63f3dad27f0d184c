"""Whatever customers read, they read in one of six languages: whole, and in theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory, override_settings
from django.utils import translation

from channels_inbound.contact_form import guard, pages
from channels_inbound.contact_form.guard import new_token, work
from channels_inbound.contact_form.taking import set_contact_form
from channels_inbound.email.compose import compose_mail
from channels_inbound.email.language import guess_language
from channels_inbound.email.parse import parse_email
from channels_inbound.models import ContactForm
from commerce.models import OrderStatus
from commerce.pages.money import write_money
from livechat.words import WORDS
from metrics.surveys.links import answer_url
from people.languages import LANGUAGES, asked_for, choose_language
from people.models import Identity, MailKind
from people.unsubscribing import unsubscribe_url
from scripts import customers_words
from tests.channels_inbound.replies import AT, composed
from tests.helpdesk.test_messages import ROOT, Words
from tests.metrics.surveys.asked import asked, make_survey
from tests.people import NOW, House, make_house, open_ticket
from tickets.actions import acknowledge_ticket
from tickets.actions.delivery import claim_replies
from tickets.fields import shown_value
from tickets.inbound import Address
from tickets.languages import language_of
from tickets.models import Message, Ticket
from tickets.outbound import ForwardedOriginal, QuotedOriginal

FOREIGN = customers_words.LANGUAGES
WRITTEN = {
    "de": "Hallo, wo ist mein Paket? Ich habe es vor einer Woche bestellt.",
    "es": "Hola, ¿dónde está mi pedido? Lo hice el lunes y no ha llegado.",
    "fr": "Bonjour, où est mon colis ? Je ne l’ai pas reçu.",
    "pl": "Dzień dobry, gdzie jest moja paczka? Nie dotarła do mnie.",
    "uk": "Вітаю, де моя посилка?",
}
# What people and shops are called, and the mark of a mail.
NAMES = {"Support", "Helpdesk", "Zoe Bauer", "Olena", "zoe@customer.example", "support@shop.example", "Re: 1042",
         "[#1042] [ref:aaaaaaaaaaaaaaaaaaaaaaaaa2]"}  # fmt: skip
LETTERS = re.compile(r"[^\W\d_]{2,}")


def catalogue(language: str) -> Any:
    with (ROOT / "locale" / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        return read_po(file, locale=language)


def forms(string: str | tuple[str, ...]) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else string


class TestCatalogues:
    @pytest.mark.parametrize("language", FOREIGN)
    def test_hold_what_customers_see_and_nothing_else(self, language: str) -> None:
        """Cure when this fails: `make messages`, then translate what is new."""
        kept, wanted = catalogue(language), customers_words.collected(language)
        assert {(one.id, one.context) for one in kept if one.id} == {(one.id, one.context) for one in wanted if one.id}
        assert [one.id for one in kept if one.fuzzy] == []
        assert [one.id for one in kept if not all(forms(one.string))] == []
        assert {len(one.string) for one in kept if one.pluralizable and one.id} == {kept.num_plurals}

    def test_are_those_of_all_languages_customers_are_spoken_to_in(self) -> None:
        assert sorted(LANGUAGES) == sorted([*FOREIGN, *dict(settings.LANGUAGES)])
        ours = {(one.id, one.context) for one in customers_words.collected("uk") if one.id}
        assert ours <= {(one.id, one.context) for one in catalogue("uk") if one.id}
        assert set(WORDS) == set(LANGUAGES)

    @pytest.mark.parametrize("language", FOREIGN)
    def test_keep_blanks_and_edges_and_are_written_as_their_headers_say(self, language: str) -> None:
        blanks, edges = re.compile(r"%\(\w+\)[sd]"), re.compile(r"^\s*|\s*$")
        foreign = {"fr": r"[^\xa0][?!;:](?=\s|$)|'", "es": r"\busted(?:es)?\b|'", "de": r"\bdu\b|\bdein|'", "pl": r"'"}
        for entry in catalogue(language):
            for form in forms(entry.string) if entry.id else ():
                english = forms(entry.id)[-1]
                assert sorted(blanks.findall(form)) == sorted(blanks.findall(english))
                assert edges.findall(form) == edges.findall(english)
                assert not re.search(foreign[language], form), form

    @pytest.mark.parametrize("language", FOREIGN)
    def test_are_what_runs(self, language: str) -> None:
        with translation.override(language):
            for entry in catalogue(language):
                if isinstance(entry.id, str) and entry.id:
                    assert translation.gettext(entry.id) == entry.string, "`make assets` compiles the translations"

    def test_plurals_of_polish(self) -> None:
        with translation.override("pl"):
            said = [
                translation.ngettext("At most %(count)d file.", "At most %(count)d files.", n) % {"count": n}
                for n in (1, 2, 5, 12, 22, 25)
            ]
        assert [one.rpartition(" ")[2] for one in said] == [
            "plik.",
            "pliki.",
            "plików.",
            "plików.",
            "pliki.",
            "plików.",
        ]

    def test_a_place_without_words_is_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(customers_words, "CUSTOMERS", ("tickets/fields.py:gone",))
        with pytest.raises(ValueError, match="gone"):
            customers_words.collected("de")


class TestChoosing:
    @pytest.mark.parametrize(
        ("address", "header", "chosen"),
        [
            ("/", "pl-PL,pl;q=0.9,en;q=0.5", "pl"),
            ("/", "en;q=0.4,fr-CA;q=0.8", "fr"),
            ("/", "it,de;q=0,es;q=0.1", "es"),
            ("/?lang=de", "pl", "de"),
            ("/?lang=xx", "pl", "pl"),
            ("/", "it, ja;q=0.3, *;q=0.1", "uk"),
            ("/", "", "uk"),
            ("/", "en;q=x,es;q=0.2", "es"),
        ],
    )
    def test_the_address_then_the_browser_then_the_helpdesk(self, address: str, header: str, chosen: str) -> None:
        request = RequestFactory().get(address, headers={"accept-language": header})
        with override_settings(LANGUAGE_CODE="uk"):
            assert choose_language(asked_for(request)) == chosen

    @pytest.mark.parametrize(
        ("of_ticket", "of_customer", "of_channel", "chosen"),
        [("es", "de", "pl", "es"), ("it", "de", "pl", "de"), ("ru", "", "pl", "pl"), ("", "xx", "ja", "en")],
    )
    def test_the_tickets_then_the_customers_then_the_channels(
        self, db: None, of_ticket: str, of_customer: str, of_channel: str, chosen: str
    ) -> None:
        ticket = open_ticket(make_house().channel, language=of_ticket)
        ticket.language, ticket.customer.locale, ticket.channel.locale = of_ticket, of_customer, of_channel
        assert language_of(ticket) == chosen

    def test_agents_pages_keep_their_two(self, db: None) -> None:
        """A page that is half German would be none."""
        make_house()
        page = Client(headers={"accept-language": "de"}).get("/accounts/login/")
        assert page.headers["Content-Language"] == "en"
        assert '<html lang="en"' in page.content.decode()


def said(html: str) -> set[str]:
    words = Words()
    words.feed(html)
    return {text.strip() for text in words.said if LETTERS.search(text)}


def leftovers(english: str, foreign: str) -> set[str]:
    """What both say alike and is nobody's name."""
    return {text for text in said(english) & said(foreign) if text not in NAMES}


def test_the_eye_for_english_sees() -> None:
    assert leftovers('<p>Send</p><a title="Close">Support</a>', '<p>Senden</p><a title="Close">Support</a>') == {
        "Close"
    }


@pytest.fixture
def house(transactional_db: None) -> House:
    return make_house()


@pytest.fixture
def contact(house: House, monkeypatch: pytest.MonkeyPatch) -> ContactForm:
    monkeypatch.setattr(guard, "SOONEST", 0.0)
    monkeypatch.setattr(pages, "spend", lambda rates: 0)
    return set_contact_form(house.channel.pk, by=house.adam, is_active=True, greeting="", origins=[])


class Visitor:
    """Somebody with a browser of that language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.client = Client(headers={"accept-language": f"{language},en;q=0.1"}, raise_request_exception=False)

    def get(self, address: str) -> str:
        return self._read(self.client.get(address, follow=True))

    def post(self, address: str, values: dict[str, Any]) -> str:
        return self._read(self.client.post(address, values, follow=True))

    def _read(self, response: Any) -> str:
        html = str(response.content.decode())
        assert f'<html lang="{self.language}"' in html
        assert response.headers["Content-Language"] == self.language
        return html


def of_contact_form(contact: ContactForm, visitor: Visitor, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """The form, each thing that may be wrong with it, and its answer."""
    address = f"/contact/{contact.key}/"
    values = {"email": "zoe@customer.example", "text": "1042"}

    def worked() -> dict[str, str]:
        token = new_token(contact.key)
        return {"token": token, "work": work(token)}

    yield visitor.get(address)
    yield visitor.post(address, {**worked()})
    yield visitor.post(address, {**worked(), "email": "nobody", "text": "x" * 20_001})
    yield visitor.post(address, {**worked(), "email": "a@b.invalid", "text": "1"})
    yield visitor.post(address, values)
    files = [SimpleUploadedFile(f"{n}.txt", b"1") for n in range(5)]
    yield visitor.post(address, {**values, **worked(), "files": files})
    with patch.context() as small:
        small.setattr(pages, "MAX_FILE", 1)
        yield visitor.post(address, {**values, **worked(), "files": [SimpleUploadedFile("1.txt", b"12")]})
    with patch.context() as slow:
        slow.setattr(guard, "SOONEST", 60.0)
        yield visitor.post(address, {**values, **worked()})
    yield visitor.post(address, {**values, **worked()})
    with patch.context() as often:
        often.setattr(pages, "spend", lambda rates: 30)
        yield visitor.post(address, values)


def of_links(house: House, visitor: Visitor, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """Unsubscribing, links that lead nowhere, and what breaks on such a page."""
    ticket = open_ticket(house.channel)
    identity = Identity.objects.filter(customer=ticket.customer_id).earliest("pk")
    url = unsubscribe_url(identity.pk, MailKind.SURVEY, visitor.language).removeprefix(settings.BASE_URL)
    yield visitor.get(url)
    yield visitor.post(url, {})
    for address in ("/contact/none/", "/unsubscribe/none/", "/survey/none/", "/unsubscribe/x/y/"):
        yield visitor.get(address)

    def broken(token: str) -> None:
        raise RuntimeError("broken")

    with patch.context() as harm:
        harm.setattr("people.pages.unsubscribing.read_token", broken)
        yield visitor.get(url)
    yield visitor.get("/unsubscribe/none/?" + "&".join(f"a{n}=1" for n in range(3)))


def of_survey(house: House, visitor: Visitor) -> Iterator[str]:
    make_survey(name=visitor.language, review_url="https://reviews.example/")
    url = answer_url(asked(house, language=visitor.language)).removeprefix(settings.BASE_URL)
    yield visitor.get(url)
    yield visitor.post(url, {"score": "5", "comment": ""})
    yield visitor.get("/survey/none/")


@pytest.mark.parametrize("language", [*FOREIGN, "uk"])
class TestPages:
    def test_of_the_contact_form(self, contact: ContactForm, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
        english = list(of_contact_form(contact, Visitor("en"), monkeypatch))
        foreign = list(of_contact_form(contact, Visitor(language), monkeypatch))
        assert [leftovers(*pair) for pair in zip(english, foreign, strict=True)] == [set()] * len(english)
        assert len({frozenset(said(html)) for html in foreign}) >= 8  # each thing that is wrong says something else
        with translation.override(language):
            assert translation.gettext("Your message has arrived. We answer by email.") in "".join(foreign)

    def test_behind_links(self, house: House, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
        english = list(of_links(house, Visitor("en"), monkeypatch))
        foreign = list(of_links(house, Visitor(language), monkeypatch))
        assert [leftovers(*pair) for pair in zip(english, foreign, strict=True)] == [set()] * len(english)
        assert 'href="/"' not in "".join(foreign)  # nobody is led to the agents' door

    def test_of_surveys(self, house: House, language: str) -> None:
        english = list(of_survey(house, Visitor("en")))
        foreign = list(of_survey(house, Visitor(language)))
        assert [leftovers(*pair) for pair in zip(english, foreign, strict=True)] == [set()] * len(english)


def mail_with_everything(language: str) -> str:
    """A mail of ours that quotes, passes on, and can be unsubscribed from."""
    original = ForwardedOriginal(Address("Zoe Bauer", "zoe@customer.example"), (Address("Support", "support@shop.example"),),
                                 AT, "1042", "1042", "")  # fmt: skip
    mail = composed(
        locale=language, text="1042", subject="Re: 1042", unsubscribe_url="https://shop.example/u",
        quoted=QuotedOriginal("Zoe Bauer", AT, "1042"), forwarded=(original,),
    )  # fmt: skip
    parsed = parse_email(mail.content)
    return "".join(f"<p>{line}</p>" for line in parsed.text.splitlines()) + parsed.html


@pytest.mark.parametrize("language", [*FOREIGN, "uk"])
class TestMails:
    def test_say_what_we_add_in_the_language_of_the_mail(self, language: str) -> None:
        assert leftovers(mail_with_everything("en"), mail_with_everything(language)) == set()

    def test_what_we_quote_is_folded_when_it_comes_back(self, language: str) -> None:
        ours = parse_email(composed(locale=language, text="1042").content)
        assert ours.reply_text.strip().partition("\n")[0] == "1042"
        assert "Hello, where is my parcel?" not in ours.reply_text
        with translation.override(language):
            assert ours.text.count("Zoe Bauer") == 1

    def test_acknowledgements_answer_in_the_language_written(self, house: House, language: str) -> None:
        house.channel.acknowledges = True
        house.channel.save()
        text = WRITTEN[language]
        ticket = open_ticket(house.channel, text=text, language=guess_language(text, default=house.channel.locale))
        assert ticket.language == language
        acknowledge_ticket(ticket.pk, at=NOW)
        (message,) = claim_replies(5, at=NOW)
        mail = compose_mail(message, at=NOW, load=lambda file: b"")
        with translation.override(language):
            assert mail.subject == translation.gettext("We have received your message")
        head = mail.content.decode().partition("\r\n\r\n")[0]
        assert f"Content-Language: {language}" in head
        assert not re.search(r"Hello|thank you|simply answer", parse_email(mail.content).text)

    def test_questions_of_surveys(self, house: House, language: str) -> None:
        make_survey()
        row = asked(house, language=language)
        assert row.language == language and row.message is not None
        text = row.message.text
        assert not re.search(r"Hello|satisfied|Click|simply answer", text)
        (message,) = [one for one in claim_replies(9, at=row.message.at) if one.unsubscribe_url]
        assert message.unsubscribe_url.endswith(f"?lang={language}")


@pytest.mark.parametrize(
    ("language", "date", "money", "yes"),
    [
        ("de", "2. März 2026", "1.189,00\xa0EUR", "Ja"),
        ("es", "2 de marzo de 2026", "1\xa0189,00\xa0EUR", "Sí"),
        ("fr", "2 mars 2026", "1\xa0189,00\xa0EUR", "Oui"),
        ("pl", "2 marca 2026", "1\xa0189,00\xa0EUR", "Tak"),
        ("uk", "2 березня 2026 р.", "1\xa0189,00\xa0EUR", "Так"),
    ],
)
def test_dates_money_and_words_that_canned_replies_fill_in(language: str, date: str, money: str, yes: str) -> None:
    with translation.override(language):
        assert shown_value("date", "2026-03-02") == date
        assert re.sub(r"[\u202f\xa0]", "\xa0", write_money(118_900, "EUR")) == money
        assert shown_value("checkbox", "1") == yes
        assert not {str(one.label) for one in OrderStatus} & {"Paid", "Shipped", "Cancelled", "Refunded", "Completed"}


def test_who_writes_little_has_chosen_by_their_browser(house: House, contact: ContactForm) -> None:
    token = new_token(contact.key)
    values = {"email": "zoe@customer.example", "text": "1042?", "token": token, "work": work(token)}
    assert Visitor("pl").client.post(f"/contact/{contact.key}/", values).status_code == 200
    ticket = Ticket.objects.get()
    assert ticket.language == "pl"
    # What agents read beside it is in the language of the channel.
    assert Message.objects.get(ticket=ticket).envelope["about"] == "Written in the contact form"


def test_a_form_asked_in_no_language_of_ours_speaks_the_channels(house: House, contact: ContactForm) -> None:
    house.channel.locale = "fr"
    house.channel.save()
    page = Client(headers={"accept-language": "ja"}).get(f"/contact/{contact.key}/")
    assert page.headers["Content-Language"] == "fr"
    assert "Votre message" in page.content.decode()
