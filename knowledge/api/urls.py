"""Addresses of the help centre's API."""

from __future__ import annotations

from django.urls import path

from knowledge.api.articles import ArticlesView, ArticleView, CategoriesView, PublicationView, TextView

urlpatterns = [
    path("articles/", ArticlesView.as_view(), name="articles"),
    path("articles/categories/", CategoriesView.as_view(), name="article_categories"),
    path("articles/<int:article_id>/", ArticleView.as_view(), name="article"),
    path("articles/<int:article_id>/<slug:language>/", TextView.as_view(), name="article_text"),
    path(
        "articles/<int:article_id>/<slug:language>/publication/", PublicationView.as_view(), name="article_publication"
    ),
]
