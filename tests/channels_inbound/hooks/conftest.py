"""What the tests of webhooks share."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels_inbound.hooks import drain


@pytest.fixture(autouse=True)
def _old_samples_come_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recorded samples bear the time of their recording; what is too old is test_agreed_and_old.py's."""
    monkeypatch.setattr(drain, "OLDEST", timedelta(days=36_500))
