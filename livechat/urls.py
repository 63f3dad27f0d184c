"""Addresses of live chat: the widget's, and the agents'."""

from __future__ import annotations

from django.urls import path

from livechat import api, frame
from livechat.pages import channels, greetings, panel, routing, running

urlpatterns = [
    path("widget.js", frame.loader, name="widget_loader"),
    path("widget-more.js", frame.more, name="widget_more"),
    path("widget/<slug:key>/facts/", frame.facts, name="widget_facts"),
    path("widget/<slug:key>/frame/", frame.frame, name="widget_frame"),
    path("widget/<slug:key>/ask/", frame.ask, name="widget_ask"),
    path("widget/<slug:key>/sync/", api.sync, name="widget_sync"),
    path("widget/<slug:key>/history/", api.history, name="widget_history"),
    path("widget/<slug:key>/renew/", api.renew, name="widget_renew"),
    path("widget/<slug:key>/message/", api.message, name="widget_message"),
    path("widget/<slug:key>/details/", api.details, name="widget_details"),
    path("widget/<slug:key>/identity/", api.identity, name="widget_identity"),
    path("widget/<slug:key>/end/", api.end, name="widget_end"),
    path("widget/<slug:key>/rating/", api.rating, name="widget_rating"),
    path("widget/<slug:key>/transcript/", api.transcript, name="widget_transcript"),
    path("widget/<slug:key>/goodbye/", api.goodbye, name="widget_goodbye"),
    path("widget/<slug:key>/typing/", api.typing, name="widget_typing"),
    path("widget/<slug:key>/upload/", api.upload, name="widget_upload"),
    path("widget/<slug:key>/file/", api.file, name="widget_file"),
    path("chat/running/", running.running, name="chat_running"),
    path("chat/tickets/<int:ticket_id>/panel/", panel.panel, name="chat_panel"),
    path("chat/tickets/<int:ticket_id>/typing/", panel.typing, name="chat_typing"),
    path("chat/tickets/<int:ticket_id>/hand-over/", panel.hand_over, name="chat_hand_over"),
    path("chat/tickets/<int:ticket_id>/accept/", panel.accept, name="chat_accept"),
    path("chat/tickets/<int:ticket_id>/transfer/", panel.transfer, name="chat_transfer"),
    path("chat/tickets/<int:ticket_id>/invite/", panel.invite, name="chat_invite"),
    path("chat/tickets/<int:ticket_id>/end/", panel.end, name="chat_end"),
    path("chat/tickets/<int:ticket_id>/block/", panel.block, name="chat_block"),
    path("channels/chat/new/", channels.edit, name="chat_channel_new"),
    path("channels/chat/<int:channel_id>/", channels.edit, name="chat_channel_edit"),
    path("channels/chat/<int:channel_id>/routing/", routing.edit, name="chat_routing"),
    path("channels/chat/<int:channel_id>/greetings/", greetings.edit, name="chat_greetings"),
    path("channels/chat/<int:channel_id>/greetings/<int:greeting_id>/", greetings.edit, name="chat_greeting"),
    path(
        "channels/chat/<int:channel_id>/greetings/<int:greeting_id>/remove/",
        greetings.remove,
        name="chat_greeting_remove",
    ),
    path("channels/chat/<int:channel_id>/secret/", channels.new_secret, name="chat_secret_new"),
]
