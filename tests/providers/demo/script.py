"""What happens in the demonstration, in seconds after its start."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    after: float
    provider: str
    who: int
    name: str
    text: str


SCRIPT = (
    Line(2, "messenger", 700101, "Zoe Bauer", "Hi! Is the Fjellrev boot true to size? I am between 39 and 40."),
    Line(5, "whatsapp", 700102, "Олена Коваленко", "Добрий день! Коли приїде моє замовлення 48213?"),
    Line(8, "telegram", 700103, "Taras Melnyk", "Привіт, можна змінити адресу доставки?"),
    Line(11, "instagram", 700104, "Ana Costa", "Love the orange tent in your story. Is it still in stock?"),
    Line(14, "fb_comments", 700105, "Jonas Weber", "Mine leaked on the first night. What now?"),
    Line(17, "sms", 700106, "", "Parcel says delivered but nothing is here"),
    Line(20, "x", 1450000000000000777, "Jamie Reyes", "hi, order 48190 is still not here, could you look?"),
    Line(23, "ig_comments", 700108, "olena k", "How much is shipping to Poland?"),
    Line(26, "http", 700109, "Market buyer 88", "Does the stove fit the small gas cartridge?"),
    Line(30, "whatsapp", 700102, "Олена Коваленко", "І ще одне: чи можна оплатити карткою при отриманні?"),
    Line(33, "x", 1450000000000000778, "Mika Aalto", "@nordvik your size table is upside down on phones"),
    Line(36, "messenger", 700101, "Zoe Bauer", "I would take 40 then, if I may send them back."),
)
# Between two of these somebody calls and hangs up after it rang a while.
CALL_AFTER = 40.0
CALLER = (700110, "Iryna Bondar")
