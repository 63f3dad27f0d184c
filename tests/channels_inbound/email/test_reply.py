"""The line engine: what is answer, quote and signature. Every mail here was written for the project."""

from __future__ import annotations

import itertools
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_inbound.email.parse import parse_email
from channels_inbound.email.reply import ReplyMarks, mark_reply
from tests.channels_inbound.email.building import html_mail, multipart, raw_mail

ANSWER = "Thank you, the parcel came today.\n\nOne cup is broken."
OLD = "We have sent your order.\nIt should be with you on Friday."


def marks(text: str, subject: str = "Re: order", is_reply: bool = True) -> ReplyMarks:
    return mark_reply(text, subject, is_reply)


def quoted(text: str) -> str:
    return "".join("> " + line + "\n" for line in text.split("\n"))


ATTRIBUTIONS = [
    "On Tue, Nov 3, 2026 at 12:30 PM Shop <support@shop.example> wrote:",
    "On Tue, 3 Nov 2026, 12:30 Shop Support, <support@shop.example> wrote:",
    "On 3 Nov 2026, at 12:30, Shop Support <support@shop.example> wrote:",
    "On 03/11/2026 12:30, Shop Support wrote:",
    "On Nov 3, 2026, at 12:30 PM, Shop Support via the contact form on our web site\n<support@shop.example>\nwrote:",
    "On Tuesday, November 3rd, 2026 at 12:30, Shop <support@shop.example> wrote:",
    "вт, 3 лист. 2026 р. о 12:30 Крамниця <support@shop.example> пише:",
    "3 лист. 2026 р. о 12:30 Крамниця <support@shop.example> написав(-ла):",
    "03.11.26 12:30, Крамниця пише:",
    '3 листопада 2026, 12:30:15, від "Крамниця" <support@shop.example>:',
    "вт, 3 нояб. 2026 г. в 12:30, Магазин <support@shop.example>:",
    "Вторник, 3 ноября 2026, 12:30 +02:00 от Магазин <support@shop.example>:",
    "03.11.2026 12:30, Магазин пишет:",
    "3 нояб. 2026 г., в 12:30, Магазин <support@shop.example> написал(а):",
    "Am Di., 3. Nov. 2026 um 12:30 Uhr schrieb Laden <support@shop.example>:",
    "Am 03.11.2026 um 12:30 schrieb Laden:",
    "Laden <support@shop.example> schrieb am Di., 3. Nov. 2026, 12:30:",
    "Le mar. 3 nov. 2026 à 12:30, Boutique <support@shop.example> a écrit :",
    "Le 03/11/2026 à 12:30, Boutique a écrit :",
    "El mar, 3 nov 2026 a las 12:30, Tienda (<support@shop.example>) escribió:",
    "El 3/11/26 a las 12:30, Tienda escribió:",
    "Il giorno mar 3 nov 2026 alle ore 12:30 Negozio <support@shop.example> ha scritto:",
    "Il 03/11/2026 12:30, Negozio ha scritto:",
    "Em ter., 3 de nov. de 2026 às 12:30, Loja <support@shop.example> escreveu:",
    "Op di 3 nov 2026 om 12:30 schreef Winkel <support@shop.example>:",
    "Op 03-11-2026 om 12:30 schreef Winkel:",
    "wt., 3 lis 2026 o 12:30 Sklep <support@shop.example> napisał(a):",
    "W dniu 3.11.2026 o 12:30, Sklep pisze:",
    "Den tis 3 nov. 2026 kl 12:30 skrev Butik <support@shop.example>:",
    "Den tirs. 3. nov. 2026 kl. 12.30 skrev Butik <support@shop.example>:",
    "tir. 3. nov. 2026 kl. 12:30 skrev Butikk <support@shop.example>:",
    "ti 3. marrask. 2026 klo 12.30 Kauppa (support@shop.example) kirjoitti:",
    "Dne út 3. 11. 2026 12:30 uživatel Obchod <support@shop.example> napsal:",
    "2026-11-03 12:30 GMT+02:00 Shop <support@shop.example>:",
    "2026年11月3日(火) 12:30 店 <support@shop.example>:",
    "在 2026年11月3日，12:30，商店 <support@shop.example> 写道：",
    "---- On Tue, 03 Nov 2026 12:30:00 +0200 support@shop.example wrote ----",
]


