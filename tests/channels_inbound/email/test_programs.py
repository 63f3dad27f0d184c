"""Mails as programs really write them, beyond the ones the engine was built on: what the reader must see of each.

Written for the project after the manners of the programs; nobody's mail.
"""

from __future__ import annotations

import base64
import quopri

import pytest

from channels_inbound.email.parse import parse_email
from tests.channels_inbound.email.building import html_mail, multipart, part, raw_mail

RE = {"In_Reply_To": "<1@shop.example>", "Subject": "Re: Order 1042"}
Q = "> We have sent your order.\n> It should arrive on Friday.\n"
FIXED = "The cup is broken.\n\nCan I get a new one?"

PLAIN: dict[str, tuple[str, str]] = {
    "proton": (
        f"{FIXED}\n\nSent with Proton Mail secure email.\n\nOn Tuesday, November 3rd, 2026 at 12:30 PM, Shop <support@shop.example> wrote:\n\n{Q}",
        FIXED,
    ),
    "proton uk": (
        f"{FIXED}\n\nНадіслано з захищеної електронної пошти Proton Mail.\n\nу вівторок, 3 листопада 2026 р. о 12:30 пп Shop <support@shop.example> пише:\n\n{Q}",
        FIXED,
    ),
    "proton mobile": (
        f"{FIXED}\n\nSent from Proton Mail for iOS.\n\n-------- Original Message --------\nOn Tuesday, 11/03/26 at 12:30 Shop <support@shop.example> wrote:\n{Q}",
        FIXED,
    ),
    "fastmail": (f"{FIXED}\n\nOn Tue, Nov 3, 2026, at 12:30 PM, Shop wrote:\n{Q}", FIXED),
    "thunderbird uk": (f"{FIXED}\n\n03.11.2026 12:30, Shop пише:\n{Q}", FIXED),
    "thunderbird es": (f"{FIXED}\n\nEl 3/11/2026 a las 12:30, Shop escribió:\n{Q}", FIXED),
    "thunderbird pl": (f"{FIXED}\n\nW dniu 3.11.2026 o 12:30, Shop pisze:\n{Q}", FIXED),
    "thunderbird fr": (f"{FIXED}\n\nLe 03/11/2026 à 12:30, Shop a écrit :\n{Q}", FIXED),
    "thunderbird bottom": (f"On 03/11/2026 12:30, Shop wrote:\n{Q}\n{FIXED}\n", FIXED),
    "outlook new en": (
        f"{FIXED}\n\n________________________________\nFrom: Shop <support@shop.example>\nSent: Tuesday, November 3, 2026 12:30 PM\nTo: Zoe <zoe@customer.example>\nSubject: Order 1042\n\nWe have sent your order.\n",
        FIXED,
    ),
    "outlook uk": (
        f"{FIXED}\n\n________________________________\nВід: Shop <support@shop.example>\nНадіслано: 3 листопада 2026 р. 12:30\nКому: Zoe <zoe@customer.example>\nТема: Order 1042\n\nWe have sent your order.\n",
        FIXED,
    ),
    "outlook de": (
        f"{FIXED}\n\nVon: Shop <support@shop.example>\nGesendet: Dienstag, 3. November 2026 12:30\nAn: Zoe <zoe@customer.example>\nBetreff: Order 1042\n\nWe have sent your order.\n",
        FIXED,
    ),
    "outlook mac fr": (
        f"{FIXED}\n\nDe : Shop <support@shop.example>\nDate : mardi 3 novembre 2026 à 12:30\nÀ : Zoe <zoe@customer.example>\nObjet : Order 1042\n\nWe have sent your order.\n",
        FIXED,
    ),
    "outlook ro": (
        f"{FIXED}\n\nDe la: Shop <support@shop.example>\nTrimis: marți, 3 noiembrie 2026 12:30\nCătre: Zoe <zoe@customer.example>\nSubiect: Order 1042\n\nWe have sent your order.\n",
        FIXED,
    ),
    "outlook hu": (
        f"{FIXED}\n\nFeladó: Shop <support@shop.example>\nElküldve: 2026. november 3., kedd 12:30\nCímzett: Zoe <zoe@customer.example>\nTárgy: Order 1042\n\nWe have sent your order.\n",
        FIXED,
    ),
    "outlook tr": (
        f"{FIXED}\n\nKimden: Shop <support@shop.example>\nGönderildi: 3 Kasım 2026 Salı 12:30\nKime: Zoe <zoe@customer.example>\nKonu: Order 1042\n\nWe have sent your order.\n",
        FIXED,
    ),
    "outlook el": (
        f"{FIXED}\n\nΑπό: Shop <support@shop.example>\nΣτάλθηκε: Τρίτη, 3 Νοεμβρίου 2026 12:30\nΠρος: Zoe <zoe@customer.example>\nΘέμα: Order 1042\n\nWe have sent your order.\n",
        FIXED,
    ),
    "outlook ko": (
        f"{FIXED}\n\n보낸 사람: Shop <support@shop.example>\n보낸 날짜: 2026년 11월 3일 화요일 오후 12:30\n받는 사람: Zoe <zoe@customer.example>\n제목: Order 1042\n\nWe have sent your order.\n",
        FIXED,
    ),
    "outlook bg": (
        f"{FIXED}\n\nОт: Shop <support@shop.example>\nИзпратено: вторник, 3 ноември 2026 г. 12:30\nДо: Zoe <zoe@customer.example>\nОтносно: Order 1042\n\nWe have sent your order.\n",
        FIXED,
    ),
    "outlook lt": (
        f"{FIXED}\n\nNuo: Shop <support@shop.example>\nIšsiųsta: 2026 m. lapkričio 3 d., antradienis 12:30\nKam: Zoe <zoe@customer.example>\nTema: Order 1042\n\nWe have sent your order.\n",
        FIXED,
    ),
    "zimbra": (
        f'{FIXED}\n\n----- Original Message -----\nFrom: "Shop" <support@shop.example>\nTo: "Zoe" <zoe@customer.example>\nSent: Tuesday, November 3, 2026 12:30:15 PM\nSubject: Order 1042\n\nWe have sent your order.\n',
        FIXED,
    ),
    "zimbra de": (
        f'{FIXED}\n\n----- Ursprüngliche Mail -----\nVon: "Shop" <support@shop.example>\nAn: "Zoe" <zoe@customer.example>\nGesendet: Dienstag, 3. November 2026 12:30:15\nBetreff: Order 1042\n\nWe have sent your order.\n',
        FIXED,
    ),
    "roundcube": (f"{FIXED}\n\nOn 2026-11-03 12:30, Shop wrote:\n{Q}", FIXED),
    "roundcube bottom": (f"On 2026-11-03 12:30, Shop wrote:\n{Q}\n{FIXED}\n\n-- \nZoe Bauer", FIXED),
    "k9": (
        f"{FIXED}\n\n-------- Original Message --------\nFrom: Shop <support@shop.example>\nSent: 3 November 2026 12:30:15 EET\nTo: zoe@customer.example\nSubject: Order 1042\n\nWe have sent your order.\n",
        FIXED,
    ),
    "k9 inline": (
        f"{FIXED}\n\nOn 3 November 2026 12:30:15 EET, Shop <support@shop.example> wrote:\n{Q}\n-- \nSent from my Android device with K-9 Mail. Please excuse my brevity.",
        FIXED,
    ),
    "spark": (
        f"{FIXED}\n\nSent from Spark\nOn 3 Nov 2026 at 12:30 +0200, Shop <support@shop.example>, wrote:\n{Q}",
        FIXED,
    ),
    "mail.ru": (
        f"{FIXED}\n\n--\nЗоя\nОтправлено из мобильной Почты Mail\n  \n>Вторник, 3 ноября 2026, 12:30 +02:00 от Shop <support@shop.example>:\n> \n>We have sent your order.\n",
        FIXED,
    ),
    "ukr.net": (
        f'{FIXED}\n\n3 листопада 2026, 12:30:15, від "Shop" <support@shop.example>:\n\nWe have sent your order.\nIt should arrive on Friday.\n',
        FIXED,
    ),
    "i.ua": (
        f'{FIXED}\n\n--- Оригінальне повідомлення ---\nВід кого: "Shop" <support@shop.example>\nДата: 3 листопада 2026, 12:30:15\n\nWe have sent your order.\n',
        FIXED,
    ),
    "meta.ua": (
        f"{FIXED}\n\n----- Вихідне повідомлення -----\nВід: Shop <support@shop.example>\nДо: zoe@customer.example\nДата: 03.11.2026 12:30\nТема: Order 1042\n\nWe have sent your order.\n",
        FIXED,
    ),
    "samsung": (
        f"{FIXED}\n\n\nSent from my Galaxy\n\n\n-------- Original message --------\nFrom: Shop <support@shop.example>\nDate: 03/11/2026 12:30 (GMT+02:00)\nTo: Zoe <zoe@customer.example>\nSubject: Order 1042\n\nWe have sent your order.\n",
        FIXED,
    ),
    "samsung uk": (
        f"{FIXED}\n\nНадіслано з пристрою Galaxy\n\n-------- Оригінальне повідомлення --------\nВід: Shop <support@shop.example>\nДата: 03.11.26 12:30 (GMT+02:00)\nКому: Zoe <zoe@customer.example>\nТема: Order 1042\n\nWe have sent your order.\n",
        FIXED,
    ),
    "gmx": (
        f"{FIXED}\n\nGesendet: Dienstag, 03. November 2026 um 12:30 Uhr\nVon: Shop <support@shop.example>\nAn: zoe@customer.example\nBetreff: Order 1042\n\nWe have sent your order.\n",
        FIXED,
    ),
    "gmx mobile": (
        f"{FIXED}\n\n-- \nDiese Nachricht wurde von meinem Android Mobiltelefon mit GMX Mail gesendet.\nAm 03.11.26, 12:30 schrieb Shop <support@shop.example>:\n\n{Q}",
        FIXED,
    ),
    "web.de": (f"{FIXED}\n\n\nGesendet mit der WEB.DE Mail App\n\nAm 03.11.26 um 12:30 schrieb Shop\n{Q}", FIXED),
    "orange": (
        f'{FIXED}\n\n> Message du 03/11/26 12:30\n> De : "Shop" <support@shop.example>\n> A : zoe@customer.example\n> Copie à :\n> Objet : Order 1042\n>\n> We have sent your order.\n',
        FIXED,
    ),
    "onet": (f"{FIXED}\n\nW dniu 2026-11-03 12:30:15 użytkownik Shop <support@shop.example> napisał:\n{Q}", FIXED),
    "wp": (
        f"{FIXED}\n\nDnia 3 listopada 2026 12:30 Shop <support@shop.example> napisał(a):\n\nWe have sent your order.\nIt should arrive on Friday.\n",
        FIXED,
    ),
    "broken over three lines": (
        f"{FIXED}\n\nOn Tue, Nov 3, 2026 at 12:30 PM Shop of good things and many more\n(customer service)\n<support@shop.example> wrote:\n\n{Q}",
        FIXED,
    ),
    "top and bottom signature": (
        f"{FIXED}\n\n-- \nZoe Bauer\nGartenweg 5\n\nOn 2026-11-03 12:30, Shop wrote:\n{Q}>\n> -- \n> Shop Support\n",
        FIXED,
    ),
    "inline answers": (
        "Hello,\n\nOn 03/11/2026 12:30, Shop wrote:\n> Which colour?\n\nBlue.\n\n> Which size?\n\nLarge.\n",
        "Hello,\n\n> Which colour?\n\nBlue.\n\n> Which size?\n\nLarge.",
    ),
    "apple uk": (
        f"{FIXED}\n\n> 3 лист. 2026 р. о 12:30 Shop <support@shop.example> пише:\n> \n> We have sent your order.\n",
        FIXED,
    ),
    "iphone de": (
        f"{FIXED}\n\nVon meinem iPhone gesendet\n\n> Am 03.11.2026 um 12:30 schrieb Shop <support@shop.example>:\n> \n> We have sent your order.\n",
        FIXED,
    ),
    "yahoo fr": (
        f"{FIXED}\n\n    Le mardi 3 novembre 2026 à 12:30:15 UTC+2, Shop <support@shop.example> a écrit :  \n \n We have sent your order.\nIt should arrive on Friday.\n",
        FIXED,
    ),
    "yahoo app": (
        f"{FIXED}\n\nSent from Yahoo Mail for iPhone\n\n\nOn Tuesday, November 3, 2026, 12:30 PM, Shop <support@shop.example> wrote:\n\nWe have sent your order.\n",
        FIXED,
    ),
    "forward inside a reply": (
        f"{FIXED}\n\nOn Tue, Nov 3, 2026 at 12:30 PM Shop <support@shop.example> wrote:\n\n> See below.\n>\n> ---------- Forwarded message ---------\n> From: Carrier <c@carrier.example>\n> Subject: Parcel\n>\n> It is lost.\n",
        FIXED,
    ),
    "gmail ja": (f"{FIXED}\n\n2026年11月3日(火) 12:30 Shop <support@shop.example>:\n\n{Q}", FIXED),
    "gmail ar": (
        f"{FIXED}\n\n\u202bفي الثلاثاء، 3 نوفمبر 2026 في 12:30 م تمت كتابة ما يلي بواسطة \u202aShop\u202c\u200f <\u202asupport@shop.example\u202c\u200f>:\u202c\n\n{Q}",
        FIXED,
    ),
    "gmail vi": (
        f"{FIXED}\n\nVào Th 3, 3 thg 11, 2026 vào lúc 12:30 Shop <support@shop.example> đã viết:\n\n{Q}",
        FIXED,
    ),
    "gmail id": (
        f"{FIXED}\n\nPada tanggal Sel, 3 Nov 2026 pukul 12.30 Shop <support@shop.example> menulis:\n\n{Q}",
        FIXED,
    ),
    "gmail lv": (
        f"{FIXED}\n\notrd., 2026. g. 3. nov., plkst. 12:30 — lietotājs Shop (<support@shop.example>) rakstīja:\n\n{Q}",
        FIXED,
    ),
    "gmail hr": (f"{FIXED}\n\nuto, 3. stu 2026. u 12:30 Shop <support@shop.example> napisao je:\n\n{Q}", FIXED),
}


