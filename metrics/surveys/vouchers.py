"""Making up for a disappointment: codes are brought in by managers and handed out, each follow-up one, exactly once."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from events.audit import note_setting
from events.ledger import record_event
from metrics.events import SurveyEvent
from metrics.models import FollowUp, FollowUpState, Voucher, VoucherPool
from metrics.surveys.actions import ALL, begin
from metrics.surveys.follow_ups import change_follow_up
from people.models import Agent
from tickets.actions.base import record
from tickets.errors import InvalidInput, NotFound
from tickets.models import Ticket
from tickets.placeholders import teach_placeholders

MOST_CODES = 50_000
LONGEST_CODE = 64
PLACEHOLDER = "voucher.code"


@dataclass(frozen=True, slots=True)
class Imported:
    """How many codes were new, and how many were there already."""

    added: int
    known: int


def pools_with_supply() -> QuerySet[Any]:
    """All supplies with how many codes are `free` and `given`. One query."""
    return VoucherPool.objects.annotate(
        free=Count("vouchers", filter=Q(vouchers__given_at=None)),
        given=Count("vouchers", filter=Q(vouchers__given_at__isnull=False)),
    ).order_by("name")  # fmt: skip


def open_pools(today: date) -> QuerySet[Any]:
    """Those from which codes may be handed out."""
    return pools_with_supply().filter(Q(valid_until=None) | Q(valid_until__gte=today))


def save_pool(pool_id: int | None, *, by: Agent, **fields: Any) -> VoucherPool:
    """Make or change a supply. Saving what is there already changes nothing."""
    with transaction.atomic():
        begin(by)
        pool = _pool(pool_id) if pool_id else VoucherPool()
        if pool_id and all(getattr(pool, name) == value for name, value in fields.items()):
            return pool
        if VoucherPool.objects.filter(name=fields["name"]).exclude(pk=pool.pk).exists():
            raise InvalidInput("name", _("Other vouchers have this name."))
        if pool_id:
            before = {name: getattr(pool, name) for name in fields}
            note_setting(f"vouchers {pool.pk}", _plain(before), _plain(fields), by=by.actor)
        for name, value in fields.items():
            setattr(pool, name, value)
        pool.save()
        data = {"pool": pool.pk, "name": pool.name}
        record_event(ALL, SurveyEvent.VOUCHERS_SAVED, by=by.actor, at=timezone.now(), data=data)
    return pool


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in fields.items()}


def read_codes(text: str) -> list[str]:
    """The codes of a list or of a file's first column, each once, in order. InvalidInput for what is none."""
    found: dict[str, None] = {}
    for row in csv.reader(io.StringIO(text.replace("\x00", "").replace(";", ","), newline="")):
        code = row[0].strip().strip("\ufeff") if row else ""
        if not code or (not found and code.lower() in ("code", "codes", "voucher")):
            continue
        if len(code) > LONGEST_CODE or any(mark.isspace() or not mark.isprintable() for mark in code):
            raise InvalidInput("codes", _("“%(code)s” is no code: one a line, without spaces.") % {"code": code[:40]})
        found[code] = None
        if len(found) > MOST_CODES:
            raise InvalidInput("codes", _("At most %(most)d codes at once.") % {"most": MOST_CODES})
    return list(found)


def import_codes(pool_id: int, codes: Sequence[str], *, by: Agent) -> Imported:
    """Put codes into a supply. Those that are there stay as they are, given or not; the same list again adds none."""
    with transaction.atomic():
        begin(by)
        pool = _pool(pool_id)
        known = set(Voucher.objects.filter(pool=pool, code__in=codes).values_list("code", flat=True))
        new = [code for code in codes if code not in known]
        Voucher.objects.bulk_create([Voucher(pool=pool, code=code) for code in new], batch_size=2000)
        if new:
            data = {"pool": pool.pk, "added": len(new)}
            record_event(ALL, SurveyEvent.VOUCHERS_IMPORTED, by=by.actor, at=timezone.now(), data=data)
    return Imported(len(new), len(known))


def give_voucher(follow_up_id: int, pool_id: int, *, by: Agent, at: datetime | None = None) -> Voucher:
    """Hand out a code for an open follow-up; asked again, or by two at once, it is the same code. InvalidInput when
    none is left, NotFound for what is done or not to be seen."""
    given: list[Voucher] = []

    def give(row: FollowUp, now: datetime) -> None:
        voucher = Voucher.objects.filter(follow_up=row).first()
        if voucher is None:
            voucher = _take(row, pool_id, by=by, at=now)
            data = {"follow_up": row.pk, "voucher": voucher.pk, "pool": voucher.pool_id}
            record(row.ticket, SurveyEvent.VOUCHER_GIVEN, by=by.actor, at=now, data=data)
        given.append(voucher)

    change_follow_up(follow_up_id, give, by=by, at=at)
    if not given:
        raise NotFound(_("There is no such follow-up."))
    return given[0]


def _take(row: FollowUp, pool_id: int, *, by: Agent, at: datetime) -> Voucher:
    """The oldest free code; those that others are just taking are passed over."""
    if not open_pools(timezone.localdate(at)).filter(pk=pool_id).exists():
        raise InvalidInput("pool", _("These vouchers are not handed out any more."))
    free = Voucher.objects.select_for_update(of=("self",), skip_locked=True).filter(pool=pool_id, given_at=None)
    voucher = free.order_by("pk").first()
    if voucher is None:
        raise InvalidInput("pool", _("No voucher is left. Somebody who manages surveys can bring in more."))
    voucher.follow_up, voucher.given_at, voucher.given_by = row, at, by
    voucher.save(update_fields=["follow_up", "given_at", "given_by"])
    return voucher


def _pool(pool_id: int) -> VoucherPool:
    found = VoucherPool.objects.filter(pk=pool_id).first()
    if found is None:
        raise NotFound(_("There are no such vouchers."))
    return found


def teach() -> None:
    """Canned replies may name the code of the ticket's follow-up."""
    teach_placeholders("voucher", (PLACEHOLDER,), _values)


def _values(ticket: Ticket) -> Mapping[str, str]:
    given = Voucher.objects.filter(follow_up__ticket=ticket, follow_up__state=FollowUpState.OPEN)
    code = given.order_by("-given_at").values_list("code", flat=True).first()
    return {PLACEHOLDER: code} if code else {}
