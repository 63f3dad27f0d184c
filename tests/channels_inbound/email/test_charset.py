from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_inbound.email.charset import codec_name, decode_text, storable, storable_line

UKRAINIAN = "Добрий день! Де моє замовлення? Я його чекаю вже тиждень."
RUSSIAN = "Здравствуйте, подскажите, пожалуйста, когда придёт посылка?"


@pytest.mark.parametrize("charset", ["cp1251", "koi8-u", "utf-8", "utf-16"])
@pytest.mark.parametrize("label", ["", "us-ascii", "x-unknown", "utf-8"])
def test_cyrillic_without_a_true_label(charset: str, label: str) -> None:
    assert decode_text(UKRAINIAN.encode(charset), label) == UKRAINIAN


@pytest.mark.parametrize("charset", ["koi8-r", "cp866", "iso8859-5", "cp1251"])
def test_russian_without_a_label(charset: str) -> None:
    assert decode_text(RUSSIAN.encode(charset)) == RUSSIAN


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("Où est ma commande ? Elle a été expédiée.", "cp1252"),
        ("Wo ist mein Paket? Größe XL für Jürgen", "latin-1"),
        ("Dzień dobry, gdzie jest moja paczka? Proszę o odpowiedź, dziękuję bardzo", "cp1250"),
        ("お問い合わせありがとうございます。注文の件です。", "shift_jis"),
        ("お問い合わせありがとうございます。注文の件です。", "euc_jp"),
        ("お問い合わせ", "iso2022_jp"),
    ],
)
def test_other_scripts_without_a_label(text: str, charset: str) -> None:
    assert decode_text(text.encode(charset)) == text


@pytest.mark.parametrize(
    ("label", "data", "text"),
    [
        ("windows-1251", "Привіт".encode(), "Привіт"),  # labelled by habit, sent as UTF-8
        ("iso-8859-1", "Größe".encode(), "Größe"),
        ("iso-8859-1", "“quoted”".encode("cp1252"), "“quoted”"),
        ("gb2312", "镕基".encode("gbk"), "镕基"),
        ("ks_c_5601-1987", "안녕하세요".encode("cp949"), "안녕하세요"),
        ("cp-1251", "Привіт".encode("cp1251"), "Привіт"),
        ('"windows-1251"', "Привіт".encode("cp1251"), "Привіт"),
        ("utf-8", "Привіт, світе, як справи".encode()[:-1], "Привіт, світе, як справ\ufffd"),
        ("iso-2022-jp", b"\x1b$B%F%9%H\x1b(B", "テスト"),
        ("utf-7", b"Hi Mom +Jjo-!", "Hi Mom ☺!"),
    ],
)
def test_labels(label: str, data: bytes, text: str) -> None:
    assert decode_text(data, label) == text


@pytest.mark.parametrize(
    "label", ["punycode", "idna", "unicode_escape", "rot13", "base64", "hex", "nope", "\x00", "a" * 5000, "-", "?"]
)
def test_names_that_are_no_charsets_of_mail(label: str) -> None:
    assert codec_name(label) is None
    assert decode_text(b"plain \\u0041", label) == "plain \\u0041"


@given(
    st.binary(max_size=300),
    st.sampled_from(["", "utf-8", "cp1251", "utf-16", "shift_jis", "hz", "utf-7", "nope", "iso-2022-jp"]),
)
def test_any_bytes_become_storable_text(data: bytes, label: str) -> None:
    text = storable(decode_text(data, label))
    assert "\x00" not in text
    text.encode("utf-8")


def test_storable_keeps_what_people_write() -> None:
    assert storable("a\r\nb\rc\td\x00\x07 😀 \ud83d") == "a\nb\nc\td 😀 \ufffd"
    assert storable_line(" a\r\n\tb\x00 ") == "a b"


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("您好，我的訂單在哪裡？我是您們的客人，這個包裹還沒有來。", "cp950"),
        ("你好，我的订单在哪里？我是你们的客人，这个包裹还没有来。", "gb18030"),
        ("안녕하세요, 제 주문은 어디에 있나요? 아직 오지 않았습니다.", "cp949"),
        ("こんにちは、注文はどこにありますか。まだ届いていません。", "cp932"),
    ],
)
def test_unlabelled_asian_text_is_told_apart(text: str, charset: str) -> None:
    assert decode_text(text.encode(charset)) == text


def test_cyrillic_labelled_western_is_cyrillic() -> None:
    text = "Доброго дня, де моє замовлення? Я чекаю третій тиждень."
    assert decode_text(text.encode("cp1251"), "iso-8859-1") == text


@pytest.mark.parametrize(
    "text", ["Où êtes-vous ? À côté, là-bas, ça va.", "Ärger über Öl, süß!", "ÄÖÜ éé", "Señor, mañana sí"]
)
def test_western_stays_western(text: str) -> None:
    assert decode_text(text.encode("cp1252"), "iso-8859-1") == text
