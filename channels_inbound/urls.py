"""Addresses of the channels' pages."""

from __future__ import annotations

from django.urls import path

from channels_inbound.hooks.receive import hook
from channels_inbound.pages import (
    attached_mail,
    calls,
    channels,
    connections,
    demo_mailbox,
    mail_frame,
    mailboxes,
    outgoing,
    quarantine,
    sender_check,
)

urlpatterns = [
    path("hooks/<slug:provider>/<slug:key>/", hook, name="hook"),
    path("messages/<int:message_id>/frame/", mail_frame.frame, name="message_frame"),
    path("messages/<int:message_id>/source/", mail_frame.source, name="message_source"),
    path("files/<uuid:public_id>/mail/<slug:place>/", attached_mail.page, name="attached_mail"),
    path("files/<uuid:public_id>/mail/<slug:place>/frame/", attached_mail.frame, name="attached_mail_frame"),
    path("files/<uuid:public_id>/mail/<slug:place>/file/", attached_mail.download, name="attached_mail_file"),
    path("files/<uuid:public_id>/mail/<slug:place>/picture/", attached_mail.picture, name="attached_mail_picture"),
    path("channels/", channels.list_page, name="channels"),
    path("channels/new/", channels.edit, name="channel_new"),
    path("channels/<int:channel_id>/sender-check/", sender_check.page, name="sender_check"),
    path("channels/<int:channel_id>/keys/new/", sender_check.add_key, name="key_new"),
    path("channels/<int:channel_id>/keys/<int:key_id>/start/", sender_check.start, name="key_start"),
    path("channels/<int:channel_id>/keys/<int:key_id>/remove/", sender_check.remove_key, name="key_remove"),
    path("channels/<int:channel_id>/outgoing/", outgoing.list_page, name="outgoing"),
    path("channels/<int:channel_id>/outgoing/new/", outgoing.edit, name="outgoing_new"),
    path("channels/<int:channel_id>/outgoing/<int:server_id>/", outgoing.edit, name="outgoing_edit"),
    path("channels/<int:channel_id>/outgoing/<int:server_id>/first/", outgoing.first, name="outgoing_first"),
    path("channels/<int:channel_id>/outgoing/<int:server_id>/remove/", outgoing.remove, name="outgoing_remove"),
    path("calls/", calls.page, name="calls"),
    path("calls/<int:call_id>/done/", calls.done, name="callback_done"),
    path("channels/connect/", connections.choose, name="connect"),
    path("channels/connect/<slug:name>/", connections.new, name="connection_new"),
    path("channels/<int:channel_id>/connection/", connections.edit, name="connection"),
    path("channels/<int:channel_id>/connection/test/", connections.test, name="connection_test"),
    path("channels/<int:channel_id>/connection/remove/", connections.remove, name="connection_remove"),
    path("channels/<int:channel_id>/", channels.edit, name="channel_edit"),
    path("channels/mailboxes/", mailboxes.list_page, name="mailboxes"),
    path("channels/mailboxes/new/", mailboxes.new, name="mailbox_new"),
    path("channels/mailboxes/<int:mailbox_id>/", mailboxes.edit, name="mailbox_edit"),
    path("channels/mailboxes/<int:mailbox_id>/look/", mailboxes.look, name="mailbox_look"),
    path("channels/mailboxes/<int:mailbox_id>/remove/", mailboxes.remove, name="mailbox_remove"),
    path("quarantine/", quarantine.list_page, name="quarantine"),
    path("quarantine/retry/", quarantine.retry_all, name="quarantine_retry_all"),
    path("quarantine/<int:delivery_id>/retry/", quarantine.retry, name="quarantine_retry"),
    path("quarantine/<int:delivery_id>/fetch/", quarantine.fetch, name="quarantine_fetch"),
    path("quarantine/<int:delivery_id>/source/", quarantine.source, name="quarantine_source"),
    path("demo/mailbox/", demo_mailbox.list_page, name="demo_mailbox"),
    path("demo/mailbox/new/", demo_mailbox.write, name="demo_write"),
    path("demo/mailbox/<int:mail_id>/", demo_mailbox.mail_page, name="demo_mail"),
    path("demo/mailbox/<int:mail_id>/reply/", demo_mailbox.answer, name="demo_reply"),
]
