"""Addresses of the bot: its settings, the page to try it, its report, and giving a conversation back to it."""

from __future__ import annotations

from django.urls import path

from assistant.pages import handing, report, settings

urlpatterns = [
    path("settings/bot/", settings.bots, name="bots"),
    path("settings/bot/<int:channel_id>/", settings.edit, name="bot_edit"),
    path("settings/bot/<int:channel_id>/try/", settings.trial, name="bot_try"),
    path("tickets/<int:ticket_id>/bot/", handing.hand_back, name="bot_hand_back"),
    path("reports/bot/", report.page, name="bot_report"),
]
