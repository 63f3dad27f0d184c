"""Addresses of files. Random ids, and nothing in them comes from a sender."""

from __future__ import annotations

from django.urls import path

from tickets import files

urlpatterns = [
    path("files/<uuid:public_id>/", files.download, name="file"),
    path("files/<uuid:public_id>/thumb/", files.thumbnail, name="file_thumb"),
    path("files/<uuid:public_id>/inline/<slug:signature>/", files.inline_picture, name="file_inline"),
]
