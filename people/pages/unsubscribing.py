"""The page behind "unsubscribe". It needs no session: mail programs post to it by themselves (RFC 8058)."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from people.unsubscribing import read_token, unsubscribe, unsubscribed


@csrf_exempt  # the signature is the proof; a mail program has no cookie of ours
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks and changes nothing, since robots open every link of a mail; POST does it."""
    found = read_token(token)
    if found is None:
        raise Http404("no such link")
    identity, kind = found
    if request.method == "POST":
        unsubscribe(identity.pk, kind)
    done = bool(unsubscribed([identity.pk], kind))
    response = render(request, "people/unsubscribe.html", {"address": identity.value, "kind": kind, "done": done})
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"  # the address of this page is the key to it
    return response
