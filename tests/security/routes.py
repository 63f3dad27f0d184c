"""Every address of the site outside the API (which has a table of its own in tests/api/test_access.py): what it needs,
and a request that would show or change something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.security.world import Corner

EVERYBODY = frozenset({"admin", "manager", "agent", "light", "viewer"})
NOTING = EVERYBODY - {"viewer"}
ANSWERING = NOTING - {"light"}
ADMIN = frozenset({"admin"})
LEADING = frozenset({"admin", "manager"})


@dataclass(frozen=True)
class Visit:
    """One request. `may` are the roles of the ticket's own team that get an answer; `foreign` says that the address
    names something of one team, so that everybody else hears 404; `refused` is what the others of the team hear."""

    name: str
    path: str
    form: dict[str, Any] | None = None
    may: frozenset[str] = EVERYBODY
    foreign: bool = False
    refused: tuple[int, ...] = (403,)
    answers: tuple[int, ...] = (200,)
    query: dict[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        return "GET" if self.form is None else "POST"

    @property
    def id(self) -> str:
        return f"{self.method} {self.path}"

    def __call__(self, client: Client, corner: Corner, **headers: str) -> HttpResponseBase:
        path = self._fill(self.path, corner)
        if self.form is None:
            query = {name: self._fill(value, corner) for name, value in self.query.items()}
            return client.get(path, query, headers=headers)  # type: ignore[return-value]
        form = {self._fill(name, corner): self._value(value, corner) for name, value in self.form.items()}
        return client.post(path, form, headers=headers)  # type: ignore[return-value]

    def _value(self, value: Any, corner: Corner) -> Any:
        return SimpleUploadedFile("a.txt", b"hello") if value == "FILE" else self._fill(value, corner)

    @staticmethod
    def _fill(text: str, corner: Corner) -> str:
        return text.format(word=corner.word, **corner.ids)


def ticket(name: str, path: str = "", **fields: Any) -> Visit:
    return Visit(name, f"/tickets/{{ticket}}/{path}", foreign=True, **fields)


def change(name: str, path: str, form: dict[str, Any], may: frozenset[str] = ANSWERING) -> Visit:
    return ticket(name, path, form=form, may=may)


def message(name: str, which: str, path: str, **fields: Any) -> Visit:
    return Visit(name, f"/messages/{{{which}}}/{path}", foreign=True, **fields)


VIEWS = ("mine", "unassigned", "open", "snoozed", "attention", "deadlines", "overdue", "solved")
VISITS = [
    Visit("start", "/", answers=(302,)),
    Visit("start", "/inbox/", answers=(302,)),
    Visit("inbox_counts", "/inbox/counts/"),
    Visit("views", "/views/"),
    *[Visit("inbox", f"/inbox/{view}/") for view in VIEWS],
    Visit("inbox", "/inbox/saved-{saved_view}/", foreign=True),
    Visit("macros", "/macros/"),
    Visit("macros_manage", "/macros/manage/", may=ANSWERING, refused=(404,)),
    Visit("macro_new", "/macros/new/", may=ANSWERING, refused=(404,)),
    Visit("macro_new", "/macros/new/", form={"name": "M", "audience": "mine", "text_": "x"}, may=ANSWERING, refused=(404,), answers=(302,)),
    Visit("macro_edit", "/macros/{macro}/", may=LEADING, foreign=True, refused=(404,)),
    Visit("macro_remove", "/macros/{macro}/remove/", form={}, may=LEADING, foreign=True, refused=(404,), answers=(302,)),
    change("ticket_macro", "macro/", {"macro": "{macro}"}),
    Visit("saved_views", "/views/saved/"),
    Visit("view_new", "/views/new/"),
    Visit("view_new", "/views/new/", form={"name": "V", "audience": "mine", "order": "newest"}, answers=(302,)),
    Visit("view_edit", "/views/{saved_view}/", may=LEADING, foreign=True, refused=(404,)),
    Visit("view_move", "/views/{saved_view}/move/", form={}, may=LEADING, foreign=True, refused=(404,), answers=(302,)),
    Visit("view_remove", "/views/{saved_view}/remove/", form={}, may=LEADING, foreign=True, refused=(404,), answers=(302,)),
    Visit("assigning", "/assigning/", may=LEADING),
    Visit("assigning_team", "/assigning/{team}/", may=LEADING),
    Visit("assigning_limits", "/assigning/{team}/limits/", form={}, may=LEADING, answers=(302,)),
    Visit("presence", "/presence/", form={"said": "busy"}, answers=(302,)),
    Visit("merge_policy", "/merging/", may=LEADING),
    Visit("merge_policy", "/merging/", form={"is_on": "on", "hours": "12"}, may=LEADING, answers=(302,)),
    Visit("statuses", "/statuses/", may=LEADING),
    Visit("status_new", "/statuses/new/", may=LEADING),
    Visit("status_edit", "/statuses/{own_status}/", may=LEADING),
    Visit("status_move", "/statuses/{own_status}/move/", form={}, may=LEADING, answers=(302,)),
    Visit("status_archive", "/statuses/{own_status}/archive/", form={}, may=LEADING, answers=(302,)),
    Visit("brands", "/brands/", may=ADMIN),
    Visit("brand_new", "/brands/new/", may=ADMIN),
    Visit("brand_new", "/brands/new/", form={"name": "B {word}"}, may=ADMIN, answers=(302,)),
    Visit("brand_edit", "/brands/{brand}/", may=ADMIN),
    Visit("brand_edit", "/brands/{brand}/", form={"name": "C {word}"}, may=ADMIN, answers=(302,)),
    Visit("brand_logo_set", "/brands/{brand}/logo/", form={"remove": "1"}, may=ADMIN, answers=(302,)),
    Visit("brand_remove", "/brands/{brand}/remove/", form={}, may=ADMIN, answers=(302,)),
    Visit("ticket_fields", "/fields/", may=LEADING),
    Visit("ticket_field_new", "/fields/new/", may=LEADING),
    Visit("ticket_field_sheet", "/fields/sheet/"),
    Visit("ticket_field_edit", "/fields/{own_field}/", may=LEADING),
    Visit("ticket_field_move", "/fields/{own_field}/move/", form={}, may=LEADING, answers=(302,)),
    Visit("ticket_field_archive", "/fields/{own_field}/archive/", form={}, may=LEADING, answers=(302,)),
    change("ticket_field_values", "fields/", {"field": "{own_field}", "value": "{word}"}),
    ticket("ticket_fields_missing", "fields/missing/"),
    Visit("inbox", "/inbox/team-{team}/", answers=(200, 404)),
    Visit("inbox_rows", "/inbox/open/rows/"),
    Visit("inbox_ticket", "/inbox/open/{ticket}/", foreign=True),
    *[Visit("search", "/search/", query={"q": q}) for q in ("{word}", "#{ticket}", "{word}@customer.example", "{word}.txt")],
    *[Visit("begin", "/inbox/new/", may=ANSWERING, query={"q": q}) for q in ("", "{word}", "{word}@customer.example")],
    Visit("begin", "/inbox/new/", may=ANSWERING, foreign=True, query={"customer": "{customer}"}),
    Visit("begin", "/inbox/new/", may=ANSWERING, foreign=True, answers=(302,), form={"customer": "{customer}", "way": "{way}", "subject": "hi", "text": "hi"}),
    *[Visit("search_quick", "/search/quick/", query={"q": q}) for q in ("{word}", "{ticket}")],
    Visit("tags", "/tags/"),
    Visit("search_hints", "/search/hints/", query={"q": "status:o"}),
    ticket("ticket", answers=(302,)),
    ticket("ticket_pane", "pane/"),
    ticket("ticket_beside", "beside/"),
    ticket("ticket_updates", "updates/", query={"message": "0", "event": "0"}),
    ticket("ticket_history", "history/", query={"before": "100000"}),
    ticket("ticket_customer", "customer/"),
    ticket("ticket_message", "messages/{message}/"),
    change("ticket_messages", "messages/", {"kind": "reply", "text": "hi", "expected": "1000"}),
    change("ticket_messages", "messages/", {"kind": "note", "text": "hi"}, NOTING),
    change("ticket_messages", "messages/", {"kind": "note", "text": "hi", "event": "0", "row": "1"}, NOTING),
    change("ticket_assignee", "assignee/", {"agent": "{colleague}"}),
    change("ticket_assignee", "assignee/", {"agent": ""}),
    change("ticket_team", "team/", {"team": ""}),
    change("ticket_status", "status/", {"status": "solved"}),
    Visit("bulk", "/bulk/", form={"tickets": "{ticket}", "do": "priority", "value": "30"}, may=ANSWERING),
    Visit("bulk", "/bulk/", form={"view": "open", "do": "priority", "value": "30"}, may=ANSWERING),
    change("ticket_snooze", "snooze/", {"until": "2099-01-01T10:00"}),
    change("ticket_reminders", "reminders/", {"until": "2099-01-01T10:00", "text": "Ring them"}, EVERYBODY),
    change("ticket_priority", "priority/", {"priority": "40"}),
    change("ticket_tags", "tags/", {"add": "vip"}),
    change("ticket_participant", "participant/", {"conversation": "{conversation}", "identity": "{identity}", "accept": "1"}),
    change("ticket_participant", "participant/", {"conversation": "{conversation}", "identity": "{identity}"}),
    ticket("ticket_elsewhere", "elsewhere/", may=ANSWERING, refused=(404,)),
    ticket("ticket_invitations", "invitations/", may=ANSWERING, refused=(404,)),
    ticket("ticket_elsewhere_send", "elsewhere/send/", form={"way": "1-1", "text": "{word}"}, may=ANSWERING, answers=(422,)),
    ticket("ticket_same_person", "same-person/"),
    change("ticket_same_person_decision", "same-person/decision/", {"do": "prefer", "kind": "email"}),
    change("ticket_seen", "seen/", {"sequence": "1"}, EVERYBODY),
    change("ticket_address", "address/", {"identity": "{bounced}"}),
    change("ticket_unread", "unread/", {}, EVERYBODY),
    change("ticket_draft", "draft/", {"kind": "note", "text": "hi", "revision": "0"}, NOTING),
    change("ticket_uploads", "uploads/", {"file": "FILE"}, NOTING),
    ticket("ticket_forward", "forward/", query={"message": "{message}"}),
    ticket("ticket_answering", "answering/", query={"message": "{message}"}),
    change("ticket_forwards", "forwards/", {
        "message": "{message}", "to": '["x@out.example"]', "confirmed": "x@out.example", "text": "look",
    }),
    ticket("ticket_asides", "asides/"),
    ticket("ticket_asking", "asking/"),
    change("ticket_ask", "ask/", {"to": "x@out.example", "text": "look", "quoted": "{message}"}),
    Visit("aside", "/asides/{aside}/", foreign=True),
    Visit("aside_say", "/asides/{aside}/say/", form={"text": "more"}, may=ANSWERING, foreign=True),
    Visit("aside_say", "/asides/{aside}/say/", form={"done": "1"}, may=ANSWERING, foreign=True),
    ticket("ticket_handing", "handing/"),
    change("ticket_hand_over", "hand-over/", {"to": "agent-{colleague}", "note": "yours"}),
    change("ticket_follow", "follow/", {}, EVERYBODY),
    Visit("settings", "/settings/"),
    Visit("help", "/guide/"),
    Visit("notices_settings", "/notifications/settings/"),
    Visit("notices_settings", "/notifications/settings/", form={"on": "mention", "digest": "15"}, answers=(302,)),
    change("ticket_spam", "spam/", {}),
    ticket("ticket_related", "related/"),
    ticket("ticket_merging", "merging/", query={"q": "{word}"}),
    ticket("ticket_splitting", "splitting/"),
    ticket("ticket_linking", "linking/"),
    change("ticket_merge", "merge/", {"other": "{twin}", "keep": "older"}),
    change("ticket_split", "split/", {"message": "{message}"}),
    change("ticket_links", "links/", {"other": "{twin}", "reason": "related"}),
    Visit("ticket_unmerge", "/tickets/{merged}/unmerge/", form={}, may=ANSWERING, foreign=True),
    Visit("relocation_undo", "/relocations/{relocation}/undo/", form={}, may=ANSWERING, foreign=True),
    message("message_schedule", "later", "schedule/", form={"now": "1"}, may=ANSWERING),
    message("message_schedule", "later", "schedule/", form={"later": "", "send_at": "2027-01-01T10:00"}, may=ANSWERING),
    message("message_retry", "failed", "retry/", form={}, may=ANSWERING),
    message("message_retry", "unknown", "retry/", form={}, may=ANSWERING),
    message("message_confirmation", "unknown", "confirmation/", form={}, may=ANSWERING),
    message("message_images", "message", "images/", form={}, may=ANSWERING),
    message("message_folding", "folded", "folding/", form={}, may=ANSWERING),
    message("message_redacting", "message", "redacting/", may=LEADING, refused=(404,)),
    message("message_redact", "message", "redact/", form={"text": "{word}"}, may=LEADING, refused=(404,)),
    Visit("secret_reveal", "/secrets/{secret}/reveal/", form={}, may=LEADING, foreign=True, refused=(404,)),
    Visit("secret_redact", "/secrets/{secret}/redact/", form={}, may=LEADING, foreign=True, refused=(404,)),
    message("message_frame", "message", "frame/"),
    message("message_source", "message", "source/", may=ANSWERING, refused=(404,)),
    Visit("attached_mail", "/files/{mail}/mail/top/", foreign=True),
    Visit("attached_mail", "/files/{file}/mail/top/", foreign=True, answers=(200, 422)),
    Visit("attached_mail_frame", "/files/{mail}/mail/top/frame/", foreign=True),
    Visit("attached_mail_file", "/files/{mail}/mail/top-0/file/", foreign=True),
    Visit("attached_mail_picture", "/files/{mail}/mail/top-0/picture/", foreign=True, answers=(200, 404)),
    Visit("file", "/files/{file}/", foreign=True),
    Visit("file", "/files/{picture}/", foreign=True),
    Visit("file_thumb", "/files/{picture}/thumb/", foreign=True),
    Visit("file_inline", "/{inline}/", foreign=True),
    Visit("notifications", "/notifications/"),
    Visit("notifications_read", "/notifications/read/", form={}, answers=(200, 302)),
    Visit("profile", "/profile/"),
    Visit("looks", "/profile/looks/", form={"theme": "dark"}, answers=(200, 204, 302)),
    Visit("channels", "/channels/"),
    Visit("channel_new", "/channels/new/", may=ADMIN, refused=(404,)),
    Visit("channel_edit", "/channels/{channel}/", may=ADMIN, foreign=True, refused=(404,)),
    Visit("outgoing", "/channels/{channel}/outgoing/", may=ADMIN, foreign=True, refused=(404,)),
    Visit("outgoing_new", "/channels/{channel}/outgoing/new/", may=ADMIN, foreign=True, refused=(404,)),
    Visit("outgoing_edit", "/channels/{channel}/outgoing/{server}/", may=ADMIN, foreign=True, refused=(404,)),
    Visit("outgoing_first", "/channels/{channel}/outgoing/{server}/first/", form={}, may=ADMIN, foreign=True, refused=(404,), answers=(302,)),
    Visit("outgoing_remove", "/channels/{channel}/outgoing/{server}/remove/", form={}, may=ADMIN, foreign=True, refused=(404,), answers=(302,)),
    Visit("key_new", "/channels/{channel}/keys/new/", form={}, may=ADMIN, foreign=True, refused=(404,), answers=(302,)),
    Visit("key_remove", "/channels/{channel}/keys/{key}/remove/", form={}, may=ADMIN, foreign=True, refused=(404,), answers=(302,)),
    Visit("calls", "/calls/"),
    Visit("callback_done", "/calls/{call}/done/", form={}, may=ANSWERING, foreign=True, answers=(302,)),
    Visit("connect", "/channels/connect/", may=ADMIN, refused=(404,)),
    Visit("connection_new", "/channels/connect/telegram/", may=ADMIN, refused=(404,)),
    Visit("connection", "/channels/{connected}/connection/", may=ADMIN, foreign=True, refused=(404,)),
    Visit("connection_test", "/channels/{connected}/connection/test/", form={}, may=ADMIN, foreign=True, refused=(404,), answers=(302,)),
    message("message_hiding", "message", "hiding/", form={"hidden": "1"}, may=ANSWERING, answers=(404,)),
    Visit("contact_settings", "/channels/{channel}/contact-form/", may=ADMIN, foreign=True, refused=(404,)),
    Visit("call_new", "/calls/new/", may=ANSWERING, refused=(404,)),
    Visit("call_match", "/calls/match/", may=ANSWERING, refused=(404,), query={"q": "+380671110022"}),
    Visit("call_log", "/calls/log/", form={"number": "{word}"}, may=ANSWERING, refused=(422,), answers=(422,)),
    Visit("call_import", "/calls/import/", may=LEADING, refused=(404,)),
    Visit("call_log_import", "/calls/import/{log}/", may=LEADING, foreign=True, refused=(404,)),
    Visit("call_log_import", "/calls/import/{log}/", form={"kind": "table", "zone": "UTC", "start": "1"}, may=LEADING, foreign=True, refused=(404,), answers=(302,)),
    Visit("call_log_progress", "/calls/import/{log}/progress/", may=LEADING, foreign=True, refused=(404,)),
    Visit("connection_templates", "/channels/{connected}/connection/templates/", form={}, may=ADMIN, foreign=True, refused=(404,), answers=(302,)),
    Visit("connection_remove", "/channels/{connected}/connection/remove/", form={}, may=ADMIN, foreign=True, refused=(404,), answers=(302,)),
    Visit("mailboxes", "/channels/mailboxes/"),
    Visit("mailbox_new", "/channels/mailboxes/new/", may=ADMIN, refused=(404,)),
    Visit("mailbox_edit", "/channels/mailboxes/{mailbox}/", may=ADMIN, foreign=True, refused=(404,)),
    Visit("consent_start", "/channels/sign-in/mailbox/{asking}/", form={}, may=ADMIN, foreign=True, refused=(404,)),
    Visit("mailbox_look", "/channels/mailboxes/{mailbox}/look/", form={}, may=ADMIN, foreign=True, refused=(404,), answers=(302,)),
    Visit("mailbox_remove", "/channels/mailboxes/{mailbox}/remove/", form={}, may=ADMIN, foreign=True, refused=(404,), answers=(302,)),
    ticket("ticket_deadlines", "deadlines/"),
    Visit("overview", "/reports/", may=LEADING),
    Visit("overview", "/reports/", may=LEADING, query={"period": "own", "from": "2026-01-01", "to": "2026-02-01", "compare": "year"}),
    Visit("sla_strip", "/reports/service-level/strip/", may=LEADING),
    Visit("sla_next", "/reports/service-level/next/", may=LEADING),
    Visit("audit", "/audit/", may=ADMIN),
    Visit("audit_csv", "/audit.csv", may=ADMIN),
    Visit("audit_budget", "/audit/budget/", may=ADMIN),
    Visit("audit_budget", "/audit/budget/", form={"tickets": "7", "files": "7"}, may=ADMIN, answers=(302,)),
    Visit("sla_report", "/reports/service-level/", may=LEADING),
    Visit("sla_wall", "/reports/service-level/wall/", may=LEADING),
    Visit("sla_missed", "/reports/service-level/missed/", may=LEADING),
    Visit("sla_csv", "/reports/service-level.csv", may=LEADING),
    ticket("ticket_orders", "orders/"),
    Visit("push_key", "/push/"),
    Visit("push_browser", "/push/browsers/", form={"endpoint": "https://push.example/{word}", "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "auth": "BTBZMqHH6r4Tts7J_aSIgg"}),
    Visit("push_forget", "/push/browsers/remove/", form={"endpoint": "https://push.example/told-{word}"}),
    Visit("customer", "/customers/{customer}/", foreign=True),
    Visit("customer_note", "/customers/{customer}/notes/", form={"text": "{word} is known"}, may=NOTING, foreign=True, answers=(302,)),
    Visit("customer_preference", "/customers/{customer}/preference/", form={"kind": "email"}, may=ANSWERING, foreign=True, answers=(302,)),
    Visit("customer_orders", "/customers/{customer}/orders/", foreign=True),
    Visit("customer_answers", "/customers/{customer}/answers/", foreign=True),
    Visit("shops", "/shops/", may=LEADING),
    Visit("shop_new", "/shops/new/", may=LEADING),
    Visit("shop_edit", "/shops/{shop}/", may=LEADING),
    Visit("shop_remove", "/shops/{shop}/remove/", form={}, may=LEADING, answers=(302,)),
    Visit("orders_upload", "/shops/{shop}/orders/", form={"file": "FILE"}, may=LEADING, answers=(302,)),
    Visit("order_import", "/shops/imports/{import}/", may=LEADING),
    Visit("import_progress", "/shops/imports/{import}/progress/", may=LEADING),
    Visit("satisfaction", "/reports/satisfaction/", may=LEADING),
    Visit("satisfaction_answers", "/reports/satisfaction/answers/", may=LEADING),
    Visit("work_report", "/reports/work/", may=LEADING),
    Visit("work_csv", "/reports/work.csv", may=LEADING),
    Visit("report_pdf", "/reports/paper/work.pdf", may=LEADING),
    Visit("topics_report", "/reports/topics/", may=LEADING),
    Visit("retention", "/reports/retention/", may=LEADING),
    Visit("retention_csv", "/reports/retention/cohorts.csv", may=LEADING),
    Visit("satisfaction_csv", "/reports/satisfaction.csv", may=LEADING),
    Visit("surveys", "/surveys/", may=LEADING),
    Visit("survey_new", "/surveys/new/", may=LEADING),
    Visit("contact_budget", "/surveys/budget/", may=LEADING),
    Visit("survey_edit", "/surveys/{survey}/", may=LEADING),
    Visit("survey_move", "/surveys/{survey}/move/", form={"down": "1"}, may=LEADING, answers=(302,)),
    Visit("survey_remove", "/surveys/{spare_survey}/remove/", form={}, may=LEADING, answers=(302,)),
    Visit("at_risk", "/reports/at-risk/", may=LEADING),
    Visit("at_risk_csv", "/reports/at-risk.csv", may=LEADING),
    Visit("mailings", "/reports/mailings/", may=LEADING),
    Visit("mailing_new", "/reports/mailings/new/", may=LEADING, query={"report": "work", "team": "{team}"}),
    Visit("mailing_edit", "/reports/mailings/1/", may=LEADING, answers=(404,)),
    Visit("mailing_remove", "/reports/mailings/1/remove/", form={}, may=LEADING, answers=(302,)),
    Visit("annotations", "/reports/notes/", may=LEADING),
    Visit("annotations", "/reports/notes/", form={"day": "2026-11-03", "text": "New courier"}, may=LEADING, answers=(302,)),
    Visit("annotation_edit", "/reports/notes/{annotation}/", may=LEADING),
    Visit("annotation_remove", "/reports/notes/{annotation}/remove/", form={}, may=LEADING, answers=(302,)),
    Visit("follow_ups", "/reports/follow-ups/", may=LEADING),
    Visit("follow_up_take", "/reports/follow-ups/{follow_up}/taking/", form={}, may=LEADING, foreign=True, refused=(404,), answers=(302,)),
    Visit("follow_up_voucher", "/reports/follow-ups/{follow_up}/voucher/", form={"pool": "{pool}"}, may=LEADING, foreign=True, refused=(404,), answers=(302,)),
    Visit("follow_up_close", "/reports/follow-ups/{follow_up}/closing/", form={"outcome": "{word} called"}, may=LEADING, foreign=True, refused=(404,), answers=(302,)),
    Visit("vouchers", "/surveys/vouchers/", may=LEADING),
    Visit("voucher_new", "/surveys/vouchers/new/", may=LEADING),
    Visit("voucher_edit", "/surveys/vouchers/{pool}/", may=LEADING),
    Visit("voucher_codes", "/surveys/vouchers/{pool}/codes/", form={"codes": "{word}-1"}, may=LEADING, answers=(302,)),
    Visit("service_levels", "/service-levels/", may=LEADING),
    Visit("policy_new", "/service-levels/policies/new/", may=LEADING),
    Visit("policy_edit", "/service-levels/policies/{policy}/", may=LEADING),
    Visit("policy_move", "/service-levels/policies/{policy}/move/", form={"down": "1"}, may=LEADING, answers=(302,)),
    Visit("policy_remove", "/service-levels/policies/{policy}/remove/", form={}, may=LEADING, answers=(302,)),
    Visit("calendar_new", "/service-levels/calendars/new/", may=LEADING),
    Visit("calendar_edit", "/service-levels/calendars/{calendar}/", may=LEADING),
    Visit("webhook_new", "/service-levels/webhooks/new/", may=LEADING),
    Visit("webhook_remove", "/service-levels/webhooks/{webhook}/remove/", form={}, may=LEADING, answers=(302,)),
    Visit("calendar_remove", "/service-levels/calendars/{spare}/remove/", form={}, may=LEADING, answers=(302,)),
    Visit("chat_channel_new", "/channels/chat/new/", may=ADMIN, refused=(404,)),
    Visit("chat_channel_edit", "/channels/chat/{chat}/", may=ADMIN, foreign=True, refused=(404,)),
    Visit("chat_secret_new", "/channels/chat/{chat}/secret/", form={}, may=ADMIN, foreign=True, refused=(404,)),
    Visit("chat_running", "/chat/running/"),
    Visit("chat_panel", "/chat/tickets/{chat_ticket}/panel/", foreign=True),
    Visit("chat_hand_over", "/chat/tickets/{chat_ticket}/hand-over/", foreign=True, may=ANSWERING, refused=(404,)),
    Visit("chat_accept", "/chat/tickets/{chat_ticket}/accept/", form={}, foreign=True, may=ANSWERING),
    Visit("chat_transfer", "/chat/tickets/{chat_ticket}/transfer/", form={"to": "agent-{colleague}"}, foreign=True, may=ANSWERING),
    Visit("chat_invite", "/chat/tickets/{chat_ticket}/invite/", form={"to": "agent-{colleague}"}, foreign=True, may=ANSWERING),
    Visit("chat_end", "/chat/tickets/{chat_ticket}/end/", form={}, foreign=True, may=ANSWERING),
    Visit("chat_block", "/chat/tickets/{chat_ticket}/block/", form={"blocked": "1"}, foreign=True, may=ANSWERING),
    Visit("chat_greetings", "/channels/chat/{chat}/greetings/", may=ADMIN, foreign=True, refused=(404,)),
    Visit("chat_greeting", "/channels/chat/{chat}/greetings/{greeting}/", may=ADMIN, foreign=True, refused=(404,)),
    Visit("chat_greeting_remove", "/channels/chat/{chat}/greetings/{greeting}/remove/", form={}, may=ADMIN, foreign=True, refused=(404,), answers=(302,)),
    Visit("chat_routing", "/channels/chat/{chat}/routing/", may=ADMIN, foreign=True, refused=(404,)),
    Visit("bots", "/settings/bot/", may=ADMIN),
    Visit("bot_edit", "/settings/bot/{chat}/", may=ADMIN),
    Visit("bot_try", "/settings/bot/{chat}/try/", may=ADMIN),
    Visit("bot_report", "/reports/bot/", may=LEADING),
    Visit("bot_hand_back", "/tickets/{chat_ticket}/bot/", form={}, foreign=True, may=ANSWERING),
    Visit("chat_typing", "/chat/tickets/{chat_ticket}/typing/", form={}, foreign=True, answers=(204,)),
    Visit("health", "/health/", may=ADMIN),
    Visit("privacy_rules", "/privacy/", may=ADMIN),
    Visit("privacy_secrets", "/privacy/secrets/", form={"channel-{channel}": "redact"}, may=ADMIN, answers=(302,)),
    Visit("retention_rule", "/privacy/retention/", may=ADMIN, query={"kind": "tickets", "days": "365"}),
    Visit("retention_rule", "/privacy/retention/", form={"kind": "tickets", "days": "365"}, may=ADMIN, answers=(302,)),
    Visit("retention_remove", "/privacy/retention/{rule}/remove/", form={}, may=ADMIN, answers=(302,)),
    Visit("customer_privacy", "/customers/{customer}/privacy/", may=ADMIN, foreign=True, refused=(404,)),
    Visit("customer_export", "/customers/{customer}/privacy/export/", form={}, may=ADMIN, foreign=True, refused=(404,), answers=(302,)),
    Visit("customer_consent", "/customers/{customer}/privacy/consents/", form={"purpose": "{word}", "given": "1", "how": "mail", "proof": "{word}"}, may=ADMIN, foreign=True, refused=(404,), answers=(302,)),
    Visit("customer_hold", "/customers/{customer}/privacy/hold/", form={"on": "1", "reason": "{word}"}, may=ADMIN, foreign=True, refused=(404,), answers=(302,)),
    Visit("customer_erase", "/customers/{customer}/privacy/erase/", form={"number": "{customer}"}, may=ADMIN, foreign=True, refused=(404,), answers=(302,)),
    Visit("quarantine", "/quarantine/", may=LEADING, refused=(404,)),
    Visit("quarantine_retry_all", "/quarantine/retry/", form={}, may=LEADING, refused=(404,), answers=(302,)),
    Visit("quarantine_retry", "/quarantine/{stuck}/retry/", form={}, may=LEADING, foreign=True, refused=(404,), answers=(302,)),
    Visit("quarantine_fetch", "/quarantine/{half}/fetch/", form={}, may=LEADING, foreign=True, refused=(404,), answers=(302,)),
    Visit("quarantine_source", "/quarantine/{stuck}/source/", may=LEADING, foreign=True, refused=(404,)),
    Visit("demo_mailbox", "/demo/mailbox/"),
    Visit("demo_mail", "/demo/mailbox/{demo}/", foreign=True),
    Visit("demo_thread", "/demo/mailbox/{demo}/thread/", foreign=True),
]  # fmt: skip
# The author's own: nobody else of the team may, not even an admin.
OWN = [
    message("message_withdrawal", "waiting", "withdrawal/", form={}, may=frozenset({"agent"}), refused=(403, 422)),
    Visit("bulk_report", "/bulk/{bulk}/", foreign=True, may=frozenset({"agent"}), refused=(404,)),
    Visit("bulk_jobs", "/bulk/jobs/"),
    Visit("inbox_count", "/inbox/solved/count/"),
    Visit("bulk_report", "/bulk/{bulk}/", form={"stop": "1"}, foreign=True, may=frozenset({"agent"}), refused=(404,), answers=(302,)),
    Visit("bulk_stop", "/bulk/{bulk}/stop/", form={}, foreign=True, may=frozenset({"agent"}), refused=(403, 404)),
    Visit("bulk_progress", "/bulk/{bulk}/progress/", foreign=True, may=frozenset({"agent"}), refused=(404,)),
    Visit("bulk_missing", "/bulk/{bulk}/missing/", foreign=True, may=frozenset({"agent"}), refused=(404,)),
    Visit("bulk_complete", "/bulk/{bulk}/complete/", form={}, foreign=True, may=frozenset({"agent"}), refused=(403, 404), answers=(422,)),
    Visit("bulk_undo", "/bulk/{bulk}/undo/", form={}, foreign=True, may=frozenset({"agent"}), refused=(403, 404)),
    ticket("ticket_undo", "undo/", form={"change": "{change_made}"}, may=frozenset({"agent"}), refused=(403, 404)),
    # Nothing of theirs there to remove is no error, and removes nothing.
    change("ticket_upload_removal", "uploads/{upload}/removal/", {}, NOTING),
    Visit("file", "/files/{upload}/", foreign=True, may=frozenset({"agent"}), refused=(404,)),
]  # fmt: skip
# Who works here and in which teams is the shop's own directory; changing it is another helper's table (tests/people).
DIRECTORY = {
    "agent_edit", "agent_invite", "agent_new", "agent_reset_factor", "all_tokens", "all_tokens_end", "all_tokens_revoke",
    "service_edit",
    "service_new", "service_remove", "services", "team", "team_edit", "team_new",
    "roles", "role_new", "role_edit", "role_remove", "view_as", "view_as_end",
}  # fmt: skip
# One's own sign-in: tests/people/test_sessions.py and test_second_factor.py.
OWN_ACCOUNT = {"security", "session_end", "sessions_end", "sso_unlink", "tokens", "token_revoke"}
# Where the help centre is written: tests/knowledge/test_pages.py walks them.
KNOWLEDGE = {
    "knowledge", "knowledge_readers", "knowledge_settings", "knowledge_search", "knowledge_categories",
    "knowledge_category_new", "knowledge_category", "knowledge_category_move", "knowledge_category_remove",
    "article_picture", "article_new", "article_open", "article_move", "article_upload", "article_edit", "article_read",
    "article_preview", "article_change", "article_discard", "article_unpublish", "article_archive", "article_back",
    "article_revision", "article_restore",
}  # fmt: skip
# "export_download": tests/privacy/test_exporting.py.
# "consent_done" needs what its own session kept: tests/channels_inbound/test_consent.py.
# These act on the demo mailbox through the mail listener: tests/channels_inbound/test_pages.py.
# "sender_check" and "key_start" ask DNS: tests/channels_inbound/test_sender_check.py and test_dkim.py.
ELSEWHERE = (
    DIRECTORY
    | OWN_ACCOUNT
    | KNOWLEDGE
    | {"sender_check", "key_start", "consent_done", "demo_write", "demo_reply", "setup", "export_download"}
)
# The widget's own door, with origins, passes and secrets of its own: tests/livechat/test_api.py.
WIDGET = {
    "widget_loader", "widget_facts", "widget_frame", "widget_sync", "widget_message", "widget_details", "widget_identity",
    "widget_goodbye", "widget_typing", "widget_upload", "widget_file", "widget_end", "widget_rating", "widget_transcript",
    "widget_history", "widget_renew", "widget_ask", "widget_more",
}  # fmt: skip
# The signed link of a mail is its own permission: tests/people/test_unsubscribing.py and test_invitations.py.
# So are the questions to customers: tests/metrics/surveys/; and the way out of a report: tests/metrics/test_mailings.py.
SURVEY = {"survey", "survey_public"}
# The help centre, for everybody: tests/knowledge/test_public.py.
HELP = {
    "help_home", "help_sitemap", "help_theme", "help_api_search", "help_api_article", "help_api_article_at", "help_picture", "help_start",
    "help_search", "help_category", "help_article", "help_feedback", "help_nowhere",
}  # fmt: skip
# What shops call, signed: tests/commerce/test_hooks.py.
OPEN_TO_ALL = (
    {"contact", "contact_loader", "healthz", "readyz", "metrics", "hook", "shop_hook", "unsubscribe", "mailing_leave"}
    | {"colour_sheet"}  # made of its address: tests/people/test_colours.py
    | {"brand_logo"}  # for everybody who has its key: tests/tickets/test_brand_logos.py
    | {"out_file"}  # tests/channels_inbound/hooks/test_out_files.py
    | {"invitation", "sso_start", "sso_done", "manifest", "favicon", "service_worker", "offline"}
    | WIDGET
    | SURVEY
    | HELP
)


def site_routes() -> set[str]:
    """Names of all addresses outside the API and the sign-in pages; unnamed ones by their address."""

    def walk(resolver: URLResolver) -> Iterator[str]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLPattern):
                yield entry.name or str(entry.pattern).strip("/")
            elif str(entry.pattern) not in ("api/", "accounts/"):
                yield from walk(entry)

    return {name for name in walk(get_resolver()) if not name.startswith(("account_", "mfa_"))}