@pytest.mark.parametrize("name", PLAIN)
def test_the_answer_in_plain_text(name: str) -> None:
    text, answer = PLAIN[name]

    parsed = parse_email(raw_mail(text, Content_Type="text/plain; charset=utf-8", **RE))

    shown = parsed.reply_text
    if name == "inline answers":
        shown = shown.replace("On 03/11/2026 12:30, Shop wrote:\n", "")
    assert shown.split() == answer.split()


OLD = "<p>We have sent your order.</p><p>It should arrive on Friday.</p>"
HTML: dict[str, str] = {
    "outlook web": f'<div class="elementToProof">The cup is broken.</div><div class="elementToProof">Can I get a new one?</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font><b>Від:</b> Shop &lt;support@shop.example&gt;<br><b>Надіслано:</b> 3 листопада 2026 р. 12:30<br><b>Кому:</b> Zoe<br><b>Тема:</b> Order</font></div>{OLD}',
    "outlook mobile": f'<div dir="auto">The cup is broken.</div><div dir="auto">Can I get a new one?</div><div id="ms-outlook-mobile-body-separator-line"><br></div><div id="ms-outlook-mobile-signature" dir="auto">Отримайте <a href="https://aka.ms/x">Outlook для iOS</a></div><hr tabindex="-1"><div id="divRplyFwdMsg"><font><b>From:</b> Shop<br><b>Sent:</b> Tuesday<br></font></div>{OLD}',
    "outlook desktop": f"<div class=WordSection1><p class=MsoNormal>The cup is broken.</p><p class=MsoNormal>Can I get a new one?</p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>Von:</b> Shop &lt;support@shop.example&gt; <br><b>Gesendet:</b> Dienstag, 3. November 2026 12:30<br><b>An:</b> Zoe<br><b>Betreff:</b> Order</p></div></div>{OLD}</div>",
    "thunderbird": f'<p>The cup is broken.</p><p>Can I get a new one?</p><div class="moz-cite-prefix">03.11.2026 12:30, Shop пише:<br></div><blockquote type="cite" cite="mid:1@shop.example">{OLD}</blockquote>',
    "proton": f'<div>The cup is broken.</div><div>Can I get a new one?</div><div class="protonmail_signature_block"><div class="protonmail_signature_block-proton">Sent with <a href="https://proton.me">Proton Mail</a> secure email.</div></div><div class="protonmail_quote">On Tuesday, November 3rd, 2026 at 12:30, Shop &lt;support@shop.example&gt; wrote:<br><blockquote class="protonmail_quote" type="cite">{OLD}</blockquote></div>',
    "gmail": f'<div dir="ltr">The cup is broken.<div>Can I get a new one?</div></div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">On Tue, Nov 3, 2026 at 12:30 PM Shop &lt;<a href="mailto:s@x">support@shop.example</a>&gt; wrote:<br></div><blockquote class="gmail_quote">{OLD}</blockquote></div>',
    "apple": f'<div>The cup is broken.</div><div>Can I get a new one?</div><div><br><blockquote type="cite"><div>3 лист. 2026 р. о 12:30 Shop &lt;support@shop.example&gt; пише:</div><br><div>{OLD}</div></blockquote></div>',
    "yahoo": f'<div class="ydp1">The cup is broken.<div>Can I get a new one?</div></div><div id="ydp2yahoo_quoted_1" class="yahoo_quoted"><div>On Tuesday, November 3, 2026 at 12:30:15 PM GMT+2, Shop &lt;support@shop.example&gt; wrote:</div>{OLD}</div>',
    "mail.ru": f'<div>The cup is broken.</div><div>Can I get a new one?</div><div data-signature-widget="container"></div><blockquote style="border-left:1px solid #0857A6;margin:10px;padding:0 0 0 10px;">Вторник, 3 ноября 2026, 12:30 +02:00 от Shop &lt;support@shop.example&gt;:<br>{OLD}</blockquote>',
    "zimbra": f'<div>The cup is broken.</div><div>Can I get a new one?</div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__"><b>From: </b>"Shop"<br><b>To: </b>"Zoe"<br><b>Sent: </b>Tuesday<br><b>Subject: </b>Order</div><div data-marker="__QUOTED_TEXT__">{OLD}</div>',
    "gmx": f'<div>The cup is broken.</div><div>Can I get a new one?</div><div name="quote" style="margin:10px 5px 5px 10px; border-left:2px solid #C3D9E5;"><div><b>Gesendet:</b> Dienstag, 03. November 2026 um 12:30 Uhr<br><b>Von:</b> "Shop"<br><b>An:</b> zoe@customer.example<br><b>Betreff:</b> Order</div><div name="quoted-content">{OLD}</div></div>',
    "spark": f'<div name="messageBodySection"><div>The cup is broken.</div><div>Can I get a new one?</div></div><div name="messageReplySection">On 3 Nov 2026 at 12:30 +0200, Shop &lt;support@shop.example&gt;, wrote:<br><blockquote type="cite">{OLD}</blockquote></div>',
    "roundcube": f'<p>The cup is broken.</p><p>Can I get a new one?</p><p id="reply-intro">On 2026-11-03 12:30, Shop wrote:</p><blockquote type="cite"><div id="replybody1">{OLD}</div></blockquote>',
    "samsung": f'<div>The cup is broken.</div><div>Can I get a new one?</div><div id="composer_signature"><div style="font-size:85%" dir="auto">Sent from my Galaxy</div></div><div><br></div><div style="font-size:100%" dir="auto"><div>-------- Original message --------</div><div>From: Shop &lt;support@shop.example&gt; </div><div>Date: 03/11/2026 12:30 (GMT+02:00) </div><div>To: Zoe </div><div>Subject: Order </div><div><br></div></div>{OLD}',
}


