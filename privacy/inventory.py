"""What we hold of people: every column that may, what it is, and what an erasure does with it.

docs/privacy.md is made of this (`manage.py data_inventory`), and a test over all models fails when a column that can
hold words is in neither table here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """Columns of one table that hold something of a person. `whose` is customer or agent."""

    whose: str
    columns: str
    what: str
    on_erasure: str


GONE, EMPTIED, STAYS = "row goes", "emptied, the row stays", "stays"

PERSONAL: dict[str, Kept] = {
    "people.Customer": Kept("customer", "name locale time_zone prefers", "who they are", EMPTIED),
    "people.Identity": Kept("customer", "value display_name refuses", "their addresses", EMPTIED),
    "people.Claim": Kept("customer", "value", "addresses they say are theirs", GONE),
    "people.CustomerNote": Kept("customer", "text", "what agents noted about them", GONE),
    "people.Unsubscription": Kept("customer", "kind", "what they want no more of", GONE),
    "people.IdempotentRequest": Kept("customer", "key digest answer", "answers of the API, for a day", GONE),
    "tickets.Ticket": Kept("customer", "subject preview language", "what it is about", EMPTIED),
    "tickets.Conversation": Kept("customer", "subject external_id", "a thread's name", EMPTIED),
    "tickets.Message": Kept(
        "customer",
        "subject text html quoted language external_id reply_token thread_reason envelope marks error deliveries "
        "client_id",
        "what was said, by whom and to whom",
        EMPTIED,
    ),
    "tickets.Attachment": Kept(
        "customer", "filename content_type sha256 content_id about", "their files, with the bytes on storage", GONE
    ),
    "tickets.ChannelRefusal": Kept("customer", "refuses", "where they take nothing from us", GONE),
    "tickets.SearchEntry": Kept("customer", "vector", "words by which a message is found", GONE),
    "tickets.Secret": Kept("customer", "ends secret", "what is masked in their messages, encrypted", GONE),
    "tickets.Draft": Kept("customer", "text html recipients", "answers not sent yet", GONE),
    "tickets.Reminder": Kept("customer", "text", "what to do about them", GONE),
    "tickets.FieldValue": Kept("customer", "value folded", "fields of the shop's own", GONE),
    "tickets.Call": Kept(
        "customer", "number line note external_id agent_name", "telephone calls", "number, line and note emptied"
    ),
    "tickets.TicketLink": Kept("customer", "note", "why tickets belong together", EMPTIED),
    "tickets.CustomerMatch": Kept("customer", "evidence moved", "why two were taken for one", EMPTIED),
    "knowledge.ArticleFeedback": Kept(
        "customer", "comment reader", "whether an article helped; the reader's digest is of one day", STAYS
    ),
    "channels_inbound.RawBody": Kept("customer", "content", "mails and calls of providers, byte for byte", GONE),
    "channels_inbound.RawDelivery": Kept(
        "customer", "envelope reason transport_key trace_id", "what the transport said", EMPTIED
    ),
    "channels_inbound.DemoMail": Kept("customer", "mail_from rcpt_tos subject content", "mails of the demo", GONE),
    "channels_inbound.ParkedFact": Kept("customer", "external_id data", "receipts that came too early", GONE),
    "channels_inbound.RemoteMedia": Kept(
        "customer", "ref filename external_id error", "files still to be fetched", GONE
    ),
    "channels_inbound.Greeting": Kept("customer", "address thread_id error", "who was greeted, once", GONE),
    "channels_inbound.Invitation": Kept("customer", "digest", "links by which they were to come, hashed", GONE),
    "channels_inbound.SentPart": Kept("customer", "external_id", "a provider's ids of what was sent", GONE),
    "commerce.Buyer": Kept("customer", "key email phone name", "who bought", EMPTIED),
    "commerce.Order": Kept(
        "customer", "external_id number tracking items", "what was bought", "number and tracking emptied, buyer nobody"
    ),
    "commerce.Refund": Kept("customer", "external_id order_id_there", "money given back, by order", STAYS),
    "commerce.ShopDelivery": Kept("customer", "body dedupe_key", "calls of shops, byte for byte", EMPTIED),
    "metrics.SurveyAnswer": Kept("customer", "comment key reasons language", "what they answered", EMPTIED),
    "metrics.SurveyInvitation": Kept("customer", "secret language", "what they were asked", EMPTIED),
    "metrics.FollowUp": Kept("customer", "outcome", "what was done about a low score", EMPTIED),
    "livechat.Visitor": Kept("customer", "subject name email language traits", "visitors of the chat", EMPTIED),
    "livechat.VisitorKey": Kept("customer", "digest", "keys of visitors, hashed", GONE),
    "livechat.BlockedAddress": Kept("customer", "digest", "addresses kept out of the chat, hashed", GONE),
    "livechat.Round": Kept("customer", "comment", "what they said of a chat", EMPTIED),
    "events.Event": Kept("customer", "data", "facts: ids, states, now and then an address", EMPTIED),
    "events.EventDelivery": Kept("customer", "error", "what went wrong with a fact", EMPTIED),
    "events.AuditEntry": Kept("agent", "what data", "what was read, searched for and taken out", STAYS),
    "channels_inbound.PushSubscription": Kept(
        "agent", "endpoint p256dh auth session_key", "where their browsers are told of news", STAYS
    ),
    "privacy.LegalHold": Kept("customer", "reason", "why nothing of them may go", STAYS),
    "privacy.ConsentEntry": Kept("customer", "purpose proof", "what they agreed to, and the proof", GONE),
    "privacy.CustomerExport": Kept("customer", "public_id stored_as", "files made for them, for a week", EMPTIED),
    "privacy.Erasure": Kept("customer", "public_id blobs counts", "that they were erased, by number", STAYS),
    "people.Agent": Kept(
        "agent", "email name password locale time_zone signature signature_html", "who works here", STAYS
    ),
    "people.Availability": Kept("agent", "said", "whether they take tickets", STAYS),
    "people.AgentSession": Kept(
        "agent", "session_key session_data address device", "where they are signed in, until it ends", STAYS
    ),
    "people.ApiToken": Kept(
        "agent",
        "name prefix digest last_address networks",
        "keys of their programs, hashed, and where they ask from",
        STAYS,
    ),
    "people.SignInLink": Kept("agent", "subject", "their account at a sign-in service", STAYS),
    "mfa.Authenticator": Kept("agent", "data", "second factors, secrets encrypted", STAYS),
    "account.EmailAddress": Kept("agent", "email", "not used", STAYS),
    "account.EmailConfirmation": Kept("agent", "key", "not used", STAYS),
}
# Columns that hold words of the house and of nobody: states, kinds, settings, names of things.
PLAIN: dict[str, str] = {
    "people.Customer": "public_id",
    "people.Identity": "kind trust",
    "people.Claim": "kind",
    "people.CustomerNote": "public_id",
    "people.Agent": "role granted role_channels channels theme density after_closing",
    "people.Availability": "let_go",
    "people.ApiToken": "scopes",
    "people.CustomRole": "name permissions channels",
    "people.Team": "name",
    "people.Brand": "name color locale url review_url signature signature_html logo_key",
    "people.BrandLogo": "key content content_type",
    "people.UnpromptedContact": "purpose",
    "people.SignInService": "kind name issuer client_id secret",
    "tickets.Ticket": "status due_state due_target",
    "tickets.Message": "kind thread_layer auto_kind verdict outbox dedupe_key",
    "tickets.Attachment": "public_id",
    "tickets.Call": "direction outcome",
    "tickets.TicketLink": "reason",
    "tickets.CustomerMatch": "state",
    "tickets.Draft": "kind",
    "tickets.Secret": "kind",
    "tickets.Assigning": "method weights",
    "tickets.Channel": (
        "kind name address locale signature signature_html acknowledgement capabilities health health_detail "
        "receive_health receive_detail secrets"
    ),
    "tickets.Tag": "name",
    "tickets.CustomStatus": "name names category tone",
    "tickets.Tally": "status",
    "tickets.BulkJob": "client_id do value phase",
    "tickets.BulkItem": "state reason",
    "tickets.Participant": "role state",
    "tickets.TicketField": "name key kind choices",
    "tickets.Macro": "name status assign tags fields note",
    "tickets.MacroText": "language text html",
    "tickets.Relocation": "kind moved",
    "tickets.Storm": "scope",
    "tickets.ChannelTemplate": "name language category state header text fields external_id",
    "tickets.SavedView": "name where order",
    "tickets.RemovedUpload": "public_id",
    "tickets.NoticeSettings": "off",
    "tickets.Notification": "cause",
    "knowledge.HelpCentre": "titles greetings languages default_language colour contact",
    "knowledge.Category": "names descriptions slug icon",
    "knowledge.Article": "state audience keywords imported_as",
    "knowledge.ArticleTranslation": (
        "language slug title summary body text draft_title draft_summary draft_body vector folded"
    ),
    "knowledge.ArticleRevision": "kind title summary body",
    "knowledge.OldSlug": "language slug",
    "knowledge.ArticlePicture": "id sha256 content_type filename",
    "knowledge.ArticleFeedback": "language",
    "knowledge.ArticleViews": "language",
    "knowledge.SearchMiss": "language query",  # nothing that could be an address or a number of somebody
    "channels_inbound.RawDelivery": "transport state",
    "channels_inbound.ParkedFact": "kind",
    "channels_inbound.RemoteMedia": "state",
    "channels_inbound.Greeting": "state",
    "channels_inbound.SentPart": "failed",
    "channels_inbound.CallImport": "filename stored_as mapping problems kind zone region dates prefix state",
    "channels_inbound.Connection": "key provider account settings secret verify_token state trouble",
    "channels_inbound.Upkeep": "kind trouble",
    "channels_inbound.ContactForm": "key origins greeting fields",
    "channels_inbound.Mailbox": (
        "host security username auth authorize_url token_url client_id scope secret folder after_fetch move_to "
        "start_from lease_token state trouble trouble_detail action_trouble"
    ),
    "channels_inbound.FetchedMail": "digest",
    "channels_inbound.OutgoingServer": (
        "host security username auth authorize_url token_url client_id scope secret state trouble"
    ),
    "channels_inbound.DomainPace": "domain detail",
    "channels_inbound.DkimKey": "domain selector record secret",
    "commerce.Shop": "name kind address key secret mapping trouble",
    "commerce.Order": "status currency",
    "commerce.ShopDelivery": "topic state reason",
    "commerce.OrderImport": "filename stored_as mapping problems public_id state",
    "metrics.BusinessCalendar": "name time_zone weekly country region own_days",
    "metrics.Policy": "name conditions warn pauses escalation",
    "metrics.Rules": "content",
    "metrics.Voucher": "code",
    "metrics.VoucherPool": "name worth",
    "metrics.Webhook": "name url secret",
    "metrics.WebhookCall": "public_id body state trouble",  # numbers and states, no words of anybody
    "metrics.Clock": "target state alarms reason",
    "metrics.Survey": "public_id name kind conditions review_url",
    "metrics.SurveyAnswer": "kind via",
    "metrics.SurveyInvitation": "kind state reason",
    "metrics.FollowUp": "state",
    "metrics.Annotation": "text",  # what happened in the shop, written for all readers of reports
    "metrics.ReportMailing": "report query rhythm time_zone",
    "metrics.ReportLetter": "state reason",
    "metrics.TopicAlert": "kind name sight",  # a word many wrote
    "metrics.CountedDay": "zone",
    "metrics.DayTally": "zone lengths",
    "metrics.MonthTally": "zone lengths",
    "metrics.StoredAnswer": "name question key answer",  # figures of many, nobody named
    "assistant.Bot": "when name languages greetings",
    "assistant.Ownership": "holder offered",
    "assistant.Stretch": "outcome reason",
    "livechat.Visitor": "public_id",
    "livechat.UsedToken": "jti digest",
    "livechat.UnseenReplies": "waits",
    "livechat.Greeting": "name texts path hours",
    "events.Event": "stream_type kind actor_kind",
    "events.EventDelivery": "subscriber stream_type state",
    "events.AuditEntry": "actor_kind kind mark",
    "events.AuditSeal": "source ids digests mark",
    "channels_inbound.PushKey": "public secret",
    "privacy.ConsentEntry": "how",
    "privacy.CustomerExport": "state",
    "privacy.RetentionRule": "kind",
    "privacy.RetentionRun": "kind state counts blobs",
    "privacy.Erasure": "state customers identities tickets",
    "mfa.Authenticator": "type",
    "auth.Permission": "name codename",
    "auth.Group": "name",
    "contenttypes.ContentType": "app_label model",
}


def as_table() -> str:
    """The table of docs/privacy.md."""
    lines = ["| table | whose | what | columns | when a customer is erased |", "| --- | --- | --- | --- | --- |"]
    for label, kept in PERSONAL.items():
        columns = ", ".join(f"`{name}`" for name in kept.columns.split())
        lines.append(f"| `{label}` | {kept.whose} | {kept.what} | {columns} | {kept.on_erasure} |")
    return "\n".join(lines)