ATTRIBUTIONS += [
    "On Tuesday, November 3, 2026 at 12:30:15 PM GMT+2, Shop <support@shop.example> wrote:",
    'On Tue, Nov 3, 2026 at 12:30 PM +0200, "Shop" <support@shop.example> wrote:',
    "On 3 Nov 2026, 12:30 +0200, Shop <support@shop.example>, wrote:",
    "Tuesday, November 3, 2026, 12:30:15 PM, you wrote:",
    "On Tue, 2026-11-03 at 12:30 +0200, Shop Support wrote:",
    "Support/Shop wrote on 11/03/2026 12:30:15 PM:",
    "Shop <support@shop.example> writes:",
    "Zitat von Shop <support@shop.example>:",
    "Quoting Shop <support@shop.example>:",
    "Вы писали 3 ноября 2026 г., 12:30:15:",
    "Wiadomość napisana przez Sklep <support@shop.example> w dniu 3 lis 2026, o godz. 12:30:",
    "Bolt <support@shop.example> ezt írta (időpont: 2026. nov. 3., K, 12:30):",
    "Mağaza <support@shop.example>, 3 Kas 2026 Sal, 12:30 tarihinde şunu yazdı:",
    "2026/11/03 12:30、店 <support@shop.example>のメール:",
    "2026/11/03 12:30、店さんからのメール：",
    "商店 <support@shop.example> 于2026年11月3日周二 12:30写道：",
    "2026년 11월 3일 (화) 오후 12:30, 상점 <support@shop.example>님이 작성:",
    "في الثلاثاء، 3 نوفمبر 2026 12:30 م متجر <support@shop.example> كتب:",
    "\u202bבתאריך יום ג׳, 3 בנוב׳ 2026 ב-12:30 מאת \u202aחנות\u202c\u200f <\u202asupport@shop.example\u202c\u200f>:\u202c",
    "Στις Τρί 3 Νοε 2026 στις 12:30 μ.μ., ο χρήστης Shop <support@shop.example> έγραψε:",
    "На вт, 3.11.2026 г. в 12:30 Магазин <support@shop.example> написа:",
    "mar., 3 nov. 2026 la 12:30, Magazin <support@shop.example> a scris:",
    "uto, 3. stu 2026. u 12:30 Dućan <support@shop.example> napisao je:",
    "antr., 2026-11-03 12:30, Shop <support@shop.example> rašė:",
    "Kuupäev T, 3. november 2026 kell 12:30 kirjutas Pood <support@shop.example>:",
    "Missatge de Botiga <support@shop.example> del dia dt., 3 de nov. 2026 a les 12:30:",
    "Vào Th 3, 3 thg 11, 2026 vào lúc 12:30 Shop <support@shop.example> đã viết:",
    "Kasutaja qqq Shop <support@shop.example> zzz 3.11.2026 12:30 kkk:",
    "Butik <support@shop.example> skrev: (3 november 2026 12:30:15 CET)",
    "2026/11/3 Shop <support@shop.example>",
    "03.11.2026, 12:30, Shop <support@shop.example>",
]


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
@pytest.mark.parametrize("prefixed", [True, False])
def test_attributions_of_many_programs(attribution: str, prefixed: bool) -> None:
    text = f"{ANSWER}\n\n{attribution}\n\n{quoted(OLD) if prefixed else OLD}"
    found = marks(text)
    assert found.reply_text == ANSWER
    assert found.quoted == ((text.index(attribution), len(text)),)


