"""Threat 54: what somebody sets is told with what it was before, and no secret is ever told."""

from __future__ import annotations

import pytest

from channels_inbound.channels import change_email_channel
from channels_inbound.imap.actions import add_mailbox, change_mailbox
from commerce.actions import save_shop
from events.models import AuditEntry
from tests.people import House, make_house

pytestmark = pytest.mark.django_db
SECRET = "hunter2-canary"


@pytest.fixture
def house() -> House:
    return make_house()


def told() -> list[tuple[str, int | None, dict[str, object]]]:
    found = AuditEntry.objects.filter(kind="setting.changed").order_by("pk")
    return list(found.values_list("what", "actor_id", "data"))


def test_a_channel_with_what_it_was(house: House) -> None:
    values = {"name": "Help", "team": None, "locale": "en", "signature": "", "is_active": True}
    for _ in range(2):  # the second time nothing is another
        change_email_channel(house.channel.pk, by=house.adam, **values)  # type: ignore[arg-type]
    changed = {"name": ["Support", "Help"], "team": ["Support", None]}
    assert told() == [(f"channel {house.channel.pk}", house.adam.pk, changed)]


def test_a_mailbox_without_its_password(house: House) -> None:
    values = {"host": "imap.shop.example", "port": 993, "security": "tls", "username": "support", "folder": "INBOX"}
    box = add_mailbox(house.channel, values, {"password": SECRET}, by=house.adam)
    change_mailbox(box.pk, values | {"folder": "Archive"}, {"password": f"{SECRET}-new"}, by=house.adam)
    assert told() == [(f"mailbox {box.pk}", house.adam.pk, {"folder": ["INBOX", "Archive"]})]
    assert SECRET not in repr(list(AuditEntry.objects.values()))


def test_a_shop_without_its_secret(house: House) -> None:
    shop = save_shop(None, by=house.adam, secret=SECRET, name="Files", kind="shopify", is_active=True)
    save_shop(shop.pk, by=house.adam, secret=f"{SECRET}-new", name="Shop", kind="shopify", is_active=True)
    assert told() == [(f"shop {shop.pk}", house.adam.pk, {"name": ["Files", "Shop"]})]
    assert SECRET not in repr(list(AuditEntry.objects.values()))
