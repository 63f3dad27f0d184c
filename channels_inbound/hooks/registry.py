"""Every provider, one line each. Their code is loaded when the first of them is asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from channels_inbound.hooks.provider import Provider
from tickets.kinds import register_kind

PROVIDERS = {
    "messenger": "channels_inbound.messenger.provider.Messenger",
    "instagram": "channels_inbound.instagram.provider.Instagram",
    "fb_comments": "channels_inbound.comments.provider.FacebookComments",
    "ig_comments": "channels_inbound.comments.provider.InstagramComments",
    "whatsapp": "channels_inbound.whatsapp.provider.WhatsApp",
    "x": "channels_inbound.x.provider.X",
    "sms": "channels_inbound.twilio.sms.Sms",
    "twilio_whatsapp": "channels_inbound.twilio.sms.TwilioWhatsApp",
    "phone": "channels_inbound.twilio.voice.TwilioVoice",
    "aircall": "channels_inbound.aircall.provider.Aircall",
    "line": "channels_inbound.phone.line.PhoneLine",
    "http": "channels_inbound.generic.provider.Generic",
    "mailgun": "channels_inbound.mail_services.mailgun.Mailgun",
    "postmark": "channels_inbound.mail_services.postmark.Postmark",
    "sendgrid": "channels_inbound.mail_services.sendgrid.SendGrid",
    "ses": "channels_inbound.mail_services.ses.Ses",
    "telegram": "channels_inbound.telegram.provider.Telegram",
}

_FROM_ABOVE: dict[str, str] = {}


def provider(name: str) -> Provider | None:
    """The provider of that name, if we have it."""
    return _loaded(name) if name in PROVIDERS or name in _FROM_ABOVE else None


def providers() -> list[Provider]:
    return [_loaded(name) for name in PROVIDERS]


def register_provider(name: str, path: str) -> None:
    """Let an app above add its provider: replies find it like any other. It has pages of its own, so `providers`,
    from which channels are set up, does not name it."""
    _FROM_ABOVE[name] = path
    register_kind(_loaded(name).traits)


def register_kinds() -> None:
    """Tell the spine what each kind of channel can do."""
    for one in providers():
        if not one.traits.addressed:
            register_kind(one.traits)


@cache
def _loaded(name: str) -> Provider:
    module, _, attribute = {**PROVIDERS, **_FROM_ABOVE}[name].rpartition(".")
    made: Provider = getattr(import_module(module), attribute)()
    type(made).name = name
    return made