BLOCKS = [
    "From: Shop <support@shop.example>\nSent: Tuesday, November 3, 2026 12:30 PM\nTo: Zoe\nSubject: Your order",
    "*From:* Shop [mailto:support@shop.example]\n*Sent:* Tuesday, November 3, 2026 12:30 PM\n*To:* Zoe\n*Subject:* Order",
    "Від: Крамниця <support@shop.example>\nНадіслано: 3 листопада 2026 р. 12:30\nКому: Зоя\nТема: Замовлення",
    "От: Магазин <support@shop.example>\nОтправлено: 3 ноября 2026 г. 12:30\nКому: Зоя\nТема: Заказ",
    "Von: Laden <support@shop.example>\nGesendet: Dienstag, 3. November 2026 12:30\nAn: Zoe\nBetreff: Bestellung",
    "De : Boutique <support@shop.example>\nEnvoyé : mardi 3 novembre 2026 12:30\nÀ : Zoe\nObjet : Commande",
    "De: Tienda <support@shop.example>\nEnviado el: martes, 3 de noviembre de 2026 12:30\nPara: Zoe\nAsunto: Pedido",
    "De: Loja <support@shop.example>\nEnviada em: terça-feira, 3 de novembro de 2026 12:30\nPara: Zoe\nAssunto: Pedido",
    "Da: Negozio <support@shop.example>\nInviato: martedì 3 novembre 2026 12:30\nA: Zoe\nOggetto: Ordine",
    "Van: Winkel <support@shop.example>\nVerzonden: dinsdag 3 november 2026 12:30\nAan: Zoe\nOnderwerp: Bestelling",
    "Od: Sklep <support@shop.example>\nWysłano: wtorek, 3 listopada 2026 12:30\nDo: Zoe\nTemat: Zamówienie",
    "Från: Butik <support@shop.example>\nSkickat: den 3 november 2026 12:30\nTill: Zoe\nÄmne: Order",
    "Fra: Butik <support@shop.example>\nSendt: 3. november 2026 12:30\nTil: Zoe\nEmne: Ordre",
    "Lähettäjä: Kauppa <support@shop.example>\nLähetetty: tiistai 3. marraskuuta 2026 12.30\nVastaanottaja: Zoe\nAihe: Tilaus",
    "From: Shop <support@shop.example>\n\nDate: 3 Nov 2026\n\nTo: Zoe\n\nSubject: Order",
]
BLOCKS += [
    "Gesendet: Dienstag, 3. November 2026 um 12:30 Uhr\nVon: Laden <support@shop.example>\nAn: zoe@customer.example\nBetreff: Bestellung",
    "Od: Obchod <support@shop.example>\nKomu: zoe@customer.example\nDatum: 3. 11. 2026 12:30:15\nPředmět: Objednávka",
    "发件人: 商店 <support@shop.example>\n发送时间: 2026年11月3日 12:30\n收件人: Zoe\n主题: Order",
    "差出人: 店 <support@shop.example>\n送信日時: 2026年11月3日 12:30\n宛先: Zoe\n件名: Order",
    "Kimden: Mağaza <support@shop.example>\nTarih: 3 Kasım 2026 Salı 12:30\nKime: Zoe\nKonu: Sipariş",
    "Αποστολέας: Shop <support@shop.example>\nΣτάλθηκε: 3 Νοεμβρίου 2026 12:30\nΠρος: Zoe\nΘέμα: Order",
    # A language the reader does not know: a name with its address, a moment and two labels more.
    "Qqq: Shop <support@shop.example>\nZzz: 3 kkk 2026 12:30\nPpp: Zoe\nYyy: Order",
]
QUOTED_BLOCK = "> Message du 03/11/26 12:30\n> De : Boutique <support@shop.example>\n> A : zoe@customer.example\n> Objet : Commande\n>"
DELIMITERS = [
    "-----Original Message-----",
    "-------- Оригінальне повідомлення --------",
    "-------- Исходное сообщение --------",
    "-----Ursprüngliche Nachricht-----",
    "-------- Message d'origine --------",
    "-----Mensaje original-----",
    "-----Mensagem original-----",
    "-----Messaggio originale-----",
    "-----Oorspronkelijk bericht-----",
    "-----Oryginalna wiadomość-----",
    "----- Ursprungligt meddelande -----",
    "-------- Oprindelig besked --------",
    "-------- Opprinnelig melding --------",
    "-----Alkuperäinen viesti-----",
    "##- Please type your reply above this line -##",
    "##- Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein -##",
    "----- Ursprüngliche Mail -----",
    "---------- Původní e-mail ----------",
    "-----Eredeti üzenet-----",
    "------------------ 原始邮件 ------------------",
    "-----Antwort Nachricht-----",
    QUOTED_BLOCK,
]


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("line_above", ["", "________________________________\n", "-----\n\n"])
def test_header_blocks(block: str, line_above: str) -> None:
    found = marks(f"{ANSWER}\n\n{line_above}{block}\n\n{OLD}")
    assert found.reply_text == ANSWER


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_delimiters(delimiter: str) -> None:
    assert marks(f"{ANSWER}\n\n{delimiter}\n{OLD}").reply_text == ANSWER


