"""Tokens: shown once, stored hashed, scoped, expiring, dead at once when revoked or when their agent is."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from people.models import ApiToken
from people.tokens import create_token, find_token, revoke_token, token_digest
from tests.api.client import Api
from tests.people import House


def test_plain_token_is_256_random_bits_and_is_nowhere_in_the_database(house: House) -> None:
    plain, token = create_token(house.olena, "shop", ("read",), 30)
    assert re.fullmatch(r"hd_[A-Za-z0-9_-]{43}", plain)
    assert plain.startswith(token.prefix) and len(token.prefix) == 9
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM people_apitoken t")
        rows = str(cursor.fetchall())
    assert plain not in rows and plain[len(token.prefix) :] not in rows
    assert token.digest == token_digest(plain)
    assert create_token(house.olena, "shop", ("read",), 30)[0] != plain


def test_digest_does_not_work_as_a_token(house: House) -> None:
    """Whoever has read the database has nothing to sign in with."""
    _plain, token = create_token(house.olena, "shop", ("read",), 30)
    assert Api(token.digest).get("me/").status == 401
    assert Api(token.prefix).get("me/").status == 401


@pytest.mark.parametrize(
    "header",
    ["", "Token", "Token ", "Token a b", "Basic b2xlbmE6eA==", "Token hd_" + "a" * 43, "Token hd_" + "é" * 43,
     "Token " + "x" * 5000, "hd_" + "a" * 43],
)  # fmt: skip
def test_what_is_no_token_is_401(house: House, header: str) -> None:
    answer = Api(headers={"Authorization": header} if header else {}).get("tickets/")
    assert answer.status == 401
    assert answer.code in ("not_authenticated", "authentication_failed")
    assert answer.headers["WWW-Authenticate"] == "Token"


def test_expired_revoked_and_inactive_are_refused_alike(house: House) -> None:
    expired, old = create_token(house.olena, "old", ("read",), 1)
    ApiToken.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    revoked, gone = create_token(house.olena, "gone", ("read",), 30)
    assert revoke_token(gone.pk, by=house.olena)
    inactive, _ = create_token(house.ben, "ben", ("read",), 30)
    house.ben.is_active = False
    house.ben.save()
    unknown = "hd_" + "A" * 43
    answers = [Api(plain).get("me/") for plain in (expired, revoked, inactive, unknown)]
    assert [answer.status for answer in answers] == [401] * 4
    assert len({answer.body["detail"] for answer in answers}) == 1


def test_expiry_is_exact(house: House) -> None:
    plain, token = create_token(house.olena, "shop", ("read",), 1)
    assert find_token(plain, at=token.expires_at - timedelta(microseconds=1)) == token
    assert find_token(plain, at=token.expires_at) is None


def test_nobody_revokes_anothers_token(house: House) -> None:
    plain, token = create_token(house.olena, "shop", ("read",), 30)
    assert not revoke_token(token.pk, by=house.mallory)
    assert not revoke_token(token.pk, by=house.adam)
    assert Api(plain).get("me/").status == 200


def test_role_change_counts_at_once(house: House, ticket: object) -> None:
    api = Api.of(house.olena)
    house.olena.role = "viewer"
    house.olena.save()
    assert api.post(f"tickets/{ticket.pk}/messages/", {"kind": "note", "text": "x"}).status == 403  # type: ignore[attr-defined]


def test_use_is_noted_at_most_once_a_minute(house: House) -> None:
    plain, token = create_token(house.olena, "shop", ("read",), 30)
    api = Api(plain)
    assert api.get("me/").status == 200
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert api.get("me/").status == 200
    assert not [q for q in queries if q["sql"].startswith("UPDATE")]
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=first - timedelta(seconds=61))
    assert api.get("me/").status == 200
    token.refresh_from_db()
    assert token.last_used_at is not None and token.last_used_at > first - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("scopes", "days"), [((), 30), (("admin",), 30), (("read", "root"), 30), (("read",), 0), (("read",), 10_000)]
)
def test_senseless_tokens_are_not_made(house: House, scopes: tuple[str, ...], days: int) -> None:
    with pytest.raises(ValueError):
        create_token(house.olena, "x", scopes, days)
    assert not ApiToken.objects.exists()


def test_bearer_is_understood_too(house: House) -> None:
    plain, _ = create_token(house.olena, "shop", ("read",), 30)
    assert Api(headers={"Authorization": f"Bearer {plain}"}).get("me/").body["email"] == "olena@shop.example"


def test_write_scope_alone_does_not_read(house: House) -> None:
    answer = Api.of(house.olena, ("write",)).get("tickets/")
    assert (answer.status, answer.code) == (403, "insufficient_scope")


class TestCommand:
    def run(self, *arguments: str) -> tuple[str, str]:
        out, err = StringIO(), StringIO()
        call_command("api_token", *arguments, stdout=out, stderr=err, no_color=True)
        return out.getvalue(), err.getvalue()

    def test_prints_a_token_that_works_and_only_that(self, house: House) -> None:
        out, err = self.run("Olena@Shop.example")
        assert re.fullmatch(r"hd_[A-Za-z0-9_-]{43}\n", out)
        assert out.strip() not in err
        answer = Api(out.strip()).get("me/")
        assert (answer.body["email"], answer.body["scopes"]) == ("olena@shop.example", ["read", "write"])

    def test_read_only(self, house: House) -> None:
        out, _ = self.run("olena@shop.example", "--read-only", "--days", "3")
        assert Api(out.strip()).get("me/").body["scopes"] == ["read"]

    def test_unknown_agent_is_told_who_is_there(self, house: House) -> None:
        with pytest.raises(CommandError, match=r"No agent has the address nobody@x\. Agents here: olena@shop"):
            self.run("nobody@x")

    def test_inactive_agent(self, house: House) -> None:
        house.olena.is_active = False
        house.olena.save()
        with pytest.raises(CommandError, match="deactivated"):
            self.run("olena@shop.example")

    def test_senseless_days(self, house: House) -> None:
        with pytest.raises(CommandError, match="--days"):
            self.run("olena@shop.example", "--days", "0")
