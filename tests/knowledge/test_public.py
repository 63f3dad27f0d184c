"""What visitors open: pages, addresses, headers, languages, answers; and what they never see."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from knowledge.models import Article, ArticleFeedback, ArticleTranslation, ArticleViews, Audience, SearchMiss
from knowledge.writing import publish, save_draft
from people.languages import LANGUAGES
from people.models import Role
from tests.knowledge.shelf import article, open_centre, shelf
from tests.people import make_agent, signed_in

pytestmark = pytest.mark.django_db
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}


@pytest.fixture(autouse=True)
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.pages.site.spend", lambda rules: 0)


@pytest.fixture
def parcel() -> Article:
    open_centre()
    place = shelf(names={"en": "Delivery", "uk": "Доставка"})
    article(place, en=("Gift cards", "<p>Valid for two years.</p>"))
    return article(
        place,
        en=("Where is my parcel?", "<h2>Wait</h2><p>Two days.</p>"),
        uk=("Де моя посилка?", "<p>Два дні.</p>"),
    )


def get(path: str, **headers: str) -> Any:
    return Client(headers=BROWSER).get(path, headers=headers)


def page(path: str) -> str:
    return str(get(path).content.decode())


def test_the_first_page_is_in_the_readers_language(parcel: Article) -> None:
    assert get("/help/", **{"Accept-Language": "uk,en;q=0.5"})["Location"] == "/help/uk/"
    assert get("/help/", **{"Accept-Language": "de"})["Location"] == "/help/en/"
    assert get("/help/?lang=uk")["Location"] == "/help/uk/"
    start = page("/help/uk/")
    assert 'lang="uk"' in start and "Чим можемо допомогти?" in start and "Доставка" in start and "2 статті" in start
    # What is missing in a language is shown in the main one, and says so.
    assert 'lang="en"><b>Gift cards</b>' in start and "Мова: Англійська" in start


def test_an_article(parcel: Article) -> None:
    said = page("/help/en/articles/where-is-my-parcel/")
    assert '<h2 id="wait">Wait</h2>' in said and "Did this help?" in said and "Related articles" in said
    assert '<link rel="canonical" href="' in said and 'hreflang="uk" href="' in said and 'hreflang="x-default"' in said
    assert ArticleViews.objects.get().count == 1
    page("/help/en/articles/where-is-my-parcel/")
    Client(headers={"User-Agent": "Googlebot/2.1"}).get("/help/en/articles/where-is-my-parcel/")
    assert ArticleViews.objects.get().count == 2


def test_search_first_then_what_was_not_found(parcel: Article) -> None:
    assert '<a href="/help/uk/articles/de-moia-posylka/">' in page("/help/uk/search/?q=посилку")
    assert "<mark>посилка</mark>" in page("/help/uk/search/?q=посилку")
    assert "Nothing found" in page("/help/en/search/?q=zebra")
    page("/help/en/search/?q=Zebra")
    for personal in ("zoe@customer.example", "order 48190", "+380 50 123 45 67", "ab"):
        page(f"/help/en/search/?q={personal}")
    assert list(SearchMiss.objects.values_list("query", "count")) == [("zebra", 2)]


@pytest.mark.parametrize(
    "path",
    [
        "/help/en/articles/nothing/", "/help/en/categories/nothing/", "/help/xx/", "/help/de/", "/help/en/nothing/",
        "/help/robots.txt", "/help/en/articles/", "/help/pictures/0b1c2d3e-0000-4000-8000-000000000001/",
        "/help/en/articles/%3Cscript%3E/", "/help/api/articles/999",
    ],
)  # fmt: skip
def test_what_is_not_there_is_404(parcel: Article, path: str) -> None:
    response = get(path)
    assert response.status_code == 404
    if "/pictures/" not in path and "/api/" not in path:
        assert b'role="search"' in response.content and response["Cache-Control"] == "no-store"


def test_an_address_it_had_leads_on(parcel: Article) -> None:
    marta = make_agent("Marta", role=Role.MANAGER)
    save_draft(parcel.pk, "en", by=marta, expected=1, title="Parcels", body="<p>x</p>")
    publish(parcel.pk, "en", by=marta, expected=2)
    response = get("/help/en/articles/where-is-my-parcel/")
    assert (response.status_code, response["Location"]) == (301, "/help/en/articles/parcels/")
    found = json.loads(get("/help/api/articles/en/where-is-my-parcel").content)
    assert (found["id"], found["title"], found["url"]) == (parcel.pk, "Parcels", "/help/en/articles/parcels/")


@pytest.mark.parametrize("change", [{"audience": Audience.AGENTS}, {"state": "draft"}, {"state": "archived"}])
def test_visitors_see_only_what_is_published_for_everybody(parcel: Article, change: dict[str, str]) -> None:
    Article.objects.filter(pk=parcel.pk).update(**change)
    paths = ["/help/en/articles/where-is-my-parcel/", f"/help/api/articles/{parcel.pk}?lang=en"]
    paths.append("/help/api/articles/en/where-is-my-parcel")
    assert [get(path).status_code for path in paths] == [404, 404, 404]
    for path in ("/help/en/", "/help/en/categories/delivery/", "/help/en/search/?q=parcel", "/help/sitemap.xml",
                 "/help/api/search?lang=en&q=parcel", "/help/api/search?lang=en"):  # fmt: skip
        assert "parcel?" not in page(path) and "where-is-my-parcel" not in page(path)
    # Nor do agents, here: the page is the same for all.
    assert signed_in(make_agent("Marta", role=Role.ADMIN)).get(paths[0]).status_code == 404


def test_what_is_being_written_is_nobodys(parcel: Article) -> None:
    save_draft(
        parcel.pk, "en", by=make_agent("Marta", role=Role.MANAGER), expected=1, title="Secret", body="<p>Secret</p>"
    )
    for path in (
        "/help/en/articles/where-is-my-parcel/",
        "/help/en/",
        "/help/en/search/?q=secret",
        "/help/api/search?q=secret",
    ):
        assert "<p>Secret</p>" not in page(path) and ">Secret<" not in page(path)


def test_a_closed_centre_is_not_there(parcel: Article) -> None:
    open_centre(is_open=False)
    for path in (
        "/help/",
        "/help/en/",
        "/help/en/articles/where-is-my-parcel/",
        "/help/api/search",
        "/help/api/articles/en/where-is-my-parcel",
        "/help/sitemap.xml",
    ):
        assert get(path).status_code == 404


@pytest.mark.parametrize("path", ["/help/", "/help/en/", "/help/en/categories/delivery/", "/help/en/articles/where-is-my-parcel/",
                                  "/help/en/search/?q=parcel", "/help/api/search?q=parcel", "/help/sitemap.xml", "/help/theme.css"])  # fmt: skip
def test_no_cookies_and_kept_by_caches(parcel: Article, path: str) -> None:
    response = get(path)
    assert not response.cookies and "Cookie" not in response.get("Vary", "")
    assert response["Cache-Control"] == "public, max-age=60"
    if path != "/help/":
        again = get(path, **{"If-None-Match": response["ETag"]})
        assert again.status_code == 304 and not again.content


def test_pages_run_no_script_and_load_nothing_from_elsewhere(parcel: Article) -> None:
    response = get("/help/en/articles/where-is-my-parcel/")
    policy = response["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';") and "script-src" not in policy
    assert b"<script" not in response.content and b"style=" not in response.content


def test_whether_it_helped_counts_once_a_day_and_browser(parcel: Article) -> None:
    address = reverse("help_feedback", args=["en", "where-is-my-parcel"])
    one, other = Client(headers=BROWSER), Client(headers={"User-Agent": "Mozilla/5.0 Chrome/150"})
    assert "Thank you, good to know." in one.post(address, {"helped": "yes"}).content.decode()
    said = one.post(address, {"helped": "no"}).content.decode()
    assert "What was missing?" in said and "no names" in said
    one.post(address, {"helped": "no", "comment": "Islands? <b>"})
    other.post(address, {"helped": "yes"})
    rows = list(ArticleFeedback.objects.order_by("pk").values_list("helped", "comment", "language"))
    assert rows == [(False, "Islands? <b>", "en"), (True, "", "en")]
    assert not any(
        BROWSER["User-Agent"] in reader for reader in ArticleFeedback.objects.values_list("reader", flat=True)
    )


@pytest.mark.parametrize(
    ("slug", "form", "status"),
    [
        ("where-is-my-parcel", {}, 422), ("where-is-my-parcel", {"helped": "maybe"}, 422), ("nothing", {"helped": "yes"}, 404),
        ("where-is-my-parcel", {"helped": "no", "comment": "x" * 1001}, 422),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_taken(parcel: Article, slug: str, form: dict[str, str], status: int) -> None:
    response = Client(headers=BROWSER).post(reverse("help_feedback", args=["en", slug]), form)
    assert response.status_code == status and not ArticleFeedback.objects.exists()


def test_nobody_answers_for_what_they_cannot_read(parcel: Article) -> None:
    Article.objects.filter(pk=parcel.pk).update(audience=Audience.AGENTS)
    response = Client(headers=BROWSER).post(
        reverse("help_feedback", args=["en", "where-is-my-parcel"]), {"helped": "yes"}
    )
    assert response.status_code == 404 and not ArticleFeedback.objects.exists()


def test_too_often(parcel: Article, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.pages.site.spend", lambda rules: 7)
    for path in ("/help/en/search/?q=parcel", "/help/api/search?q=parcel"):
        response = get(path)
        assert (response.status_code, response["Retry-After"]) == (429, "7")
    response = Client(headers=BROWSER).post(
        reverse("help_feedback", args=["en", "where-is-my-parcel"]), {"helped": "yes"}
    )
    assert response.status_code == 429 and not ArticleFeedback.objects.exists()
    assert get("/help/en/articles/where-is-my-parcel/").status_code == 200


def test_the_widgets_json(parcel: Article) -> None:
    found = json.loads(get("/help/api/search?lang=uk&q=посилка").content)
    assert found["language"] == "uk"
    (one,) = found["results"]
    assert (one["id"], one["url"], one["fallback"]) == (parcel.pk, "/help/uk/articles/de-moia-posylka/", False)
    assert len(json.loads(get("/help/api/search?lang=uk").content)["results"]) == 2
    said = json.loads(get(f"/help/api/articles/{parcel.pk}?lang=uk").content)
    assert (said["title"], said["html"], said["language"]) == ("Де моя посилка?", "<p>Два дні.</p>", "uk")
    assert json.loads(get(f"/help/api/articles/{parcel.pk}?lang=pl").content)["language"] == "en"
    assert json.loads(get("/help/api/articles/uk/de-moia-posylka").content) == said
    assert get("/help/api/articles/pl/de-moia-posylka").status_code == 404
    assert get("/help/api/articles/uk/not-there").status_code == 404
    assert not SearchMiss.objects.exists()
    get("/help/api/search?lang=en&q=zebra")
    assert not SearchMiss.objects.exists()
    get("/help/api/search?lang=en&q=zebra&miss=1")
    assert SearchMiss.objects.get().query == "zebra"


@pytest.mark.parametrize(
    "query", ["lang=", "lang=%00", "limit=x", "limit=-1", "limit=99999", "q=%00", "q=" + "x" * 3000]
)
def test_nothing_asked_breaks_the_json(parcel: Article, query: str) -> None:
    assert get(f"/help/api/search?{query}").status_code == 200


def test_the_site_map_names_every_language(parcel: Article) -> None:
    said = page("/help/sitemap.xml")
    assert said.count("<loc>") == 5 and 'hreflang="uk"' in said and "/help/uk/articles/de-moia-posylka/" in said


@pytest.mark.parametrize("colour", ["#1f57d6", "#ffe600", "#000000", "#ffffff"])
def test_the_shops_colour_can_be_read(parcel: Article, colour: str) -> None:
    open_centre(colour=colour)
    assert f"--accent: {colour}" in page("/help/theme.css") and "/help/theme.css" in page("/help/en/")


@pytest.mark.parametrize("contact", ["javascript:alert(1)", "http://x", "data:x", ""])
def test_only_an_address_is_a_way_to_write(parcel: Article, contact: str) -> None:
    open_centre(contact=contact)
    assert "Write to us" not in page("/help/en/")
    open_centre(contact="mailto:help@shop.example")
    assert '<a class="btn" href="mailto:help@shop.example">' in page("/help/en/")


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("/help/en/", 3), ("/help/en/categories/delivery/", 3), ("/help/en/articles/where-is-my-parcel/", 5),
        ("/help/en/search/?q=parcel", 2), ("/help/api/search?q=parcel", 2), ("/help/api/search", 2), ("/help/sitemap.xml", 2),
    ],
)  # fmt: skip
def test_queries_do_not_grow_with_articles(
    parcel: Article, django_assert_num_queries: Any, path: str, queries: int
) -> None:
    place = ArticleTranslation.objects.filter(article=parcel).first()
    assert place is not None
    for number in range(12):
        article(place.article.category, en=(f"More {number}", "<p>parcel</p>"))
    client = Client(headers=BROWSER)
    with django_assert_num_queries(queries):
        client.get(path)


def test_words_of_pages_are_there_in_all_languages(parcel: Article) -> None:
    open_centre(languages=list(LANGUAGES))
    starts = {language: page(f"/help/{language}/") for language in LANGUAGES}
    assert len({start.split("<h1>")[1].split("</h1>")[0] for start in starts.values()}) == len(LANGUAGES)
