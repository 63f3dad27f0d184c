"""How the API describes itself: settings of drf-spectacular."""

from __future__ import annotations

from typing import Any

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Helpdesk API",
    "DESCRIPTION": "Tickets, messages, customers, channels and events of one helpdesk.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    # Fields of the same name with other choices: without these they would be numbered.
    "ENUM_NAME_OVERRIDES": {
        "StatusEnum": "tickets.models.ticket.Status.values",
        "SettableStatusEnum": "tickets.api.changes.SETTABLE",
        "ChannelHealthEnum": "tickets.models.channel.ChannelHealth.values",
        "OrderStatusEnum": "commerce.models.OrderStatus.values",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}