FOOTERS = [
    "Sent from my iPhone",
    "Sent from my Galaxy S24 Ultra.",
    "Sent from Yahoo Mail on Android",
    "Sent from Outlook for iOS<https://aka.ms/x>",
    "Get Outlook for Android <https://aka.ms/x>",
    "Sent via BlackBerry from T-Mobile",
    "Надіслано з iPhone",
    "Надіслано з мобільного пристрою",
    "Отправлено с iPhone",
    "Отправлено из мобильной Почты Mail.ru",
    "Von meinem iPhone gesendet",
    "Gesendet mit der GMX Mail App",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Enviado do meu iPhone",
    "Inviato da iPhone",
    "Verstuurd vanaf mijn iPhone",
    "Wysłane z iPhone'a",
    "Skickat från min iPhone",
    "Sendt fra min iPhone",
    "Lähetetty iPhonesta",
    "Sent from my mobile. Please excuse brevity.",
    "Sent via the Samsung Galaxy S23, an AT&T 5G smartphone",
    "Obtenez Outlook pour iOS",
    "Samsung cihazımdan gönderildi",
    "Galaxyから送信",
    "나의 iPhone에서 보냄",
    "Στάλθηκε από το iPhone μου",
    "Odesláno z mobilního zařízení Samsung",
    "Trimis de pe iPhone",
]


@pytest.mark.parametrize("footer", FOOTERS)
def test_device_footers(footer: str) -> None:
    text = f"{ANSWER}\n\n{footer}\n"
    found = marks(text)
    assert found.reply_text == ANSWER
    assert [text[start:end].strip() for start, end in found.signature] == [footer]
    assert marks(f"{ANSWER}\n\n{footer}\n\n{ATTRIBUTIONS[0]}\n{OLD}").reply_text == ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "Sent from my desk, it is easier to type here.",
        "I was sent from my bank to you, because the card did not work.",
        "He wrote: I do not want it any more.",
        "On Monday I wrote to you and nobody answered.",
        "My size: 42\nMy colour: blue\nMy address: Kyiv",
        "From: Kyiv\nTo: Lviv\nDate: tomorrow\n\nHow much is the delivery?",
        "The list:\n----\n1. cup\n2. plate\n----\nand that is all.",
        "> 100 UAH is too much for it.\n\nIs there a discount?",
        "Dates: 2026-11-03 12:30, 3.11.2026\nwill do",
        "Regards to Olena who helped me, she was great.",
        "With regards to the payment:\nit failed twice.",
        "I said to the courier:\n\nplease call me at 12:30 on 3 Nov.",
        "```\n-- comment\nSELECT 1\n```\nthat query fails in your export",
        "Forwarded message received, thank you",
        "My Samsung Galaxy arrived broken.\n\nPlease help",
        "Sent the iPhone back on Monday.\n\nWhen do I get the money?",
        "Надіслано iPhone 15, чекаю.\n\nДе він?",
        "Get Outlook working for me please.\n\nI paid for it.",
        "The courier wrote on 3.11.2026:\nnobody home.\nBut I was home all day!",
        "Order: 1042\nName: Zoe\nEmail: zoe@customer.example\nDate: 3.11.2026 12:30\n\nPlease confirm.",
        "===== my original list =====\ncup, plate",
    ],
)
def test_what_only_looks_like_a_quote(text: str) -> None:
    assert marks(text) == ReplyMarks(text, (), ())


def test_the_signature_block_folds_and_a_short_sign_off_stays() -> None:
    assert (
        marks(f"{ANSWER}\n\nBest regards,\nZoe\n\n-- \nZoe Koval\nhttps://zoe.example\n").reply_text
        == f"{ANSWER}\n\nBest regards,\nZoe"
    )
    assert marks(f"{ANSWER}\n\nBest regards,\nZoe Koval\nHead of Cups\n+380 44 123 45 67").reply_text == ANSWER
    assert marks(f"{ANSWER}\n\nЗ повагою,\nЗоя").reply_text == f"{ANSWER}\n\nЗ повагою,\nЗоя"
    assert marks("-- \nonly a signature").reply_text == "-- \nonly a signature"


