"""Addresses of the inbox. Real ones: each can be opened, reloaded and sent to a colleague."""

from __future__ import annotations

from django.urls import path

from . import finder, pages, passing, same_person, writes

urlpatterns = [
    path("", pages.start, name="start"),
    path("inbox/", pages.start),
    path("inbox/counts/", pages.counts, name="inbox_counts"),
    path("views/", pages.views_page, name="views"),
    path("inbox/<slug:view_key>/", pages.list_view, name="inbox"),
    path("inbox/<slug:view_key>/rows/", pages.rows, name="inbox_rows"),
    path("inbox/<slug:view_key>/<int:ticket_id>/", pages.ticket_view, name="inbox_ticket"),
    path("search/", finder.search_page, name="search"),
    path("search/quick/", finder.quick, name="search_quick"),
    path("tags/", finder.tags, name="tags"),
    path("tickets/<int:ticket_id>/", pages.short_address, name="ticket"),
    path("tickets/<int:ticket_id>/pane/", pages.pane, name="ticket_pane"),
    path("tickets/<int:ticket_id>/updates/", pages.updates, name="ticket_updates"),
    path("tickets/<int:ticket_id>/history/", pages.history, name="ticket_history"),
    path("tickets/<int:ticket_id>/customer/", pages.customer_history, name="ticket_customer"),
    path("tickets/<int:ticket_id>/messages/<int:message_id>/", pages.one_message, name="ticket_message"),
    path("tickets/<int:ticket_id>/messages/", writes.messages, name="ticket_messages"),
    path("tickets/<int:ticket_id>/forward/", passing.start, name="ticket_forward"),
    path("tickets/<int:ticket_id>/answering/", passing.answering, name="ticket_answering"),
    path("tickets/<int:ticket_id>/forwards/", passing.forward, name="ticket_forwards"),
    path("tickets/<int:ticket_id>/assignee/", writes.assignee, name="ticket_assignee"),
    path("tickets/<int:ticket_id>/team/", writes.team, name="ticket_team"),
    path("tickets/<int:ticket_id>/status/", writes.status_, name="ticket_status"),
    path("tickets/<int:ticket_id>/snooze/", writes.snooze, name="ticket_snooze"),
    path("tickets/<int:ticket_id>/priority/", writes.priority, name="ticket_priority"),
    path("tickets/<int:ticket_id>/tags/", writes.tags, name="ticket_tags"),
    path("tickets/<int:ticket_id>/participant/", writes.participant, name="ticket_participant"),
    path("tickets/<int:ticket_id>/address/", writes.address, name="ticket_address"),
    path("tickets/<int:ticket_id>/same-person/", same_person.part, name="ticket_same_person"),
    path("tickets/<int:ticket_id>/same-person/decision/", same_person.decide, name="ticket_same_person_decision"),
    path("tickets/<int:ticket_id>/seen/", writes.seen, name="ticket_seen"),
    path("tickets/<int:ticket_id>/unread/", writes.unread, name="ticket_unread"),
    path("tickets/<int:ticket_id>/draft/", writes.draft, name="ticket_draft"),
    path("tickets/<int:ticket_id>/uploads/", writes.uploads, name="ticket_uploads"),
    path("tickets/<int:ticket_id>/uploads/<uuid:public_id>/removal/", writes.removal, name="ticket_upload_removal"),
    path("messages/<int:message_id>/withdrawal/", writes.withdrawal, name="message_withdrawal"),
    path("messages/<int:message_id>/schedule/", writes.schedule, name="message_schedule"),
    path("messages/<int:message_id>/retry/", writes.retry, name="message_retry"),
    path("messages/<int:message_id>/confirmation/", writes.confirmation, name="message_confirmation"),
    path("messages/<int:message_id>/images/", writes.images, name="message_images"),
    path("messages/<int:message_id>/folding/", writes.folding, name="message_folding"),
]
