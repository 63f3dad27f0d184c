"""Addresses of the help centre: those of readers begin with `/help/`, those of agents with `/knowledge/`."""

from __future__ import annotations

from django.urls import path

from knowledge.pages import answering, public, shelves, site, widget, writing

urlpatterns = [
    path("help/", site.home, name="help_home"),
    path("help/sitemap.xml", widget.sitemap, name="help_sitemap"),
    path("help/theme.css", widget.theme, name="help_theme"),
    path("help/api/search", widget.search, name="help_api_search"),
    path("help/api/articles/<int:article_id>", widget.article, name="help_api_article"),
    path("help/api/articles/<slug:language>/<slug:slug>", widget.article_at, name="help_api_article_at"),
    path("help/pictures/<uuid:picture_id>/", widget.picture, name="help_picture"),
    path("help/<slug:language>/", public.start, name="help_start"),
    path("help/<slug:language>/search/", public.search, name="help_search"),
    path("help/<slug:language>/categories/<slug:slug>/", public.category, name="help_category"),
    path("help/<slug:language>/articles/<slug:slug>/", public.article, name="help_article"),
    path("help/<slug:language>/articles/<slug:slug>/feedback/", answering.feedback, name="help_feedback"),
    path("help/<path:rest>", site.nowhere, name="help_nowhere"),
    path("knowledge/", shelves.index, name="knowledge"),
    path("knowledge/readers/", shelves.readers, name="knowledge_readers"),
    path("knowledge/settings/", shelves.settings_page, name="knowledge_settings"),
    path("knowledge/search/", shelves.search, name="knowledge_search"),
    path("knowledge/categories/", shelves.categories, name="knowledge_categories"),
    path("knowledge/categories/new/", shelves.category, name="knowledge_category_new"),
    path("knowledge/categories/<int:category_id>/", shelves.category, name="knowledge_category"),
    path("knowledge/categories/<int:category_id>/move/", shelves.move_category, name="knowledge_category_move"),
    path("knowledge/categories/<int:category_id>/remove/", shelves.remove_category, name="knowledge_category_remove"),
    path("knowledge/pictures/<uuid:picture_id>/", writing.picture, name="article_picture"),
    path("knowledge/articles/new/", writing.new, name="article_new"),
    path("knowledge/articles/<int:article_id>/", writing.open_article, name="article_open"),
    path("knowledge/articles/<int:article_id>/move/", writing.move, name="article_move"),
    path("knowledge/articles/<int:article_id>/pictures/", writing.upload, name="article_upload"),
    path("knowledge/articles/<int:article_id>/<slug:language>/", writing.edit, name="article_edit"),
    path("knowledge/articles/<int:article_id>/<slug:language>/read/", writing.read, name="article_read"),
    path("knowledge/articles/<int:article_id>/<slug:language>/preview/", writing.preview, name="article_preview"),
    path("knowledge/articles/<int:article_id>/<slug:language>/change/", writing.change, name="article_change"),
    path("knowledge/articles/<int:article_id>/<slug:language>/discard/", writing.discard, name="article_discard"),
    path("knowledge/articles/<int:article_id>/<slug:language>/unpublish/", writing.unpublish, name="article_unpublish"),
    path("knowledge/articles/<int:article_id>/<slug:language>/archive/", writing.archive, name="article_archive"),
    path("knowledge/articles/<int:article_id>/<slug:language>/back/", writing.take_back, name="article_back"),
    path(
        "knowledge/articles/<int:article_id>/<slug:language>/revisions/<int:number>/",
        writing.revision,
        name="article_revision",
    ),
    path(
        "knowledge/articles/<int:article_id>/<slug:language>/revisions/<int:number>/restore/",
        writing.restore,
        name="article_restore",
    ),
]
