"""The pages of who writes: what each shows and does, two tabs, pictures, and who hears 403 with nothing changed."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from knowledge.models import (
    Article,
    ArticleFeedback,
    ArticlePicture,
    ArticleTranslation,
    Category,
    HelpCentre,
    SearchMiss,
)
from people.models import Agent, Role
from tests.knowledge.shelf import article, open_centre, shelf
from tests.knowledge.test_writing import tables
from tests.people import House, make_agent, make_house, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    open_centre()
    return make_house()


@pytest.fixture
def marta(house: House) -> Agent:
    return make_agent("Marta", role=Role.MANAGER, team=house.support)


@pytest.fixture
def parcel(house: House) -> Article:
    return article(shelf(), en=("Where is my parcel?", "<p>Two days.</p>"))


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(out, "PNG")
    return out.getvalue()


def test_from_a_new_article_to_the_reader(marta: Agent) -> None:
    client, place = signed_in(marta), shelf()
    said = {"title": "Gift cards", "language": "en", "category": place.pk, "audience": "public", "keywords": "voucher"}
    response = client.post("/knowledge/articles/new/", said)
    row = Article.objects.get()
    edit = f"/knowledge/articles/{row.pk}/en/"
    assert response["Location"] == edit
    words = {"title": "Gift cards", "summary": "", "body": "<p>Two years.</p><script>x</script>", "expected": "1"}
    client.post(edit, words | {"act": "publish"})
    text = ArticleTranslation.objects.get()
    assert (text.body, text.published_at is not None) == ("<p>Two years.</p>", True)
    assert (
        "Two years." in Client(headers={"User-Agent": "Firefox"}).get("/help/en/articles/gift-cards/").content.decode()
    )


def test_the_list_says_what_is_missing_outdated_read_and_found_helpful(marta: Agent, parcel: Article) -> None:
    for number in range(4):
        ArticleFeedback.objects.create(
            article=parcel, language="en", day=_today(), reader=str(number), helped=number > 0, at=_now()
        )  # fmt: skip
    page = signed_in(marta).get("/knowledge/").content.decode()
    assert "Missing" in page and "75%" in page and "of 4" in page
    assert "Where is my parcel?" in signed_in(marta).get("/knowledge/?gaps=1").content.decode()
    assert "Where is my parcel?" not in signed_in(marta).get("/knowledge/?state=archived").content.decode()
    assert "Nothing like this" in signed_in(marta).get("/knowledge/?q=zebra").content.decode()


def _now() -> datetime:
    return timezone.now()


def _today() -> date:
    return timezone.localdate()


def test_two_tabs(marta: Agent, parcel: Article, house: House) -> None:
    edit = f"/knowledge/articles/{parcel.pk}/en/"
    hers = {"title": "Hers", "summary": "", "body": "<p>Hers</p>", "expected": "1"}
    assert signed_in(house.olena).post(edit, hers).status_code == 302
    response = signed_in(marta).post(edit, {"title": "Mine", "summary": "", "body": "<p>My words</p>", "expected": "1"})
    page = response.content.decode()
    assert response.status_code == 409
    assert (
        "Olena saved this text meanwhile" in page
        and "&lt;p&gt;Hers&lt;/p&gt;" in page
        and "&lt;p&gt;My words&lt;/p&gt;" in page
    )
    assert 'name="expected" value="2"' in page
    mine = {"title": "Mine", "summary": "", "body": "<p>My words</p>", "expected": "2"}
    assert signed_in(marta).post(edit, mine).status_code == 302
    text = ArticleTranslation.objects.get()
    assert text.draft_title == "Mine" and text.revisions.filter(title="Hers").exists()


def test_agents_suggest_and_publish_nothing(house: House, parcel: Article) -> None:
    edit = f"/knowledge/articles/{parcel.pk}/en/"
    words = {"title": "New", "summary": "", "body": "<p>x</p>", "expected": "1", "act": "publish"}
    client = signed_in(house.olena)
    assert client.post(edit, words).status_code == 302
    text = ArticleTranslation.objects.get()
    assert (text.title, text.draft_title) == ("Where is my parcel?", "New")
    assert 'value="publish"' not in client.get(edit).content.decode()


PATHS: list[tuple[str, dict[str, str] | None]] = [
    ("", None), ("readers/", None), ("settings/", None), ("categories/", None), ("categories/new/", None), ("categories/{category}/", None),
    ("articles/new/", None), ("articles/{id}/", None), ("articles/{id}/en/", None), ("articles/{id}/en/preview/", None),
    ("articles/{id}/en/revisions/1/", None), ("articles/new/", {"title": "X", "language": "en", "category": "{category}", "audience": "public"}),
    ("articles/{id}/en/", {"title": "X", "body": "x", "expected": "1"}), ("articles/{id}/move/", {"way": "up"}),
    ("articles/{id}/en/change/", {"category": "{category}", "audience": "agents", "keywords": "x"}),
    ("articles/{id}/en/discard/", {"expected": "1"}), ("articles/{id}/en/unpublish/", {}), ("articles/{id}/en/archive/", {}),
    ("articles/{id}/en/back/", {}), ("articles/{id}/en/revisions/1/restore/", {"expected": "1"}),
    ("settings/", {"chosen": "en", "default_language": "en", "colour": "#ff0000"}), ("categories/new/", {"name_en": "X"}),
    ("categories/{category}/", {"name_en": "X"}), ("categories/{category}/move/", {"way": "up"}), ("categories/{category}/remove/", {}),
]  # fmt: skip
MANAGERS = ("settings/", "categories/", "move/", "change/", "unpublish/", "archive/", "back/")


@pytest.mark.parametrize(("path", "form"), PATHS)
def test_who_may_not_hears_403_and_changes_nothing(
    house: House, parcel: Article, path: str, form: dict[str, str] | None
) -> None:
    named = {"id": str(parcel.pk), "category": str(parcel.category_id)}
    address = f"/knowledge/{path.format(**named)}"
    said = {key: value.format(**named) for key, value in form.items()} if form is not None else None
    before = tables()
    who = [house.vera] + ([house.olena] if any(part in path for part in MANAGERS) else [])
    for agent in who:
        client = signed_in(agent)
        response = client.get(address) if said is None else client.post(address, said)
        assert response.status_code == 403, (agent.name, address)
    stranger = Client().get(address) if said is None else Client().post(address, said)
    assert stranger.status_code == 302 and "/accounts/login/" in stranger["Location"]
    assert tables() == before


@pytest.mark.parametrize(("path", "form"), PATHS)
def test_managers_may_and_what_is_not_there_is_404(
    marta: Agent, parcel: Article, path: str, form: dict[str, str] | None
) -> None:
    client = signed_in(marta)
    named = {"id": str(parcel.pk), "category": str(parcel.category_id)}
    said = {key: value.format(**named) for key, value in form.items()} if form is not None else None
    address = f"/knowledge/{path.format(**named)}"
    response = client.get(address) if said is None else client.post(address, said)
    # The article of the fixture has no revision kept.
    assert response.status_code == (404 if "revisions/" in path else response.status_code) and response.status_code in (
        200,
        302,
        404,
    )
    if "{" in path:
        gone = f"/knowledge/{path.format(id=10**9, category=10**9)}"
        assert (client.get(gone) if said is None else client.post(gone, said)).status_code in (302, 404)


def test_pictures_are_ours_and_public_only_where_they_stand(marta: Agent, parcel: Article, house: House) -> None:
    client = signed_in(marta)
    address = f"/knowledge/articles/{parcel.pk}/pictures/"
    answer = client.post(address, {"file": SimpleUploadedFile("a.png", png())})
    row = ArticlePicture.objects.get()
    assert answer.status_code == 201 and answer.json()["id"] == str(row.pk)
    public = Client(headers={"User-Agent": "Firefox"})
    assert public.get(f"/help/pictures/{row.pk}/").status_code == 404
    assert client.get(f"/knowledge/pictures/{row.pk}/")["Content-Type"] == "image/jpeg"
    body = f'<p>See</p><img src="cid:{row.pk}" alt="A box">'
    client.post(f"/knowledge/articles/{parcel.pk}/en/", {"title": "T", "summary": "", "body": body, "expected": "1"})
    assert public.get(f"/help/pictures/{row.pk}/").status_code == 404
    client.post(
        f"/knowledge/articles/{parcel.pk}/en/",
        {"title": "T", "summary": "", "body": body, "expected": "2", "act": "publish"},
    )
    shown = public.get(f"/help/pictures/{row.pk}/")
    assert (shown.status_code, shown["X-Content-Type-Options"], shown["Content-Security-Policy"]) == (
        200,
        "nosniff",
        "default-src 'none'; sandbox",
    )
    assert f'src="/help/pictures/{row.pk}/"' in public.get("/help/en/articles/t/").content.decode()
    assert signed_in(house.vera).post(address, {"file": SimpleUploadedFile("a.png", png())}).status_code == 403


@pytest.mark.parametrize(
    "content", [b"", b"<svg onload=alert(1)>", b"GIF89a broken", b"%PDF-1.4", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_picture_is_refused(marta: Agent, parcel: Article, content: bytes) -> None:
    answer = signed_in(marta).post(
        f"/knowledge/articles/{parcel.pk}/pictures/", {"file": SimpleUploadedFile("a.png", content)}
    )
    assert answer.status_code == 422 and not ArticlePicture.objects.exists()


def test_settings_and_categories(marta: Agent, parcel: Article) -> None:
    client = signed_in(marta)
    said = {
        "is_open": "on",
        "chosen": ["en", "de"],
        "default_language": "en",
        "title_en": "Help",
        "title_uk": "Довідка Nordvik",
        "colour": "#123456",
        "contact": "/contact/x/",
    }
    assert client.post("/knowledge/settings/", said).status_code == 302
    centre = HelpCentre.load()
    assert (centre.languages, centre.colour, centre.titles["uk"]) == (["en", "de"], "#123456", "Довідка Nordvik")
    for wrong in (
        {"colour": "red"},
        {"contact": "javascript:alert(1)"},
        {"contact": "//evil.example"},
        {"default_language": "uk"},
        {"chosen": []},
    ):
        assert client.post("/knowledge/settings/", said | wrong).status_code == 422
    assert client.post("/knowledge/categories/new/", {"name_en": "Payment", "name_de": "Zahlung"}).status_code == 302
    assert Category.objects.get(slug="payment").names == {"en": "Payment", "de": "Zahlung"}
    assert client.post("/knowledge/categories/new/", {"name_en": ""}).status_code == 422


def test_what_readers_said_and_did_not_find(marta: Agent, parcel: Article) -> None:
    SearchMiss.objects.create(language="en", query="warranty", day=_today(), count=3)
    ArticleFeedback.objects.create(
        article=parcel, language="en", day=_today(), reader="a", helped=False, comment="<b>Islands?", at=_now()
    )
    page = signed_in(marta).get("/knowledge/readers/").content.decode()
    assert "warranty" in page and "?title=warranty&amp;language=en" in page and "&lt;b&gt;Islands?" in page


def test_agents_find_what_is_theirs_too(house: House, parcel: Article) -> None:
    Article.objects.update(audience="agents")
    found = signed_in(house.vera).get("/knowledge/search/?q=parcel&lang=en").json()["articles"]
    assert [(one["id"], one["agents_only"], one["url"]) for one in found] == [
        (parcel.pk, True, f"/knowledge/articles/{parcel.pk}/en/read/")
    ]
    assert "Two days." in signed_in(house.vera).get(found[0]["url"]).content.decode()
    assert Client().get("/knowledge/search/?q=parcel").status_code == 302
    Article.objects.update(state="archived")
    assert signed_in(house.vera).get(found[0]["url"]).status_code == 404


@pytest.mark.parametrize(
    ("path", "queries"), [("", 11), ("readers/", 8), ("articles/{id}/en/", 12), ("categories/", 6)]
)
def test_queries_do_not_grow(
    marta: Agent, parcel: Article, django_assert_max_num_queries: Any, path: str, queries: int
) -> None:
    for number in range(10):
        row = article(parcel.category, en=(f"More {number}", "<p>x</p>"))
        ArticleFeedback.objects.create(article=row, language="en", day=_today(), reader="a", helped=True, at=_now())
    client, address = signed_in(marta), f"/knowledge/{path.format(id=parcel.pk)}"
    client.get(address)
    with django_assert_max_num_queries(queries):
        client.get(address)


def test_a_small_change_outdates_no_translation_and_any_other_does(marta: Agent, parcel: Article) -> None:
    page, edit = signed_in(marta), f"/knowledge/articles/{parcel.pk}/"

    def write(language: str, body: str, **more: str) -> None:
        row = parcel.translations.filter(language=language).first()
        said = {"title": "One", "summary": "", "body": body, "expected": row.revision if row else 0, "act": "publish"}
        assert page.post(f"{edit}{language}/", said | more).status_code == 302

    write("en", "<p>One</p>")
    write("uk", "<p>Раз</p>")
    assert "Only a small change" in page.get(f"{edit}en/").content.decode()
    assert "Only a small change" not in page.get(f"{edit}uk/").content.decode()
    write("en", "<p>One!</p>", minor="on")
    assert "Outdated" not in page.get("/knowledge/").content.decode()
    write("en", "<p>Two <b>words</b></p>")
    assert "Outdated" in page.get("/knowledge/").content.decode()
    behind = page.get(f"{edit}uk/").content.decode()
    assert "has changed since this one was written" in behind and "<p>Two <b>words</b></p>" in behind
    write("uk", "<p>Раз</p>")
    assert "Outdated" not in page.get("/knowledge/").content.decode()
