"""What stands in the shop's page: the loader, its few facts, and the frame in which all else happens.

None of it uses a cookie. The frame may stand only in a page of the origin it was asked for, and only if the channel
lists that origin; browsers enforce the first by `frame-ancestors`, we the second.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from channels_inbound.embedding import embedded_script
from events.rates import client_address
from livechat.asking import plain
from livechat.asks import questions
from livechat.doors import Door, Refused, door_for, write_pass
from livechat.greetings import greetings_for
from livechat.limits import TooMuch, spend
from livechat.widget_settings import clean_origin
from livechat.words import MAIL_WORDS, WORDS, words_for
from people.colours import PRODUCT_COLOR, text_color
from people.languages import asked_for, choose_language

LOADER, MORE = "dist/widget-loader.js", "dist/widget-more.js"


@require_safe
def loader(request: HttpRequest) -> HttpResponseBase:
    """`/widget.js`: the same for every shop, a few kilobytes, cached for minutes so that fixes arrive."""
    return embedded_script(request, LOADER)


@require_safe
def more(request: HttpRequest) -> HttpResponseBase:
    """`/widget-more.js`: the loader's second half, for pages that need more than the button."""
    return embedded_script(request, MORE)


@require_safe
def facts(request: HttpRequest, key: str) -> HttpResponseBase:
    """Colour, side and the launcher's words, for pages that may have the widget; other pages may not even read this."""
    origin = request.headers.get("Origin", "")
    try:
        spend("sync", address=client_address(request))
        door = door_for(key, origin)
    except (Refused, TooMuch):
        return plain("refused", 403)
    language = choose_language(asked_for(request))
    words = WORDS[language]
    response = JsonResponse(
        {
            "color": _color(door), "ink": text_color(_color(door)), "side": door.settings.position,
            "words": {name: words[name] for name in ("open", "close", "title", "unread", "dismiss")}, "lang": language,
            "greetings": greetings_for(door, language, at=timezone.now()),
        }
    )  # fmt: skip
    response["Access-Control-Allow-Origin"] = origin
    response["Cache-Control"] = "private, max-age=60"
    patch_vary_headers(response, ["Origin", "Accept-Language"])
    return response


@require_safe
@xframe_options_exempt
def frame(request: HttpRequest, key: str) -> HttpResponseBase:
    """The page inside the iframe, for one origin."""
    try:
        door = _admitted(request, key)
    except (Refused, TooMuch):
        return _refusal(request)
    language = choose_language([*asked_for(request), door.connection.channel.locale])
    words = {name: text for name, text in WORDS[language].items() if name not in MAIL_WORDS}
    settings = {
        "key": key, "origin": door.origin, "pass": write_pass(door), "lang": language, "words": words,
        "greeting": door.settings.greeting(language) or words["greeting"],
        "customGreeting": door.settings.greeting(language), "asks": questions(door),
        "away": door.settings.away_text(language), "drafts": door.settings.shows_drafts, "brand": _name(door),
        "color": _color(door), "ink": text_color(_color(door)),
        "emoji": [static(f"dist/emoji-{language}.js"), static("dist/emoji.css")],
    }  # fmt: skip
    # As the shop's page is written, whose language may be one that the chat does not speak.
    direction = "rtl" if request.GET.get("dir") == "rtl" else "ltr"
    context = {"settings": settings, "lang": language, "title": words["title"], "dir": direction}
    return _framed(render(request, "livechat/frame.html", context), door)


@require_safe
@xframe_options_exempt
def ask(request: HttpRequest, key: str) -> HttpResponseBase:
    """The few bytes that know whether a greeting may be said in this browser, for one origin."""
    try:
        door = _admitted(request, key)
    except (Refused, TooMuch):
        return _refusal(request)
    language = choose_language(asked_for(request))
    context = {"settings": {"key": key, "origin": door.origin}, "lang": language, "title": words_for(language)["title"]}
    return _framed(render(request, "livechat/ask.html", context), door)


def _admitted(request: HttpRequest, key: str) -> Door:
    origin = clean_origin(request.GET.get("origin", "")) or ""
    spend("sync", address=client_address(request))
    if request.headers.get("Sec-Fetch-Dest", "iframe") != "iframe":
        raise Refused("not in a frame")
    referer = clean_origin("/".join(request.headers.get("Referer", "").split("/")[:3]))
    if referer and referer != origin:
        raise Refused("another page")
    return door_for(key, origin)


def _refusal(request: HttpRequest) -> HttpResponseBase:
    response = plain(words_for(choose_language(asked_for(request)))["refused"], 403)
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    return response


def _framed(response: HttpResponseBase, door: Door) -> HttpResponseBase:
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors {door.origin}"
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _name(door: Door) -> str:
    """What stands over the greeting: the chat's own name, else its brand's."""
    brand = door.connection.channel.brand
    return door.settings.brand or (brand.name if brand else "")


def _color(door: Door) -> str:
    """The chat's own colour; one that nobody chose gives way to the brand's."""
    brand, own = door.connection.channel.brand, door.settings.color
    return brand.color if own == PRODUCT_COLOR and brand and brand.color else own
