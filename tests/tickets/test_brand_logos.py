"""A brand's logo: pictures alone, made anew, kept by whoever sets up channels, seen by customers."""

from __future__ import annotations

import io
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from events.models import AuditEntry, Event
from metrics.surveys.links import answer_url
from people.models import Brand, BrandLogo
from people.permissions import PermissionDenied
from tests.metrics.surveys.asked import asked, make_survey
from tests.people import House, make_house
from tickets.actions.brand_logos import BOUND, MOST_BYTES, remove_logo, set_logo
from tickets.actions.brands import BrandSaid, remove_brand, save_brand
from tickets.errors import InvalidInput, NotFound

pytestmark = pytest.mark.django_db
SECRET = b"GPS 50.4501, 30.5234"


@pytest.fixture
def house() -> House:
    return make_house()


@pytest.fixture
def brand(house: House) -> Brand:
    return save_brand(None, BrandSaid("Nordvik"), by=house.adam, channels=[house.channel.pk])


def picture(kind: str = "PNG", size: tuple[int, int] = (900, 300), color: str = "#aa3300") -> bytes:
    out = io.BytesIO()
    more = {"comment": SECRET} if kind == "JPEG" else {}
    Image.new("RGB", size, color).save(out, kind, **more)
    return out.getvalue()


def kept() -> tuple[Any, ...]:
    brands = list(Brand.objects.order_by("pk").values())
    noted = AuditEntry.objects.filter(what__startswith="brand").count()
    return brands, list(BrandLogo.objects.values()), Event.objects.count(), noted


def browser(agent: Any) -> Client:
    client = Client()
    client.force_login(agent)
    return client


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_made_anew_small_and_without_what_else_is_in_it(house: House, brand: Brand, kind: str) -> None:
    set_logo(brand.pk, picture(kind), f"logo.{kind.lower()}", by=house.adam)
    row, brand = BrandLogo.objects.get(), Brand.objects.get()
    assert row.key == brand.logo_key and SECRET not in bytes(row.content)
    assert max(Image.open(io.BytesIO(bytes(row.content))).size) == BOUND
    answer = Client().get(reverse("brand_logo", args=[row.key]))
    assert answer.content == bytes(row.content) and answer["Content-Type"] in ("image/png", "image/jpeg")
    assert answer["X-Content-Type-Options"] == "nosniff" and "sandbox" in answer["Content-Security-Policy"]
    assert "immutable" in answer["Cache-Control"]
    assert Client().get(reverse("brand_logo", args=[uuid4()])).status_code == 404
    changed = Event.objects.filter(stream_type="brand", stream_id=brand.pk, kind="brand.changed").get()
    assert changed.data["changed"] == ["logo"] and AuditEntry.objects.filter(what=f"brand {brand.pk}").count() == 1


def test_the_same_again_changes_nothing_and_another_has_another_address(house: House, brand: Brand) -> None:
    first = set_logo(brand.pk, picture(), "a.png", by=house.adam).logo_key
    before = kept()
    assert set_logo(brand.pk, picture(), "b.png", by=house.adam).logo_key == first and kept() == before
    second = set_logo(brand.pk, picture(color="#0033aa"), "a.png", by=house.adam).logo_key
    assert second != first and BrandLogo.objects.get().key == second
    assert Client().get(reverse("brand_logo", args=[first])).status_code == 404
    remove_logo(brand.pk, by=house.adam)
    assert Brand.objects.get().logo_key is None and not BrandLogo.objects.exists()
    before = kept()
    remove_logo(brand.pk, by=house.adam)
    assert kept() == before


def test_what_is_no_picture_or_too_large_is_refused(house: House, brand: Brand) -> None:
    set_logo(brand.pk, picture(), "a.png", by=house.adam)
    before = kept()
    for content, name in (
        (b"", ""), (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "a.svg"),
        (b"<html><script>1</script>", "a.png"), (picture("GIF"), "a.gif"), (picture("BMP"), "a.png"),
        (picture()[:60], "a.png"), (picture() + b"x" * MOST_BYTES, "a.png"), (picture(size=(6000, 6000)), "a.png"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput):
            set_logo(brand.pk, content, name, by=house.adam)
    with pytest.raises(NotFound):
        set_logo(brand.pk + 1, picture(), "a.png", by=house.adam)
    assert kept() == before


def test_only_who_sets_up_channels_changes_it(house: House, brand: Brand) -> None:
    set_logo(brand.pk, picture(), "a.png", by=house.adam)
    before, address = kept(), reverse("brand_logo_set", args=[brand.pk])
    for outsider in (house.olena, house.mallory, house.vera):
        with pytest.raises(PermissionDenied):
            set_logo(brand.pk, picture(color="#000000"), "a.png", by=outsider)
        with pytest.raises(PermissionDenied):
            remove_logo(brand.pk, by=outsider)
        assert browser(outsider).post(address, {"remove": "1"}).status_code in (403, 404)
    assert Client().post(address, {"remove": "1"}).status_code == 302  # to sign in
    assert kept() == before


def test_an_admin_sends_it_and_takes_it_away_on_the_page(house: House, brand: Brand) -> None:
    client, address = browser(house.adam), reverse("brand_logo_set", args=[brand.pk])
    page = client.post(address, {"file": SimpleUploadedFile("logo.webp", picture("WEBP"))}, follow=True)
    key = Brand.objects.get().logo_key
    assert reverse("brand_logo", args=[key]) in page.content.decode()
    page = client.post(address, {"file": SimpleUploadedFile("logo.png", b"no")}, follow=True)
    assert "Only PNG, JPEG and WebP" in page.content.decode() and Brand.objects.get().logo_key == key
    assert "Only PNG, JPEG and WebP" in client.post(address, {}, follow=True).content.decode()
    assert reverse("brand_logo", args=[key]) not in client.post(address, {"remove": "1"}, follow=True).content.decode()
    assert client.post(reverse("brand_logo_set", args=[brand.pk + 1]), {"remove": "1"}).status_code == 404


def test_customers_see_it_on_the_page_of_a_survey_at_no_further_query(house: House, brand: Brand) -> None:
    make_survey()
    invitation = asked(house)
    path = answer_url(invitation).split("/", 3)[3]

    def page() -> tuple[str, int]:
        with CaptureQueriesContext(connection) as queries:
            return Client().get(f"/{path}").content.decode(), len(queries)

    without, cost = page()
    set_logo(brand.pk, picture(), "a.png", by=house.adam)
    shown, again = page()
    source = f'src="{reverse("brand_logo", args=[Brand.objects.get().logo_key])}"'
    assert source in shown and "dist/logo" in shown and "logo" not in without and again <= cost
    remove_brand(brand.pk, by=house.adam)
    assert not BrandLogo.objects.exists() and "logo" not in page()[0]
