"""What the bot decides, as a table: pure, so that every line of docs/bot.md is one here."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.intents import Intent, read_intents
from assistant.models import Reason, When
from assistant.rules import (
    Answer,
    AnswerOrder,
    AskForMore,
    Decision,
    HandOver,
    Helped,
    Hours,
    Match,
    Said,
    Silent,
    State,
    Terms,
    begins,
    decide,
)
from assistant.words import WORDS, buttons
from people.languages import LANGUAGES

HELD = State(held=True)
ASKED = State(held=True, answered=True, turns=1, offered=frozenset({1}))
GOOD, POOR = Match(1, 0.8), Match(2, 0.5)


def said(text: str = "How do I return boots", *intents: Intent, **more: object) -> Said:
    return Said(text, str(more.pop("language", "en")), frozenset(intents), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("what", "state", "decided"),
    [
        (said(matches=(GOOD,)), State(people=True), Silent()),
        (said("", files=True), HELD, HandOver(Reason.FILES)),
        (said(""), HELD, Silent()),
        (said("x", Intent.PERSON, matches=(GOOD,)), HELD, HandOver(Reason.ASKED)),
        (said("x", Intent.SERIOUS, matches=(GOOD,)), HELD, HandOver(Reason.SERIOUS)),
        (said("x", Intent.PERSON, language="it"), HELD, HandOver(Reason.ASKED)),
        (said(language="it", matches=(GOOD,)), HELD, HandOver(Reason.LANGUAGE)),
        (said("x", Intent.NOT_HELPED), ASKED, HandOver(Reason.NOT_HELPED)),
        (said("x", Intent.NOT_HELPED), HELD, HandOver(Reason.NO_ARTICLE)),
        (said("x", Intent.HELPED), ASKED, Helped()),
        (said("x", Intent.HELPED), HELD, Silent()),
        (said(matches=(GOOD,)), State(held=True, turns=4), HandOver(Reason.TURNS)),
        (said("x", Intent.ORDER), HELD, HandOver(Reason.UNPROVEN)),
        (said("x", Intent.ORDER, matches=(POOR,)), HELD, HandOver(Reason.UNPROVEN)),
        (said("x", Intent.ORDER, matches=(GOOD,)), HELD, Answer((1,))),
        (said("x", Intent.ORDER, matches=(GOOD,)), ASKED, HandOver(Reason.UNPROVEN)),
        (said("x", Intent.ORDER, proven=True, matches=(GOOD,)), HELD, HandOver(Reason.NO_ORDER)),
        (said("x", Intent.ORDER, proven=True), HELD, HandOver(Reason.NO_ORDER)),
        (said("x", Intent.ORDER, proven=True, has_order=True), HELD, AnswerOrder()),
        (said("x", Intent.ORDER, proven=True, has_order=True), State(held=True, told_order=True),
         HandOver(Reason.NOT_HELPED)),
        (said(matches=(GOOD, POOR)), HELD, Answer((1,))),
        (said(matches=(GOOD, Match(3, 1.0))), ASKED, Answer((3,))),
        (said(matches=(GOOD,)), ASKED, HandOver(Reason.NOT_HELPED)),
        (said(matches=(POOR,)), HELD, HandOver(Reason.NO_ARTICLE)),
        (said(matches=(Match(4, 0.0),)), HELD, HandOver(Reason.NO_ARTICLE)),
        (said("Hello", Intent.GREETING), HELD, AskForMore()),
        (said("Hello", Intent.GREETING), State(held=True, turns=1), HandOver(Reason.NO_ARTICLE)),
        (said("Hello", Intent.GREETING, matches=(GOOD,)), HELD, Answer((1,))),
    ],
)  # fmt: skip
def test_what_is_decided(what: Said, state: State, decided: Decision) -> None:
    assert decide(what, state, Terms(), Hours()) == decided


@pytest.mark.parametrize(
    ("when", "within", "somebody", "takes"),
    [
        (When.OFF, False, False, False),
        (When.ALWAYS, True, True, True),
        (When.OUT_OF_HOURS, True, False, False),
        (When.OUT_OF_HOURS, False, True, True),
        (When.NOBODY, True, True, False),
        (When.NOBODY, True, False, True),
        (When.NOBODY, False, True, True),
    ],
)
def test_when_it_takes_a_conversation(when: str, within: bool, somebody: bool, takes: bool) -> None:
    hours = Hours(within, somebody)
    assert begins(when, hours) is takes
    decided = decide(said(matches=(GOOD,)), State(), Terms(when=when), hours)
    assert decided == (Answer((1,)) if takes else Silent())
    # One given back to it is answered whatever the hours.
    assert decide(said(matches=(GOOD,)), HELD, Terms(when=when), hours) == Answer((1,))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.text(max_size=40), st.frozensets(st.sampled_from(Intent)), st.booleans(),
    st.lists(st.builds(Match, st.integers(1, 9), st.floats(0, 1)), max_size=5), st.booleans(),
    st.builds(State, st.booleans(), st.booleans(), st.integers(0, 9), st.booleans(), st.booleans(),
              st.frozensets(st.integers(1, 9))),
)  # fmt: skip
def test_what_never_happens(
    text: str, intents: frozenset[Intent], files: bool, matches: list[Match], proven: bool, state: State
) -> None:
    what = Said(text, "en", intents, files, matches, proven, has_order=proven)
    decided = decide(what, state, Terms(), Hours())
    if state.people:
        assert decided == Silent()
    if isinstance(decided, AnswerOrder):
        assert proven
    if isinstance(decided, Answer):
        assert not {Intent.PERSON, Intent.SERIOUS} & intents
        assert not state.offered & set(decided.articles) and 1 <= len(decided.articles) <= 3
        assert state.turns < 4
    if isinstance(decided, Helped):
        assert state.answered


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("I want to talk to a human", Intent.PERSON),
        ("Покличте, будь ласка, оператора", Intent.PERSON),
        ("Ich möchte mit einem Mitarbeiter sprechen", Intent.PERSON),
        ("Je voudrais parler à quelqu’un", Intent.PERSON),
        ("Quiero hablar con una persona", Intent.PERSON),
        ("Proszę o kontakt z konsultantem", Intent.PERSON),
        ("This is unacceptable, I will call my lawyer", Intent.SERIOUS),
        ("Зарядка загорілася!", Intent.SERIOUS),
        ("Das Ladegerät brennt", Intent.SERIOUS),
        ("C’est une arnaque", Intent.SERIOUS),
        ("Quiero poner una queja", Intent.SERIOUS),
        ("Składam reklamację", Intent.SERIOUS),
        ("Where is my order?", Intent.ORDER),
        ("Що з замовлення № 48213?", Intent.ORDER),
        ("Wo ist mein Paket?", Intent.ORDER),
        ("Où est ma commande ?", Intent.ORDER),
        ("¿Dónde está mi pedido?", Intent.ORDER),
        ("Gdzie jest moja paczka?", Intent.ORDER),
        ("That did not help at all", Intent.NOT_HELPED),
        ("Це не допомогло", Intent.NOT_HELPED),
        ("thanks!", Intent.HELPED),
        ("Дякую", Intent.HELPED),
        ("Hello", Intent.GREETING),
        ("Доброго дня!", Intent.GREETING),
    ],
)
def test_words_of_six_languages(text: str, intent: Intent) -> None:
    assert intent in read_intents(text)


@pytest.mark.parametrize(
    "text",
    ["How do I return boots?", "Wie lange dauert die Lieferung?", "Скільки коштує доставка?", "Comment payer ?",
     "¿Cuánto cuesta el envío?", "Ile kosztuje dostawa?", "Do you ship to Norway?", "What sizes are there?"],
)  # fmt: skip
def test_a_plain_question_means_none_of_it(text: str) -> None:
    assert read_intents(text) == frozenset()


@pytest.mark.parametrize("language", LANGUAGES)
def test_buttons_mean_themselves_and_fit_messengers(language: str) -> None:
    helped, not_helped, person = buttons(language)
    assert [read_intents(one) for one in (helped, not_helped, person)] == [
        {Intent.HELPED}, {Intent.NOT_HELPED}, {Intent.PERSON},
    ]  # fmt: skip
    assert max(map(len, buttons(language))) <= 20
    assert all(WORDS[language].values())
    assert WORDS[language]["order_states"].count("|") == 6
    assert "{when}" in WORDS[language]["opens"] and "{title}" in WORDS[language]["found"]
