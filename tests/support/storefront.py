"""A storefront of another origin, for tests of what shops embed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.livechat.shop import Shop, open_shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop
