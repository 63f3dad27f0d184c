"""What the made-up customers and agents write: mails put together from phrases, with their search vectors.

Words follow about the frequencies of real mail: a few in every mail, product names in ever fewer, and some rare
words planted a known number of times, so that a measurement can assert what it found.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from people.finding.text import normalise, place_words, write_vector
from tickets.preview import preview_of

# Word -> messages it is planted in, whatever the size of the data (less than a tenth of the messages, or not at all).
PLANTED = {"zirconium": 7, "kaleidoscope": 40, "перламутр": 25, "marzipan": 200}
# In a fifth to two thirds of all messages.
COMMON = ("order", "parcel", "thank")

BODY_PLACE = 64  # subject and addresses come before it
ADDRESS_PLACE = 32
_SYLLABLES = tuple(consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou")
_NAMES_OF_PRODUCTS = 4000


@dataclass(frozen=True, slots=True)
class Body:
    """One text with its vector (placed from BODY_PLACE on) and the place where more words may follow."""

    text: str
    vector: str
    end: int
    language: str
    preview: str


def _phrases(**languages: str) -> dict[str, tuple[str, ...]]:
    """Phrases by language, one a line or parted by bars."""
    return {
        language: tuple(phrase.strip() for phrase in text.replace("\n", "|").split("|") if phrase.strip())
        for language, text in languages.items()
    }


_THINGS = _phrases(
    en="""
running shoes | winter jacket | coffee grinder | desk lamp | phone case | yoga mat | backpack | table |
tea set | headphones | rain coat | wool blanket | garden chair | bluetooth speaker | water bottle |
leather belt | kettle | picture frame
""",
    uk="""
кросівки | зимову куртку | кавомолку | настільну лампу | чохол для телефону | килимок для йоги | рюкзак |
чайний сервіз | навушники | дощовик | вовняну ковдру | садове крісло | колонку | пляшку для води |
шкіряний пояс | чайник
""",
    de="""
Laufschuhe | Winterjacke | Kaffeemühle | Schreibtischlampe | Handyhülle | Yogamatte | Rucksack | Teeservice |
Kopfhörer
""",
)
_ASKED = _phrases(
    en="""
I ordered {thing} {model} on {day} and the parcel has not arrived yet.
The {thing} from my order came with a scratch on one side.
Could you please tell me when my order will be sent?
I would like to return {thing} because the size does not fit.
The tracking page shows no change since {day}.
I was charged twice for the same order and want the second payment back.
Is the {model} still in stock in blue?
The courier left the parcel with a neighbour who knows nothing about it.
My discount code was not accepted.
Please change the delivery address to {city}, the office is closed that day.
The invoice shows the wrong company name.
One part of the {model} is missing, the box was open when I got it.
How long does the warranty of {thing} last?
I wrote to you on {day} and have had no answer since.
Can I pick up my order in {city} instead?
The refund has not reached my card after ten days.
Do you ship {model} abroad, and what would it cost?
The colour is very different from the picture on your page.
The charger of the {model} gets hot and smells strange.
""",
    uk="""
Я замовила {thing} {model} у {day}, але посилка ще не прийшла.
На товарі з мого замовлення є подряпина збоку.
Підкажіть, будь ласка, коли відправите моє замовлення?
Хочу повернути {thing}, бо не підійшов розмір.
З картки двічі списали кошти за одне замовлення.
Чи є {model} у наявності в синьому кольорі?
Кур'єр залишив посилку в сусідів, а вони нічого не знають.
Промокод на знижку не спрацював.
Змініть, будь ласка, адресу доставки на {city}.
У рахунку вказано неправильну назву компанії.
У коробці бракує однієї деталі від {model}.
Яка гарантія на {thing}?
Гроші за повернення досі не надійшли.
""",
    de="""
Ich habe am {day} {thing} {model} bestellt, aber das Paket ist noch nicht angekommen.
Ich möchte {thing} zurückgeben, weil die Größe nicht passt.
Wann wird meine Bestellung verschickt?
Mir wurde der Betrag zweimal abgebucht.
Auf der Rechnung steht der falsche Firmenname.
Bitte ändern Sie die Lieferadresse auf {city}.
Wie lange gilt die Garantie für {thing}?
""",
)
_ANSWERED = _phrases(
    en="""
Thank you for your message, I am sorry for the trouble with your order.
I have asked our warehouse about {model}.
Your parcel left our warehouse on {day} and should reach you within three days.
The refund was sent today.
Could you send us a photo of the damage, so that we can claim it from the carrier?
A return label is attached.
We have changed the address of the order to {city}.
The {model} will be back in stock on {day}.
Please keep the packaging until the parcel has been collected.
Your discount has been added to the order.
""",
    uk="""
Дякуємо за лист, перепрошуємо за незручності із замовленням.
Ми уточнили на складі щодо {model}.
Посилку передано перевізнику у {day}, вона прибуде протягом трьох днів.
Кошти повернули сьогодні.
Надішліть, будь ласка, фото пошкодження.
Адресу замовлення змінено на {city}.
Наклейку для повернення додано.
""",
    de="""
Vielen Dank für Ihre Nachricht, wir bitten um Entschuldigung.
Ihr Paket hat unser Lager am {day} verlassen.
Die Erstattung wurde heute veranlasst.
Bitte senden Sie uns ein Foto des Schadens.
{model} ist ab {day} wieder da.
""",
)
_SUBJECTS = _phrases(
    en="""
