"""Addresses of the help centre: those of readers begin with `/help/`, those of agents with `/knowledge/`."""

from __future__ import annotations

from django.urls import path

from knowledge.pages import answering, public, site, widget

urlpatterns = [
    path("help/", site.home, name="help_home"),
    path("help/sitemap.xml", widget.sitemap, name="help_sitemap"),
    path("help/theme.css", widget.theme, name="help_theme"),
    path("help/api/search", widget.search, name="help_api_search"),
    path("help/api/articles/<int:article_id>", widget.article, name="help_api_article"),
    path("help/pictures/<uuid:picture_id>/", widget.picture, name="help_picture"),
    path("help/<slug:language>/", public.start, name="help_start"),
    path("help/<slug:language>/search/", public.search, name="help_search"),
    path("help/<slug:language>/categories/<slug:slug>/", public.category, name="help_category"),
    path("help/<slug:language>/articles/<slug:slug>/", public.article, name="help_article"),
    path("help/<slug:language>/articles/<slug:slug>/feedback/", answering.feedback, name="help_feedback"),
    path("help/<path:rest>", site.nowhere, name="help_nowhere"),
]
