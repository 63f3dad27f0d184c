"""`manage.py demo_shop`: the demo storefront, on a port and so an origin of its own. Started by `manage.py up`."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from livechat.demo.server import serve


class Command(BaseCommand):
    help = "Serves the demo shop, whose pages embed the chat as a customer's would (HELPDESK_SHOP_PORT, 8001)."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo shop is for trying out; it is not served in production mode.")
        host = os.environ.get("HELPDESK_HTTP_HOST", "127.0.0.1")
        serve(host, int(os.environ.get("HELPDESK_SHOP_PORT", "8001")))
