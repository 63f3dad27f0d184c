from django.urls import path

from .pages import notices_page, read_all, settings_page

urlpatterns = [
    path("notifications/", notices_page, name="notifications"),
    path("notifications/settings/", settings_page, name="notices_settings"),
    path("notifications/read/", read_all, name="notifications_read"),
]
