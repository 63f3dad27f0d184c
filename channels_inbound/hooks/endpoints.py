"""Where providers' APIs are: known addresses, which an operator can correct without a release."""

from __future__ import annotations

from django.conf import settings

DEFAULTS = {
    "telegram": "https://api.telegram.org",
    "graph": "https://graph.facebook.com/v25.0",
    "instagram": "https://graph.instagram.com/v25.0",
    "x": "https://api.x.com",
    "twilio": "https://api.twilio.com",
    "twilio_content": "https://content.twilio.com",
    # Empty: certificates are fetched from the address in the notice, which must be one of SNS's own.
    "sns": "",
}


def endpoint(name: str) -> str:
    """The base address, without a slash at its end."""
    found: str = settings.PROVIDER_ENDPOINTS.get(name) or DEFAULTS[name]
    return found.rstrip("/")
