"""Where a mail leaves: the channel's own servers in their order, else the helpdesk's; paced by recipient domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from channels_inbound.credentials import CredentialsError
from channels_inbound.email.compose import ComposedMail
from channels_inbound.email.dkim_sign import SigningKey, signed
from channels_inbound.email.send import Outcome, SendResult, SmtpRoute, SmtpSender, Unreachable
from channels_inbound.hooks.provider import Provider
from channels_inbound.models import DemoMail, OutgoingServer
from channels_inbound.outgoing import pacing
from channels_inbound.outgoing.keys import sending_domain, signing_key
from channels_inbound.outgoing.servers import note_failed, note_used, open_secret, route_to, servers_of
from channels_inbound.outgoing.tagging import service_of, tagged
from tickets.actions.delivery import begin_handover, record_accepted
from tickets.outbound import AWAITS_TURN, OutboundMessage

ASKS_FOR_LESS = "This domain has asked for less mail for a while."


class Dispatch:
    """One round of sending: connections stay open over its mails, one to each server."""

    def __init__(self) -> None:
        self._senders: dict[int, SmtpSender] = {}
        self._servers: dict[int, list[OutgoingServer]] = {}
        self._keys: dict[str, SigningKey | None] = {}
        self._services: dict[tuple[str, int], Provider | None] = {}
        self._failed: dict[int, str] = {}  # in this round; nobody waits for them twice

    def deliver(self, m: OutboundMessage, mail: ComposedMail) -> SendResult:
        """Raises Unreachable when no server of the channel can be used."""
        if m.channel_id not in self._servers:
            self._servers[m.channel_id] = servers_of(m.channel_id)
        servers = self._servers[m.channel_id]
        if not servers and not settings.EMAIL_URL:
            return _keep_for_demo(m, mail)
        return self._paced(m, self._signed(m, mail), servers)

    def close(self) -> None:
        for sender in self._senders.values():
            sender.close()
        self._senders.clear()

    def _signed(self, m: OutboundMessage, mail: ComposedMail) -> ComposedMail:
        """With the key of its domain. One that cannot be opened holds the mail back: unsigned it might be thrown away
        by whoever obeys the domain's own policy, and nobody would hear of it."""
        domain = sending_domain(m.channel_address)
        try:
            if domain not in self._keys:
                self._keys[domain] = signing_key(domain)
        except CredentialsError as error:
            raise Unreachable(str(error)) from None
        key = self._keys[domain]
        return replace(mail, content=signed(mail.content, key)) if key else mail

    def _paced(self, m: OutboundMessage, mail: ComposedMail, servers: list[OutgoingServer]) -> SendResult:
        """Recipients whose domain wants none now wait; the others get it."""
        at = timezone.now()
        domains = {pacing.domain_of(who) for who in mail.recipients}
        asked = pacing.held_domains(domains, at=at)
        has_turn = m.turn is not None and at < m.turn + pacing.TURN_LASTS
        held = asked | ({} if has_turn else pacing.take_turns(domains - set(asked), at=at))
        waiting = {who: ASKS_FOR_LESS if _in(who, asked) else AWAITS_TURN for who in mail.recipients if _in(who, held)}
        going = tuple(who for who in mail.recipients if who not in waiting)
        if mail.recipients and not going:
            words = AWAITS_TURN if AWAITS_TURN in waiting.values() else ASKS_FOR_LESS
            return SendResult(Outcome.HELD, words, again_at=max(held.values()))
        result = self._send(m, replace(mail, recipients=going), servers)
        return _learned(result, going, waiting, held, at)

    def _send(self, m: OutboundMessage, mail: ComposedMail, servers: list[OutgoingServer]) -> SendResult:
        def begin() -> bool:
            return begin_handover(m.message_id, m.attempt, at=timezone.now())

        if not servers:
            mail = self._tagged(m, mail, settings.EMAIL_HOST)
            return self._sender(0, SmtpRoute.from_settings).send(mail, begin)
        for server in servers:
            at = timezone.now()
            if server.pk in self._failed or (server.quiet_until and server.quiet_until > at):
                continue
            try:
                sender = self._sender(server.pk, partial(_route, server, at))
                result = sender.send(self._tagged(m, mail, server.host), begin)
            except Unreachable as error:
                note_failed(server, str(error), at=at)
                self._failed[server.pk] = str(error)
                continue
            if result.outcome == Outcome.ACCEPTED:
                note_used(server, at=at)
            return result
        said = [self._failed.get(server.pk) or server.trouble for server in servers]
        raise Unreachable(next(filter(None, said), "no outgoing server of this channel can be used"))

    def _tagged(self, m: OutboundMessage, mail: ComposedMail, host: str) -> ComposedMail:
        key = (host, m.channel_id)
        if key not in self._services:
            self._services[key] = service_of(*key)
        return tagged(mail, m, self._services[key])

    def _sender(self, key: int, route: Callable[[], SmtpRoute]) -> SmtpSender:
        if key not in self._senders:
            self._senders[key] = SmtpSender(route())
        return self._senders[key]


def _route(server: OutgoingServer, at: datetime) -> SmtpRoute:
    return route_to(server, open_secret(server, at=at))


def _in(who: str, held: dict[str, datetime]) -> bool:
    return pacing.domain_of(who) in held


def _learned(
    result: SendResult, going: tuple[str, ...], waiting: dict[str, str], held: dict[str, datetime], at: datetime
) -> SendResult:
    """The result with those who waited added, after the domains' answers were noted."""
    said = dict(result.waiting)
    if result.outcome == Outcome.TEMPORARY and not said and len({pacing.domain_of(who) for who in going}) == 1:
        said = dict.fromkeys(going, result.detail)  # refused after RCPT, and only one domain can be meant
    until = pacing.note_answers(said, at=at)
    if result.outcome == Outcome.ACCEPTED:
        pacing.note_taken({pacing.domain_of(who) for who in going if who not in said and who not in result.refused})
    again_at = max(filter(None, [until, *held.values()]), default=None)
    return replace(result, waiting={**result.waiting, **waiting}, again_at=again_at)


def _keep_for_demo(m: OutboundMessage, mail: ComposedMail) -> SendResult:
    """No outgoing server: the mail is kept for the demo mailbox, and kept and accepted are one transaction. In
    production replies wait, and the channel says why."""
    if not settings.DEMO_MAILBOX:
        raise Unreachable("no outgoing mail server is set (EMAIL_URL)")
    with transaction.atomic():
        DemoMail.objects.get_or_create(
            message_id=m.message_id, attempt=m.attempt,
            defaults={"mail_from": mail.sender, "rcpt_tos": list(mail.recipients),
                      "subject": mail.subject[:500], "content": mail.content},
        )  # fmt: skip
        record_accepted(m.message_id, m.attempt, at=timezone.now())
    return SendResult(Outcome.ACCEPTED)