SIGNATURES = [
    "--\nZoe\nHead of Cups\n+380 44 123 45 67",
    "__\nZoe Koval\nHead of Cups",
    "________________\nZoe Koval\nHead of Cups\nwww.cups.example",
    "Kind regards,\nZoe Koval\n\nCups Ltd\nMain street 1\n\nThis e-mail is confidential and intended solely for the addressee.",
    "This message is confidential. If you are not the intended recipient, please delete it and tell us about it.",
    "Diese Nachricht ist vertraulich und nur für den genannten Empfänger bestimmt, bitte löschen Sie sie sonst.",
]


@pytest.mark.parametrize("signature", SIGNATURES)
def test_signatures_and_legal_notices_fold(signature: str) -> None:
    text = f"{ANSWER}\n\n{signature}\n\n{ATTRIBUTIONS[0]}\n{quoted(OLD)}"
    found = marks(text)
    assert found.reply_text == ANSWER
    assert text[found.signature[0][0] :].startswith(signature[:10])


@pytest.mark.parametrize(
    "text",
    [
        "My items\n-----\ncup\nplate",
        "Call me:\n-----\n+380 44 123 45 67",
        "It is confidential.\nPlease do not tell my wife.",
    ],
)
def test_lines_and_secrets_that_sign_nothing(text: str) -> None:
    assert marks(text) == ReplyMarks(text, (), ())


def test_an_attribution_quoted_with_the_mail_above_the_answer() -> None:
    assert marks(f"> {ATTRIBUTIONS[2]}\n>\n> Shall we?\n\n{ANSWER}").reply_text == ANSWER


def test_a_header_block_without_its_line_breaks() -> None:
    line = "From: Shop <support@shop.example> Sent: 3 November 2026 12:30 To: Zoe Subject: Order"
    assert marks(f"{ANSWER}\n\n{line}\n\n{OLD}").reply_text == ANSWER


def test_sentences_below_a_sign_off_are_no_signature() -> None:
    text = f"{ANSWER}\n\nRegards,\nZoe\n\nP.S. Please send it to my work address this time, not home."
    assert marks(text).reply_text == text


def test_an_answer_below_the_quote() -> None:
    text = f"{ATTRIBUTIONS[0]}\n{quoted(OLD)}\n{ANSWER}"
    assert marks(text) == ReplyMarks(ANSWER, ((0, text.index(ANSWER) - 1),), ())


def test_answers_between_quotes_stay_readable() -> None:
    text = f"{ATTRIBUTIONS[0]}\n\n> Which size?\n\n42 please\n\n> Which colour?\n\nblue\n\n> Yours\n> Shop\n"
    found = marks(text)
    for line in ("> Which size?", "42 please", "> Which colour?", "blue"):
        assert line in found.reply_text
    assert "> Yours" not in found.reply_text


def test_a_short_quote_with_answers_around_it_is_context() -> None:
    text = "Hello,\n\n> Which size do you need?\n\n42, thank you"
    assert marks(text) == ReplyMarks(text, (), ())


def test_a_wrapped_line_without_its_mark_is_part_of_the_quote() -> None:
    text = f"{ANSWER}\n\n{ATTRIBUTIONS[0]}\n\n> a line so long that the program that answered it did what it had to do and\nwrapped without a mark\n> and went on\n"
    assert marks(text).reply_text == ANSWER


@pytest.mark.parametrize("piece", ["(https://shop.example/o/1042)", "_nonce=3dd518)"])
def test_a_torn_link_is_part_of_the_quote_around_it(piece: str) -> None:
    assert marks(f"{ANSWER}\n\n{ATTRIBUTIONS[0]}\n\n> See it\n{piece}\n> there\n").reply_text == ANSWER


def test_a_greeting_below_the_quote_answers_nothing() -> None:
    found = marks(f"{ANSWER}\n\n{ATTRIBUTIONS[0]}\n{quoted(OLD)}\nRegards, Zoe")
    assert found.reply_text.split() == f"{ANSWER} Regards, Zoe".split()


def test_an_attribution_on_the_line_of_the_answer() -> None:
    text = f"It came. {ATTRIBUTIONS[0]}\n{quoted(OLD)}"
    assert marks(text) == ReplyMarks("It came.", ((text.index("On Tue"), len(text)),), ())


