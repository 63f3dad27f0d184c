"""What the demo shop sells, in two languages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    slug: str
    price: str
    hue: int
    names: dict[str, str]
    about: dict[str, str]


PRODUCTS = (
    Product("fjellrev", "€189", 28, {"en": "Fjellrev boots", "uk": "Черевики Fjellrev"},
            {"en": "Waxed leather, warm to -15 °C. Sizes 36 to 46.",
            "uk": "Вощена шкіра, теплі до -15 °C. Розміри 36–46."}),
    Product("skagen", "€249", 205, {"en": "Skagen rain jacket", "uk": "Дощовик Skagen"},
            {"en": "Three layers, taped seams, a hood that stays on.",
            "uk": "Три шари, проклеєні шви, каптур, що не злітає."}),
    Product("lofoten", "€129", 150, {"en": "Lofoten wool sweater", "uk": "Вовняний светр Lofoten"},
            {"en": "Norwegian wool, knitted in Lviv.", "uk": "Норвезька вовна, зв’язано у Львові."}),
    Product("bivvy", "€329", 85, {"en": "Bivvy tent for two", "uk": "Намет Bivvy на двох"},
            {"en": "1.9 kg, stands in four minutes.", "uk": "1,9 кг, ставиться за чотири хвилини."}),
    Product("primus", "€64", 12, {"en": "Camp stove", "uk": "Похідний пальник"},
            {"en": "Boils a litre in three minutes.", "uk": "Кип’ятить літр за три хвилини."}),
    Product("tromso", "€39", 265, {"en": "Tromsø hat", "uk": "Шапка Tromsø"},
            {"en": "Merino. One size fits most heads.", "uk": "Мериносова. Розмір підходить майже всім."}),
)  # fmt: skip
SAID = {
    "en": {
        "tagline": "Made for rain, snow and long walks", "products": "Products", "cart": "Cart", "order": "My order",
        "add": "Put into cart", "empty": "Your cart is empty.", "remove": "Remove", "help": "Ask us about it",
        "sign_in": "Sign in as {name}", "sign_out": "Sign out", "order_title": "Order {number}", "total": "Total",
        "order_state": "On its way to you.", "other": "Українською", "no_order": "Sign in to see your order.",
        "no_demo": "There is nobody to sign in as: load the helpdesk's demo data first.",
        "demo": "A demo shop: nothing can be bought. It has an address of its own and embeds the chat as any would.",
    },
    "uk": {
        "tagline": "Для дощу, снігу й довгих прогулянок", "products": "Товари", "cart": "Кошик",
        "order": "Моє замовлення",
        "add": "До кошика", "empty": "Кошик порожній.", "remove": "Прибрати", "help": "Запитати про товар",
        "sign_in": "Увійти як {name}", "sign_out": "Вийти", "order_title": "Замовлення {number}", "total": "Разом",
        "order_state": "Уже в дорозі до вас.", "other": "In English",
        "no_order": "Увійдіть, щоб побачити своє замовлення.",
        "no_demo": "Нема ким увійти: спершу завантажте демонстраційні дані служби підтримки.",
        "demo": "Демонстраційний магазин: тут нічого не купити. Має власну адресу й вбудовує чат, як усі.",
    },
}  # fmt: skip
