"""Nordvik Outdoor: its people, teams and mailboxes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from channels_inbound.channels import create_email_channel
from people.actions import create_first_admin, save_agent, save_team
from people.models import Agent, Role, Team
from tickets.actions.macros import Content, save_macro
from tickets.actions.views import EVERYONE, save_view
from tickets.models import Channel

DOMAIN = "nordvik.example"
SUPPORT, UKRAINIAN, RETURNS = f"support@{DOMAIN}", f"pidtrymka@{DOMAIN}", f"returns@{DOMAIN}"

_SIGNATURE = "Nordvik Outdoor\nMon-Fri 9:00-18:00, Lviv and Tromsø\nhttps://nordvik.example/help"
_SIGNATURE_UK = "Nordvik Outdoor\nПн-Пт 9:00-18:00, Львів\nhttps://nordvik.example/help"

TEAMS = ("Support", "Returns", "Wholesale")
# Key in the stories, name, role, teams, language, may sign in. `agent` is the one the README names.
_STAFF = (
    ("marta", "Marta Koval", f"agent@{DOMAIN}", Role.AGENT, ("Support", "Returns"), "en", True),
    ("olena", "Olena Shevchuk", f"olena@{DOMAIN}", Role.AGENT, ("Support",), "uk", True),
    ("katrin", "Katrin Vogel", f"manager@{DOMAIN}", Role.MANAGER, TEAMS, "en", True),
    ("lars", "Lars Nygård", f"viewer@{DOMAIN}", Role.VIEWER, ("Support", "Returns"), "en", True),
    ("dmytro", "Dmytro Lys", f"dmytro@{DOMAIN}", Role.AGENT, TEAMS, "uk", False),
    ("sofia", "Sofia Rossi", f"sofia@{DOMAIN}", Role.AGENT, ("Support", "Wholesale"), "en", False),
)


@dataclass(slots=True)
class Shop:
    """Who and what there is, by the short names of the stories; `passwords` exist here and in var/demo.json only."""

    staff: dict[str, Agent] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)


def open_shop(*, at: datetime) -> Shop:
    """The empty shop. Passwords are random for each installation, so that a demo somebody leaves reachable from
    elsewhere is not open to whoever has read the source."""
    shop = Shop()
    shop.passwords["ingrid"] = new_password()
    admin = shop.staff["ingrid"] = create_first_admin(
        email=f"admin@{DOMAIN}", name="Ingrid Solberg", password=shop.passwords["ingrid"],
        locale="en", time_zone="Europe/Kyiv",
    )  # fmt: skip
    shop.teams = {name: save_team(None, by=admin, name=name) for name in TEAMS}
    for key, name, email, role, teams, locale, signs_in in _STAFF:
        agent = save_agent(
            None, by=admin, email=email, name=name, role=role, teams=[shop.teams[team] for team in teams],
            is_active=True,
        )  # fmt: skip
        agent.locale = locale
        if signs_in:
            shop.passwords[key] = new_password()
            agent.set_password(shop.passwords[key])
        agent.save(update_fields=["locale", "password"])
        shop.staff[key] = agent
    for name, address, team, locale, signature in (
        ("Support", SUPPORT, "Support", "en", _SIGNATURE),
        ("Підтримка", UKRAINIAN, "Support", "uk", _SIGNATURE_UK),
        ("Returns", RETURNS, "Returns", "en", _SIGNATURE),
    ):
        shop.channels[address] = create_email_channel(
            name, address, by=admin.actor, team=shop.teams[team], locale=locale, signature=signature, at=at
        )
    _furnish(shop)
    return shop


def _furnish(shop: Shop) -> None:
    """Views and canned replies as a shop makes them in its first week."""
    katrin = shop.staff["katrin"]
    for name, where, order in (
        ("Українською", {"language": ["uk"], "status": ["open"]}, "newest"),
        ("Refunds and returns", {"tag": ["refund", "return", "exchange"], "status": ["open", "pending"]}, "oldest"),
        ("VIP customers", {"tag": ["vip"]}, "newest"),
    ):
        save_view(None, by=katrin, name=name, audience=EVERYONE, where=where, order=order)
    for content in (
        Content("Where is my parcel", {
            "en": "Hello {{customer.first_name}},\n\nthis is how your order {{order.number}} of {{order.date}} stands: "
                  "{{order.status}}.\n\nKind regards\n{{agent.first_name}}",
            "uk": "Вітаю, {{customer.first_name}}!\n\nСтан Вашого замовлення {{order.number}} від {{order.date}}: "
                  "{{order.status}}.\n\nЗ повагою\n{{agent.first_name}}",
        }, tags=("courier",)),
        Content("How to return", {
            "en": "Hello {{customer.first_name}},\n\nyou may send {{order.number}} back within 30 days. Put its "
                  "number into the parcel and bring that to any post office.\n\nKind regards\n{{agent.first_name}}",
            "uk": "Вітаю, {{customer.first_name}}!\n\nЗамовлення {{order.number}} можна повернути протягом 30 днів. "
                  "Покладіть у посилку номер замовлення, віднесіть до будь-якого відділення.\n\n"
                  "З повагою\n{{agent.first_name}}",
        }, status="pending", tags=("return",)),
    ):  # fmt: skip
        save_macro(None, content, by=katrin, audience=EVERYONE)


def new_password() -> str:
    """Four groups of four easy letters: 75 random bits that can be typed from a terminal."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
