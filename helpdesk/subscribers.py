"""Who listens to which events: THE table. Everything that happens after a fact is found from here."""

from __future__ import annotations

from assistant import answering
from assistant.events import HEARD as BOT_HEARS
from channels_inbound import alarms
from events.subscribers import Subscriber
from livechat.notices import CONCERNS, notify_of_chat
from metrics.actions import BRANDS_HEARD, follow_brand
from metrics.clocks.escalation import ESCALATES, escalate
from metrics.clocks.history import HEARD
from metrics.clocks.keeping import keep_clocks
from metrics.surveys import asking, follow_ups, taps
from people import security_mail
from people.admins import MADE_ADMIN
from people.watching import BUDGET_REACHED
from privacy import consents, redacting
from tickets import merge_policy, sign_outs
from tickets.acknowledgement import DUE, acknowledge
from tickets.assigning import hearing
from tickets.audit.alarm import tell_of_admin, tell_of_budget
from tickets.notices import NOTICED, notify_agents

SUBSCRIBERS: tuple[Subscriber, ...] = (
    Subscriber("tickets.notices", frozenset(map(str, NOTICED)), notify_agents),
    Subscriber("tickets.merging", frozenset(map(str, merge_policy.HEARD)), merge_policy.merge_if_same),
    Subscriber("tickets.assigning", hearing.HEARD, hearing.ask_for_an_owner),
    Subscriber("metrics.clocks", frozenset(map(str, HEARD)), keep_clocks),
    Subscriber("metrics.brands", BRANDS_HEARD, follow_brand),
    Subscriber("metrics.escalation", frozenset(map(str, ESCALATES)), escalate),
    Subscriber("metrics.surveys", frozenset(map(str, asking.HEARD)), asking.plan_survey),
    Subscriber("metrics.survey_taps", frozenset(map(str, taps.HEARD)), taps.hear_answer),
    Subscriber("metrics.follow_ups", frozenset(map(str, follow_ups.HEARD)), follow_ups.follow_up),
    Subscriber("metrics.leads", frozenset(map(str, follow_ups.TOLD)), follow_ups.tell_leads),
    Subscriber("assistant.bot", BOT_HEARS, answering.hear_event),
    Subscriber("livechat.notices", frozenset(map(str, CONCERNS)), notify_of_chat),
    Subscriber("channels_inbound.alarms", frozenset(map(str, alarms.HEARD)), alarms.tell_people),
    Subscriber("people.security_mail", frozenset(security_mail.TOLD), security_mail.tell_agent),
    Subscriber("tickets.sign_outs", sign_outs.HEARD, sign_outs.close_sockets),
    Subscriber("tickets.audit", frozenset({BUDGET_REACHED}), tell_of_budget),
    Subscriber("tickets.audit.admins", frozenset({MADE_ADMIN}), tell_of_admin),
    Subscriber("privacy.consents", consents.HEARD, consents.note_said),
    Subscriber("privacy.redacting", redacting.HEARD, redacting.redact_everywhere),
    Subscriber("tickets.acknowledgement", frozenset(map(str, DUE)), acknowledge),
)
