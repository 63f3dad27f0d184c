"""What stands where something went wrong: Django's own views with our templates, and for customers their page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views import defaults

from people.languages import is_customers


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _customers(400) if is_customers(request) else defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _customers(404) if is_customers(request) else defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    return _customers(500) if is_customers(request) else defaults.server_error(request)


def _customers(status: int) -> HttpResponse:
    """Without the request's context, which may be what broke."""
    return HttpResponse(loader.render_to_string("customers_error.html", {"status": status}), status=status)