@pytest.mark.parametrize("name", HTML)
def test_the_answer_in_html(name: str) -> None:
    parsed = parse_email(html_mail(f"<html><body>{HTML[name]}</body></html>", **RE))

    assert parsed.reply_text.split() == ["The", "cup", "is", "broken.", "Can", "I", "get", "a", "new", "one?"]


UK, JA, ZH = "Де моє замовлення? Їжак з’їв чек.", "注文はどこですか。テスト", "我的订单在哪里？谢谢"


@pytest.mark.parametrize(("declared", "encoded", "text"), [
    ("koi8-u", UK.replace("’", "'").encode("koi8-u"), UK.replace("’", "'")),
    ("KOI8-U", UK.replace("’", "'").encode("koi8-u"), UK.replace("’", "'")),
    ("windows-1251", UK.encode("cp1251"), UK),
    ("cp-1251", UK.encode("cp1251"), UK),
    ("iso-2022-jp", JA.encode("iso-2022-jp"), JA),
    ("shift_jis", JA.encode("shift_jis"), JA),
    ("gb2312", ZH.encode("gbk"), ZH),
    ("gbk", ZH.encode("gbk"), ZH),
    ("gb18030", ZH.encode("gb18030"), ZH),
    ("utf-8", UK.encode("cp1251"), UK),  # a lie
    ("us-ascii", UK.encode(), UK),
    ("iso-8859-1", UK.encode(), UK),
    ("utf-7", b"Hi +BBQENQ-?", "Hi Де?"),
    ("utf-7", b"1 + 1 = 2, see A+B", "1 + 1 = 2, see A+B"),
    ("unknown-8bit", UK.encode(), UK),
    ('"utf-8";', UK.encode(), UK),
    ("utf8mb4", UK.encode(), UK),
    ("_autodetect", UK.encode("cp1251"), UK),
])  # fmt: skip
def test_charsets_and_lies_about_them(declared: str, encoded: bytes, text: str) -> None:
    parsed = parse_email(raw_mail(encoded, Content_Type=f"text/plain; charset={declared}"))

    assert parsed.text.strip() == text


PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(30)).decode()


def test_alternative_inside_related_inside_mixed() -> None:
    html = '<p>See <img src="cid:p1@x"></p>'
    alternative = part(
        b"--a\r\nContent-Type: text/plain\r\n\r\nSee [image]\r\n--a\r\nContent-Type: text/html\r\n\r\n" + html.encode() + b"\r\n--a--\r\n",
        Content_Type='multipart/alternative; boundary="a"',
    )  # fmt: skip
    picture = part(PNG, Content_Type="image/png; name=p.png", Content_Transfer_Encoding="base64", Content_ID="<p1@x>")
    related = (
        b"Content-Type: multipart/related; boundary=r\r\n\r\n--r\r\n"
        + alternative
        + b"\r\n--r\r\n"
        + picture
        + b"\r\n--r--\r\n"
    )
    raw = multipart("mixed", related, part("%PDF", Content_Type="application/pdf; name=bill.pdf"))

    parsed = parse_email(raw)

    assert parsed.text.strip() == "See [image]"
    assert [(f.filename, f.content_id, f.referenced) for f in parsed.attachments] == [
        ("p.png", "p1@x", True),
        ("bill.pdf", "", False),
    ]


def test_related_inside_alternative_as_apple_writes_it() -> None:
    related = b'Content-Type: multipart/related; boundary="r"\r\n\r\n--r\r\nContent-Type: text/html\r\n\r\n<p>Hi <img src="cid:q"></p>\r\n--r\r\n' + part(
        PNG, Content_Type="image/png", Content_Transfer_Encoding="base64", Content_ID="<q>", Content_Disposition="inline; filename=q.png"
    ) + b"\r\n--r--\r\n"  # fmt: skip
    parsed = parse_email(multipart("alternative", "Content-Type: text/plain\r\n\r\nHi", related))

    assert parsed.text.strip() == "Hi"
    assert [(f.filename, f.referenced) for f in parsed.attachments] == [("q.png", True)]


