"""Whom limits count as one."""

from __future__ import annotations

from typing import Any

import pytest

from events.rates import address_of


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("5.5.5.5", "5.5.5.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:5.5.5.5", "5.5.5.5"),
        ("unix:", "unix:"),
        ("x" * 90, "x" * 64),
        ("", ""),
    ],
)
def test_one_holder_is_counted_as_one(address: str, counted: str, settings: Any) -> None:
    assert address_of(address, "") == counted
    settings.TRUSTED_PROXIES = 1
    assert address_of("10.0.0.1", f"6.6.6.6, {address}") == (counted or "10.0.0.1")