def test_a_mailing_list_footer_folds() -> None:
    footer = "_______________________________________________\ncups mailing list\nhttps://lists.example/cups\n"
    assert marks(f"{ANSWER}\n\n{ATTRIBUTIONS[0]}\n{quoted(OLD)}\n{footer}").reply_text == ANSWER


FORWARD = f"---------- Forwarded message ---------\nFrom: Post <info@post.example>\nDate: Tue, 3 Nov 2026\nSubject: Parcel\nTo: Zoe <zoe@customer.example>\n\n{OLD}"


@pytest.mark.parametrize("subject", ["Fwd: Parcel", "FW: Parcel", "WG: Paket", "TR: Colis", "Пересл: Посилка"])
def test_a_forwarded_mail_stays_whole(subject: str) -> None:
    text = f"Please see below.\n\n{FORWARD}"
    assert marks(text, subject) == ReplyMarks(text, (), ())
    assert marks(f"See below\n\n{BLOCKS[0]}\n\n{OLD}", subject).quoted == ()


def test_a_forward_in_a_first_mail_stays_whole_and_in_an_answer_folds() -> None:
    text = f"Please see below.\n\n{FORWARD}"
    assert marks(text, "Parcel", is_reply=False).reply_text == text
    assert marks(text, "Re: Parcel", is_reply=True).reply_text == "Please see below."


def test_a_mail_of_nothing_but_quote_hides_nothing() -> None:
    assert marks(quoted(OLD)) == ReplyMarks(quoted(OLD).strip(), (), ())
    assert marks("") == ReplyMarks("", (), ())


@pytest.mark.parametrize(
    "quote",
    [
        f'<div class="gmail_quote"><div dir="ltr" class="gmail_attr">{ATTRIBUTIONS[0].replace("<", "&lt;")}</div><blockquote class="gmail_quote">{OLD}</blockquote></div>',
        f'<div><blockquote type="cite"><div>{ATTRIBUTIONS[2].replace("<", "&lt;")}</div><div>{OLD}</div></blockquote></div>',
        f'<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>Avsender:</b> Shop<br><b>Dagsetning:</b> x</div><div>{OLD}</div>',
        f'<div class="yahoo_quoted"><div>{ATTRIBUTIONS[4].replace("<", "&lt;")}</div><div>{OLD}</div></div>',
        f'<div>{ATTRIBUTIONS[9].replace("<", "&lt;")}<br></div><blockquote style="border-left:1px solid #cccccc">{OLD}</blockquote>',
        f'<div>{ATTRIBUTIONS[11].replace("<", "&lt;")}</div><blockquote style="border-left:1px solid #0857a6">{OLD}</blockquote>',
        f'<div class="moz-cite-prefix">{ATTRIBUTIONS[3]}</div><blockquote type="cite" cite="mid:x">{OLD}</blockquote>',
        f'<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>Sendandi:</b> Shop</p></div><p>{OLD}</p>',
        f'<div id="ydp5yahoo_quoted_9" class="ydp5yahoo_quoted"><div>qqq zzz</div><div>{OLD}</div></div>',
        f'<div id="mail-editor-reference-message-container"><hr><div><b>Qqq:</b> Shop</div>{OLD}</div>',
        f'<p id="reply-intro">qqq zzz</p><blockquote type="cite">{OLD}</blockquote>',
        f'<div style="padding-top: 5px; border-top-color: rgb(229, 229, 229); border-top-style: solid"><b>Qqq:</b> x</div>{OLD}',
        f"<div>&gt;&gt;&gt; Shop &lt;support@shop.example&gt; 03/11/2026 12:30 &gt;&gt;&gt;</div><table><tr><td>{OLD}</td></tr></table>",
        f'<div class="protonmail_quote">{ATTRIBUTIONS[5].replace("<", "&lt;")}<blockquote class="protonmail_quote" type="cite">{OLD}</blockquote></div>',
    ],
)
def test_html_only_mails_of_many_programs(quote: str) -> None:
    parsed = parse_email(
        html_mail(
            f"<html><body><div>Thank you!</div><div>It came.</div>{quote}</body></html>",
            Subject="Re: x",
            In_Reply_To="<o@x>",
        )
    )
    assert parsed.reply_text == "Thank you!\nIt came."
    assert "".join(parsed.text[start:end] for start, end in parsed.quoted).count("Friday") == 1


