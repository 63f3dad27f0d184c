"""Passwords of other services: unreadable without the key, and the key can be changed."""

from __future__ import annotations

import io

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.test import override_settings

from channels_inbound.credentials import CredentialsError, decrypt, encrypt
from channels_inbound.models import Mailbox
from tests.people import House, make_house

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))
SECRET = {"password": "s3cret-with-ü"}


@pytest.fixture
def house(db: None) -> House:
    return make_house()


def make_mailbox(house: House, folder: str = "INBOX") -> Mailbox:
    return Mailbox.objects.create(
        channel=house.channel, host="h.example", username="u", folder=folder, secret=encrypt(SECRET)
    )


def rotate() -> str:
    out = io.StringIO()
    call_command("rotate_credentials", stdout=out)
    return out.getvalue()


def test_what_is_kept_tells_nothing() -> None:
    first, second = encrypt(SECRET), encrypt(SECRET)
    assert "s3cret" not in first
    assert first != second
    assert decrypt(first) == decrypt(second) == SECRET


@override_settings(CREDENTIALS_KEYS=[OLD])
def test_rotation_leaves_the_old_key_needless(house: House) -> None:
    mailbox = make_mailbox(house)
    with override_settings(CREDENTIALS_KEYS=[NEW, OLD]):
        assert decrypt(mailbox.secret) == SECRET
        assert rotate() == "1 secrets are encrypted with the first key.\n"
        assert rotate() == "1 secrets are encrypted with the first key.\n"
    mailbox.refresh_from_db()
    with override_settings(CREDENTIALS_KEYS=[NEW]):
        assert decrypt(mailbox.secret) == SECRET
    with pytest.raises(CredentialsError, match="None of the keys"):
        decrypt(mailbox.secret)


@override_settings(CREDENTIALS_KEYS=[OLD])
def test_rotation_tells_what_no_key_opens_and_keeps_it(house: House) -> None:
    lost = make_mailbox(house)
    with override_settings(CREDENTIALS_KEYS=[OTHER]):
        make_mailbox(house, "Other")
    with (
        override_settings(CREDENTIALS_KEYS=[NEW, OTHER]),
        pytest.raises(CommandError, match="1 secrets are opened by none"),
    ):
        rotate()
    before = lost.secret
    lost.refresh_from_db()
    assert lost.secret == before


@pytest.mark.parametrize(
    ("keys", "said"), [([], "is not set"), (["short"], "must hold keys"), ([NEW, "x"], "must hold keys")]
)
def test_bad_keys_are_said(keys: list[str], said: str) -> None:
    with override_settings(CREDENTIALS_KEYS=keys), pytest.raises(CredentialsError, match=said):
        encrypt(SECRET)


def test_a_fresh_key_can_be_had_and_is_one() -> None:
    out = io.StringIO()
    call_command("rotate_credentials", new_key=True, stdout=out)
    with override_settings(CREDENTIALS_KEYS=[out.getvalue().strip()]):
        assert decrypt(encrypt(SECRET)) == SECRET
