from django.urls import path

from .pages import assigning, edit, limits

urlpatterns = [
    path("assigning/", assigning, name="assigning"),
    path("assigning/<int:team_id>/", edit, name="assigning_team"),
    path("assigning/<int:team_id>/limits/", limits, name="assigning_limits"),
]
