"""A telephone line whose calls are logged by hand or come from an exchange's log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from channels_inbound.hooks.provider import Account, Field, Provider
from channels_inbound.phone.numbers import e164
from people.http_client import HttpClient
from tickets.kinds import Traits


class PhoneLine(Provider):
    traits = Traits("phone", _("Phone"), icon="phone", writes=False, files=0)
    account_field = "number"
    fields = (Field("number", _("Number"), help=_("With country code, for example +380440000100.")),)
    takes_hooks = False

    def account_of(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> str:
        return e164(str(settings.get("number", "")))

    def check(self, account: Account, http: HttpClient) -> str:
        return account.account