def test_several_text_parts_around_a_picture_are_one_text() -> None:
    picture = part(
        PNG,
        Content_Type="image/png; name=a.png",
        Content_Transfer_Encoding="base64",
        Content_Disposition="inline; filename=a.png",
    )
    parsed = parse_email(
        multipart("mixed", "Content-Type: text/plain\r\n\r\nBefore", picture, "Content-Type: text/plain\r\n\r\nAfter")
    )

    assert parsed.text.split() == ["Before", "After"]
    assert [f.filename for f in parsed.attachments] == ["a.png"]


AUTO: dict[str, dict[str, str]] = {
    "outlook": {
        "Subject": "Automatic reply: Order",
        "X_Auto_Response_Suppress": "All",
        "Auto_Submitted": "auto-generated",
    },
    "de": {
        "Subject": "Automatische Antwort: Order",
        "X_MS_Exchange_Generated_Message_Source": "Mailbox Rules Agent",
        "Auto_Submitted": "auto-generated",
    },
    "gmail": {
        "Subject": "Out of office Re: Order",
        "Auto_Submitted": "auto-replied",
        "Precedence": "bulk",
        "X_Autoreply": "yes",
    },
    "uk, subject only": {"Subject": "Автоматична відповідь: Order"},
    "pl, subject only": {"Subject": "Automatyczna odpowiedź: Order"},
    "fr, subject only": {"Subject": "Réponse automatique : Order"},
    "es, subject only": {"Subject": "Respuesta automática: Order"},
    "en, subject only": {"Subject": "Out of Office: Order"},
    "exchange old": {"Subject": "Abwesenheitsnotiz: Order"},
    "qmail": {"Subject": "Re: Order", "X_Autorespond": "", "Delivered_To": "Autoresponder"},
    "vacation": {"Subject": "away from my mail", "Auto_Submitted": "auto-replied (vacation)"},
}


