"""The world of tests/security/world.py, made once for all tests of a module.

It takes a second or two, which hundreds of tests would pay for each; and each that took it back left its dead rows in
the way of the next. So it is committed, each test works on it in a transaction of its own that is undone, and with the
module it goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import TYPE_CHECKING

import pytest
from pytest_django import DjangoDbBlocker

if TYPE_CHECKING:
    from tests.security.world import World


@pytest.fixture(scope="module")
def made_world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """As it was made. A test takes `world` of it."""
    from django.core.cache import cache
    from django.db import connection, transaction

    from tests.security.world import make_world
    from tests.support.database import empty

    with django_db_blocker.unblock():
        with transaction.atomic():
            made = make_world()
            connection.run_on_commit.clear()  # in a test nothing follows either
        cache.clear()
        yield made
        connection.close()
        empty()


@pytest.fixture
def world(made_world: World, db: None) -> World:
    """One to do with as a test likes."""
    return deepcopy(made_world)