Where is my order?
Return of {thing}
Damaged parcel
Wrong size of {thing}
Invoice for my order
Refund not received
Question about {model}
Change of address
Missing part
Discount code does not work
Is {model} in stock?
""",
    uk="""
Де моє замовлення?
Повернення товару
Пошкоджена посилка
Не той розмір
Рахунок
Не надійшли кошти
Питання про {model}
Зміна адреси
Чи є {model}?
""",
    de="""
Wo ist meine Bestellung?
Rückgabe
Beschädigtes Paket
Rechnung
Erstattung
Frage zu {model}
""",
)
_HELLO = _phrases(
    en="""
Hello, | Hi, | Good morning, | Dear team,
""",
    uk="""
Добрий день! | Вітаю! | Доброго дня,
""",
    de="""
Guten Tag, | Hallo,
""",
)
_BYE = _phrases(
    en="""
Kind regards | Thank you | Best wishes | Thanks a lot
""",
    uk="""
Дякую | З повагою | Гарного дня
""",
    de="""
Mit freundlichen Grüßen | Danke
""",
)
_DAYS = _phrases(
    en="""
Monday | Tuesday | Wednesday | Thursday | Friday | Saturday
""",
    uk="""
понеділок | вівторок | середу | четвер | п'ятницю
""",
    de="""
Montag | Dienstag | Mittwoch | Donnerstag | Freitag
""",
)
_CITIES = _phrases(
    en="""
Bristol | Leeds | Dublin | Cork | Glasgow | Malmö | Lyon
""",
    uk="""
Київ | Львів | Одеса | Харків | Полтава | Чернівці
""",
    de="""
Köln | München | Graz | Zürich | Leipzig
""",
)
_GIVEN = _phrases(
    en="""
Anna | Ben | Chloé | David | Emma | Frank | Grace | Hugo | Isla | Jack | Kate | Liam | Mia | Noah | Olivia |
Paul | Ruth | Sam | Zoë | Siân
""",
    uk="""
Олена | Іван | Марія | Тарас | Оксана | Андрій | Наталія | Юрій | Софія | Дмитро | Ганна | Богдан | Ірина |
Роман
""",
    de="""
Jürgen | Käthe | Lukas | Sabine | Björn | Heike | Jonas | Ute
""",
)
_FAMILY = _phrases(
    en="""
Walker | O'Brien | Murphy | Taylor | Evans | Clarke | Hughes | Novák | Dubois | García | Larsen | Fischer |
Rossi | Wright | Byrne | Green
""",
    uk="""
Коваленко | Шевченко | Бондар | Мельник | Ткачук | Лисенко | Гончар | Савчук | Марченко | Романюк
""",
    de="""
Müller | Schröder | Weiß | Köhler | Becker | Krüger | Bauer
""",
)
LANGUAGES = ("en", "uk", "de")
_SHARES = (0.7, 0.22, 0.08)


class Writer:
    """Writes names, subjects and bodies; the same for the same seed."""

    def __init__(self, random: Random, bodies: int) -> None:
        self.random = random
        self.models = [self._model() for _ in range(_NAMES_OF_PRODUCTS)]
        counts = {language: max(3, int(bodies * share)) for language, share in zip(LANGUAGES, _SHARES, strict=True)}
        self.asked = {language: [self._body(language, _ASKED, 12) for _ in range(n)] for language, n in counts.items()}
        self.answered = {
            language: [self._body(language, _ANSWERED, 7) for _ in range(n // 2 + 2)] for language, n in counts.items()
        }
        self.subjects = {
            language: [self._filled(self._pick(_SUBJECTS, language), language) for _ in range(300)]
            for language in LANGUAGES
        }

    def language(self) -> str:
        return self.random.choices(LANGUAGES, _SHARES)[0]

    def name(self, language: str) -> tuple[str, str]:
        return self._pick(_GIVEN, language), self._pick(_FAMILY, language)

    def _model(self) -> str:
        syllables = "".join(self.random.choices(_SYLLABLES, k=self.random.choice((3, 3, 4))))
        return f"{syllables.capitalize()}-{self.random.randrange(10, 900)}"

    def _pick(self, table: dict[str, tuple[str, ...]], language: str) -> str:
        return self.random.choice(table[language])

    def _filled(self, phrase: str, language: str) -> str:
        # The nth most sold product is sold 1/n as often as the first.
        model = self.models[int(len(self.models) ** self.random.random()) - 1]
        things = {"thing": _THINGS, "day": _DAYS, "city": _CITIES}
        return phrase.format(model=model, **{name: self._pick(table, language) for name, table in things.items()})

    def _body(self, language: str, table: dict[str, tuple[str, ...]], most: int) -> Body:
        chosen = self.random.choices(table[language], k=self.random.randint(2, most))
        sentences = [self._filled(phrase, language) for phrase in chosen]
        paragraphs = [self._pick(_HELLO, language), " ".join(sentences), self._pick(_BYE, language)]
        text = "\n\n".join(paragraphs)
        places: dict[str, list[int]] = {}
        end = place_words(normalise(text), language, places, BODY_PLACE)
        return Body(text, write_vector(places), end, language, preview_of(text))
