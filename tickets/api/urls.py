from __future__ import annotations

from django.urls import path

from tickets.api.attachments import AttachmentView, TicketAttachmentsView
from tickets.api.brands import BrandsView, BrandView
from tickets.api.directory import (
    ChannelsView,
    ChannelView,
    CustomersView,
    CustomerView,
    FieldsView,
    StatusesView,
    TagsView,
)
from tickets.api.feed import FeedView, TicketEventsView
from tickets.api.macros import MacrosView
from tickets.api.messages import MessagesView, MessageView, WithdrawalView
from tickets.api.passing import ForwardsView, ScheduleView
from tickets.api.tickets import TicketsView, TicketView
from tickets.api.together import FollowingView, HandOverView, LinksView, MergeView, SpamView, SplitView, UndoView

urlpatterns = [
    path("tickets/", TicketsView.as_view(), name="tickets"),
    path("tickets/<int:ticket_id>/", TicketView.as_view(), name="ticket"),
    path("tickets/<int:ticket_id>/messages/", MessagesView.as_view(), name="ticket_messages"),
    path("tickets/<int:ticket_id>/forwards/", ForwardsView.as_view(), name="ticket_forwards"),
    path("tickets/<int:ticket_id>/attachments/", TicketAttachmentsView.as_view(), name="ticket_attachments"),
    path("tickets/<int:ticket_id>/events/", TicketEventsView.as_view(), name="ticket_events"),
    path("tickets/<int:ticket_id>/merge/", MergeView.as_view(), name="ticket_merge"),
    path("tickets/<int:ticket_id>/split/", SplitView.as_view(), name="ticket_split"),
    path("tickets/<int:ticket_id>/links/", LinksView.as_view(), name="ticket_links"),
    path("tickets/<int:ticket_id>/hand-over/", HandOverView.as_view(), name="ticket_hand_over"),
    path("tickets/<int:ticket_id>/following/", FollowingView.as_view(), name="ticket_following"),
    path("tickets/<int:ticket_id>/spam/", SpamView.as_view(), name="ticket_spam"),
    path("relocations/<int:relocation_id>/undo/", UndoView.as_view(), name="relocation_undo"),
    path("messages/<int:message_id>/", MessageView.as_view(), name="message"),
    path("messages/<int:message_id>/withdrawal/", WithdrawalView.as_view(), name="message_withdrawal"),
    path("messages/<int:message_id>/schedule/", ScheduleView.as_view(), name="message_schedule"),
    path("attachments/<uuid:public_id>/", AttachmentView.as_view(), name="attachment"),
    path("customers/", CustomersView.as_view(), name="customers"),
    path("customers/<int:customer_id>/", CustomerView.as_view(), name="customer"),
    path("channels/", ChannelsView.as_view(), name="channels"),
    path("channels/<int:channel_id>/", ChannelView.as_view(), name="channel"),
    path("brands/", BrandsView.as_view(), name="brands"),
    path("brands/<int:brand_id>/", BrandView.as_view(), name="brand"),
    path("fields/", FieldsView.as_view(), name="fields"),
    path("statuses/", StatusesView.as_view(), name="statuses"),
    path("tags/", TagsView.as_view(), name="tags"),
    path("macros/", MacrosView.as_view(), name="macros"),
    path("events/", FeedView.as_view(), name="events"),
]
