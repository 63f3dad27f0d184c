"""`manage.py create_admin`: the first admin, once."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from events.models import Event
from people.models import Agent, Role

pytestmark = pytest.mark.django_db


def create(email: str = "Olena@Shop.example", name: str = "Olena") -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("create_admin", email, name, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_prints_a_password_that_signs_in_and_nothing_else() -> None:
    out, err = create()
    admin = Agent.objects.get()
    assert (admin.name, admin.role, admin.is_active) == ("Olena", Role.ADMIN, True)
    assert len(out.strip()) >= 20
    assert admin.check_password(out.strip())
    assert "olena@shop.example" in err
    assert out.strip() not in err
    assert [event.kind for event in Event.objects.all()] == ["agent.created"]


def test_is_over_once_there_is_an_agent() -> None:
    create()
    with pytest.raises(CommandError, match="There are agents already"):
        create("mallory@elsewhere.example", "Mallory")
    assert Agent.objects.count() == 1


def test_refuses_what_is_no_address() -> None:
    with pytest.raises(CommandError, match="is no mail address"):
        create("olena")
    assert Agent.objects.count() == 0
