"""Customers who were disappointed, and who sees to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from metrics.models import FollowUpState
from metrics.surveys.follow_ups import close_follow_up, take_follow_up, visible_follow_ups
from metrics.surveys.vouchers import give_voucher, open_pools
from metrics.telling import question_name, score_text
from people.permissions import Permission, PermissionDenied
from tickets.errors import InvalidInput, NotFound
from tickets.inbox.access import agent_of, allowed, signed_in

READ = allowed(Permission.READ_REPORTS)
PAGE = 50


@require_safe
@READ
def follow_ups(request: HttpRequest) -> HttpResponseBase:
    """Open ones by when they are due, or those done, latest first."""
    done = request.GET.get("state") == FollowUpState.DONE
    rows = visible_follow_ups(agent_of(request)).select_related(
        "ticket__channel", "customer", "answer", "owner", "voucher__pool"
    )
    rows = rows.filter(state=FollowUpState.DONE if done else FollowUpState.OPEN)
    rows = rows.order_by("-closed_at", "-pk") if done else rows.order_by("due_at", "pk")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    now = timezone.now()
    shown = [
        (row, question_name(row.answer.kind), score_text(row.answer.kind, row.answer.score), row.due_at < now)
        for row in page
    ]
    pools = [] if done else list(open_pools(timezone.localdate()))
    context = {
        "rows": shown, "page": page, "done": done, "pools": [pool for pool in pools if pool.free],
        "short": [pool for pool in pools if pool.free < pool.warn_below],
    }  # fmt: skip
    return render(request, "metrics/follow_ups.html", context)


@require_POST
@signed_in
def take(request: HttpRequest, follow_up_id: int) -> HttpResponseBase:
    return _act(request, lambda: take_follow_up(follow_up_id, by=agent_of(request)))


@require_POST
@signed_in
def close(request: HttpRequest, follow_up_id: int) -> HttpResponseBase:
    outcome = request.POST.get("outcome", "")
    return _act(request, lambda: close_follow_up(follow_up_id, by=agent_of(request), outcome=outcome))


@require_POST
@signed_in
def voucher(request: HttpRequest, follow_up_id: int) -> HttpResponseBase:
    """Hand out a code; it stands in the row then, and canned replies know it."""
    pool = request.POST.get("pool", "")
    pool_id = int(pool) if pool.isascii() and pool.isdecimal() and len(pool) < 10 else 0
    return _act(request, lambda: give_voucher(follow_up_id, pool_id, by=agent_of(request)))


def _act(request: HttpRequest, act: Callable[[], Any]) -> HttpResponseBase:
    try:
        act()
    except (NotFound, PermissionDenied):
        raise Http404 from None
    except InvalidInput as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Done."))
    return redirect("follow_ups")
