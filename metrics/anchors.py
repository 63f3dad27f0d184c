"""What figures are held against in drawings: the shop's own aim, what policies promise, and what is known of others.

An anchor is only here with its source, and only where the source measures nearly the same thing. Published averages of
NPS in online shops run from 28 to 62, and of first answers nobody publishes how they were measured: those have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from metrics.clocks.terms import Target
from metrics.rules import policies_of, rules_in_force
from metrics.surveys.scales import Kind

# The share of promises a shop should keep.
AIM = 95


@dataclass(frozen=True, slots=True)
class Anchor:
    """A figure of others, on the scale of the question."""

    value: float
    name: str
    source: str


def anchor_of(kind: str) -> Anchor | None:
    """What online shops reach, where somebody measured it."""
    if kind != Kind.CSAT:
        return None
    return Anchor(
        81, _("online shops, USA"),
        _("American Customer Satisfaction Index of 2019, internet retail: 81 of 100. It is an index of three questions "
          "to buyers and not a share of satisfied customers, so it says about where others stand and no more."),
    )  # fmt: skip


def promised(channels: Mapping[int, str]) -> dict[int, tuple[int, int]]:
    """(shortest, longest) first answer in seconds of open time that the policies in force may promise on each channel;
    `channels` gives the kind of each. Channels nothing is promised on are left out."""
    rules, found = rules_in_force(), {}
    policies = policies_of(rules) if rules is not None else ()
    for id, kind in channels.items():
        lengths = []
        for policy in policies:
            allowed = policy.conditions
            if not (id in allowed.get("channel_id", (id,)) and kind in allowed.get("channel_kind", (kind,))):
                continue
            if Target.FIRST in policy.terms.targets:
                lengths.append(int(policy.terms.targets[Target.FIRST].total_seconds()))
            if not set(allowed) - {"channel_id", "channel_kind"}:
                break  # all that is left fits this one
        if lengths:
            found[id] = min(lengths), max(lengths)
    return found
