from django.urls import path

from .pages import notices_page, read_all

urlpatterns = [
    path("notifications/", notices_page, name="notifications"),
    path("notifications/read/", read_all, name="notifications_read"),
]