BOTH = (
    "Content-Type: text/plain; charset=utf-8\r\n\r\n{}",
    "Content-Type: text/html; charset=utf-8\r\n\r\n<div>{}</div><div>{}</div><div class=gmail_quote><div>Qqq zzz</div>{}</div>",
)


def test_the_html_twin_shows_a_quote_in_a_plain_part_that_nobody_knows() -> None:
    raw = multipart(
        "alternative",
        BOTH[0].format("Thank you!\r\nIt came.\r\n\r\nQqq zzz\r\n\r\nOld mail\r\n"),
        BOTH[1].format("Thank you!", "It came.", "<div>Old mail</div>"),
        In_Reply_To="<o@x>",
    )
    parsed = parse_email(raw)
    assert parsed.reply_text == "Thank you!\nIt came."
    ((start, end),) = parsed.quoted
    assert parsed.text[start:end].split() == ["Qqq", "zzz", "Old", "mail"]


def test_twins_that_differ_hide_nothing() -> None:
    raw = multipart(
        "alternative",
        BOTH[0].format("Another text\r\n\r\nQqq zzz\r\n\r\nOld mail\r\n"),
        BOTH[1].format("Thank you!", "It came.", "<div>Old mail</div>"),
        In_Reply_To="<o@x>",
    )
    assert parse_email(raw).quoted == ()


def test_html_answers_between_quotes() -> None:
    source = (
        f'<div class="gmail_quote"><div class="gmail_attr">{ATTRIBUTIONS[0].replace("<", "&lt;")}</div>'
        '<blockquote class="gmail_quote">Which size?</blockquote><div>42 please</div>'
        '<blockquote class="gmail_quote">Which colour?</blockquote><div>blue</div></div>'
    )
    parsed = parse_email(html_mail(source, In_Reply_To="<o@x>"))
    assert "42 please" in parsed.reply_text
    assert "blue" in parsed.reply_text


def test_spans_point_into_the_text_by_code_points() -> None:
    parsed = parse_email(
        raw_mail(
            f"😀 Дякую!\r\n\r\n{ATTRIBUTIONS[6]}\r\n> 😀 старе\r\n",
            In_Reply_To="<o@x>",
            Content_Type="text/plain; charset=utf-8",
        )
    )
    ((start, end),) = parsed.quoted
    assert parsed.text[:start].strip() == parsed.reply_text == "😀 Дякую!"
    assert parsed.text[start:end].startswith("вт, 3 лист.")


LINES = st.sampled_from(
    [
        "",
        "text",
        "> quote",
        ">> deeper",
        "-- ",
        "--",
        "____",
        "----",
        *ATTRIBUTIONS[:6],
        *BLOCKS[:2],
        *DELIMITERS[:2],
        *FOOTERS[:2],
        FORWARD,
        "Regards,",
    ]
) | st.text(max_size=30)


@given(st.lists(LINES, max_size=25), st.booleans())
def test_marks_of_any_text_are_spans_in_order_and_the_answer_is_what_they_leave(
    lines: list[str], is_reply: bool
) -> None:
    text = "\n".join(lines)
    found = mark_reply(text, "Re: x", is_reply)
    spans = sorted(found.quoted + found.signature)
    assert list(found.quoted) == sorted(found.quoted)
    assert list(found.signature) == sorted(found.signature)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))
    left = text
    for start, end in reversed(spans):
        left = left[:start] + left[end:]
    assert "".join(found.reply_text.split()) == "".join(left.split())
    assert found.reply_text or not text.strip()


def steps(text: str) -> int:
    """How many lines of Python marking a text takes: the same on every machine, unlike seconds."""
    count = 0

    def tracer(frame: object, event: str, argument: object) -> object:
        nonlocal count
        count += 1
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)  # type: ignore[arg-type]
    try:
        mark_reply(text, "Re: x", True)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "unit",
    [
        "> a\n",
        "> a\nb\n",
        "--\n",
        "____\n\n",
        "On 3 Nov 2026 a@b.c wrote\n",
        "From: a@b\nx\n",
        "Regards,\n",
        "\n",
        "-- \n> x\n",
        f"{ATTRIBUTIONS[0]}\n> x\n\ny\n",
    ],
)
def test_work_grows_with_the_text_and_no_faster(unit: str) -> None:
    small, large = steps(unit * 200), steps(unit * 800)
    assert large < small * 5 + 5000
