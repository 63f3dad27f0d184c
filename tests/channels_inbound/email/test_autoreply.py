from __future__ import annotations

import pytest

from channels_inbound.email.parse import parse_email
from tests.channels_inbound.email.building import raw_mail


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"Auto-Submitted": "auto-generated (vacation)"},
        {"X-Autoreply": "yes"},
        {"X-Autorespond": "Re: order"},
        {"X-Vacation": "1"},
        {"X-Auto-Response-Suppress": "All"},
        {"X-POST-MessageClass": "9; Autoresponder"},
        {"Precedence": "auto_reply"},
        {"Precedence": "bulk"},
        {"Return-Path": "<>"},
        {"Subject": "Automatic reply: Your order"},
        {"Subject": "Out of office"},
        {"Subject": "Автовідповідь: замовлення"},
        {"Subject": "Автоответ: отпуск"},
        {"Subject": "Abwesenheitsnotiz: Ihre Bestellung"},
        {"Subject": "Réponse automatique : commande"},
        {"Subject": "Respuesta automática: pedido"},
        {"Subject": "Autosvar: ordre"},
    ],
)
def test_machines(headers: dict[str, str]) -> None:
    parsed = parse_email(raw_mail(**headers))
    assert (parsed.auto_submitted, parsed.suppress_auto_reply, parsed.is_bounce, parsed.kind) == (
        True,
        True,
        False,
        "auto_reply",
    )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Auto-Submitted": "no"},
        {"X-Autoreply": "no"},
        {"Subject": "Re: Automatic reply: Your order"},
        {"Subject": "Out of office chairs, are there any?"},
        {"Subject": "My vacation rental"},
        {"Subject": "Automatic reply does not work in the app"},
        {"Return-Path": "<zoe@customer.example>"},
        {"Precedence": "normal"},
    ],
)
def test_people(headers: dict[str, str]) -> None:
    parsed = parse_email(raw_mail(**headers))
    assert (parsed.auto_submitted, parsed.list_mail, parsed.is_bounce, parsed.kind) == (False, False, False, "human")


@pytest.mark.parametrize("name", ["List-Id", "List-Unsubscribe", "List-Post", "X-Mailing-List"])
def test_lists(name: str) -> None:
    parsed = parse_email(raw_mail(**{name: "<news.shop.example>"}))
    assert (parsed.list_mail, parsed.auto_submitted, parsed.suppress_auto_reply, parsed.kind) == (
        True,
        False,
        True,
        "list",
    )


def test_a_person_may_ask_not_to_be_answered_by_machines() -> None:
    parsed = parse_email(raw_mail(X_Auto_Response_Suppress="DR, OOF, AutoReply"))
    assert (parsed.auto_submitted, parsed.suppress_auto_reply, parsed.kind) == (False, True, "human")


def test_addresses_that_nobody_reads_get_no_answer() -> None:
    parsed = parse_email(raw_mail(From="Shop <no-reply@other.example>"))
    assert (parsed.auto_submitted, parsed.suppress_auto_reply) == (False, True)
