"""Mails as customers of an outdoor shop write them: for trying the helpdesk out."""

from __future__ import annotations

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from io import BytesIO

from django.utils import timezone
from PIL import Image, ImageDraw

from channels_inbound.email.headers_out import POLICY, one_line


@dataclass(frozen=True, slots=True)
class SampleMail:
    """One customer's mail; `html` and `picture` make it the kind that phones send."""

    name: str
    address: str
    subject: str
    text: str
    html: str = ""
    picture: str = ""


SAMPLES = (
    SampleMail(
        "Iryna Bondar", "iryna.bondar@customer.example", "Wrong size delivered, trip on Friday",
        "Hi!\n\nI ordered the Fjellrev boots in 42 but the box says 40, and we leave for the mountains on Friday. "
        "Can I swap them in time? Order 48213.\n\nI can bring the wrong pair anywhere in Lviv if it helps.\n\nIryna",
        picture="box-label.png",
    ),
    SampleMail(
        "Jonas Weber", "jonas.weber@customer.example", "Refund for order 48190 still missing",
        "Hello,\n\nyou confirmed the return on the 9th. My bank shows nothing yet. "
        "Could you check where the money is?\n\nBest regards\nJonas Weber\n\n"
        "-- \nJonas Weber\nHauptstraße 12, 80331 München",
        html="<p>Hello,</p><p>you confirmed the return on the <b>9th</b>. My bank shows nothing yet. "
        "Could you check where the money is?</p><p>Best regards<br>Jonas Weber</p>",
    ),
    SampleMail(
        "Олександр Ткаченко", "o.tkachenko@customer.example", "Де моя посилка?",
        "Добрий день!\n\nТрекінг не оновлюється вже три дні, номер 20450812345678. Замовлення 48231. "
        "Підкажіть, будь ласка, коли її чекати: це подарунок на день народження в суботу.\n\nДякую,\nОлександр",
    ),
    SampleMail(
        "Priya Nair", "priya.nair@customer.example", "Tent pole snapped on first use",
        "Good morning,\n\nthe second section of the Vidda 2 pole snapped while we were pitching the tent, "
        "no wind at all. Photo attached. Happy with a replacement section only.\n\nThanks,\nPriya",
        picture="pole.png",
    ),
    SampleMail(
        "Марія Коваленко", "maria.kovalenko@customer.example", "Обмін куртки на інший розмір",
        "Вітаю! Куртка «Сніговий пас» чудова, але розмір M завеликий. Чи можна обміняти на S того самого кольору? "
        "Бирки на місці. Дякую!",
    ),
    SampleMail(
        "Tom Hargreaves", "tom@scouts.example", "Bulk order for scout group",
        "Hello,\n\nwe are looking at 24 sleeping mats and 12 two-person tents for our summer camp. Do you offer group "
        "prices, and could you send a proforma invoice?\n\nMany thanks\nTom Hargreaves\n3rd Avon Sea Scouts",
    ),
)  # fmt: skip


def write_mail(
    sample: SampleMail, *, to: str, in_reply_to: str = "", references: str = "", reply: str = ""
) -> EmailMessage:
    """The sample as a mail of today; with `in_reply_to` it answers that mail."""
    mail = EmailMessage(policy=POLICY)
    mail["From"] = Address(one_line(sample.name, 100), addr_spec=sample.address)
    mail["To"] = to
    mail["Subject"] = one_line(sample.subject, 400)
    mail["Date"] = format_datetime(timezone.now())
    mail["Message-ID"] = make_msgid(domain=sample.address.rpartition("@")[2])
    if in_reply_to:
        mail["In-Reply-To"] = in_reply_to
        mail["References"] = f"{references} {in_reply_to}".strip()
    if reply:
        mail["Reply-To"] = reply
    mail.set_content(sample.text + "\n")
    if sample.html:
        mail.add_alternative(sample.html, subtype="html")
    if sample.picture:
        mail.add_attachment(_picture(sample.picture), maintype="image", subtype="png", filename=sample.picture)
    return mail


def _picture(label: str) -> bytes:
    """A small picture that says what it stands for."""
    image = Image.new("RGB", (640, 420), "#e7e2d8")
    draw = ImageDraw.Draw(image)
    draw.rectangle((60, 60, 580, 360), outline="#5b6b52", width=6)
    draw.text((260, 200), label, fill="#3c4536")
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