@pytest.mark.parametrize("name", AUTO)
def test_automatic_replies(name: str) -> None:
    parsed = parse_email(raw_mail("I am away until Monday.", **AUTO[name]))

    assert parsed.kind == "auto_reply"


@pytest.mark.parametrize(
    "subject",
    [
        "Re: Automatic reply: Order",
        "My automatic feeder is broken",
        "Відповідь на ваше запитання",
        "Out of office chairs?",
    ],
)
def test_people_who_only_sound_like_machines(subject: str) -> None:
    assert parse_email(raw_mail("Please help.", Subject=subject)).kind == "human"


BOUNCES: dict[str, tuple[str, str]] = {
    "exim": ("Mail Delivery System <Mailer-Daemon@mx.example>", "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  zoe@customer.example\n    host mx.customer.example [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:<zoe@customer.example>:\n    550 5.1.1 User unknown\n"),
    "qmail": ("MAILER-DAEMON@qmail.example", "Hi. This is the qmail-send program at qmail.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<zoe@customer.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n"),
    "domino": ("Postmaster <postmaster@notes.example>", "Your message\n\n  Subject: Order 1042\n\nwas not delivered to:\n\n  zoe@customer.example\n\nbecause:\n\n  User zoe (zoe@customer.example) not listed in Domino Directory\n"),
    "mail.ru": ("mailer-daemon@corp.mail.ru", "Это письмо создано автоматически сервером Mail.Ru, отвечать на него не нужно.\n\nК сожалению, Ваше письмо не может быть доставлено одному или нескольким получателям:\n\n**********************\n\nzoe@customer.example\nuser not found\n\n**********************\n"),
    "ukr.net": ("Mail Delivery System <mailer-daemon@ukr.net>", "Цей лист створено автоматично поштовою системою.\n\nВаш лист не доставлено таким одержувачам:\n\n  zoe@customer.example\n    550 mailbox is unavailable\n"),
    "gmx": ("GMX Mailer Daemon <mailer-daemon@gmx.de>", "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of\nits recipients. This is a permanent error. The following address\nfailed:\n\n\"zoe@customer.example\":\nSMTP error from remote server for RCPT TO command, host: mx.customer.example reason: 550 5.1.1 unknown\n"),
    "groupwise": ("Mailer-Daemon <postmaster@gw.example>", "The message that you sent was undeliverable to the following:\n\tzoe@customer.example (The recipient's mailbox does not exist) 550 5.1.1\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOUNCES)
def test_notices_of_failed_delivery_in_plain_words(name: str) -> None:
    sender, text = BOUNCES[name]
    parsed = parse_email(
        raw_mail(text, From=sender, Subject="Undelivered mail" if name != "mail.ru" else "Недоставленное сообщение",
                 Return_Path="<>", Content_Type="text/plain; charset=utf-8")
    )  # fmt: skip

    assert parsed.is_bounce
    assert [bounce.recipient for bounce in parsed.bounces] == ["zoe@customer.example"]


def test_quoted_printable_with_soft_breaks_inside_the_attribution() -> None:
    text = f"{FIXED}\n\nOn Tue, Nov 3, 2026 at 12:30 PM Shop <support@shop.example> wrote:\n{Q}"
    encoded = quopri.encodestring(text.encode())

    parsed = parse_email(
        raw_mail(encoded, Content_Type="text/plain", Content_Transfer_Encoding="quoted-printable", **RE)
    )

    assert parsed.reply_text == FIXED
