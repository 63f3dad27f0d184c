"""What came to pidtrymka@, in Ukrainian."""

from __future__ import annotations

from datetime import timedelta

from channels_inbound.demo.script import Change, Mail, Note, Person, Reply, Story
from channels_inbound.demo.shop import UKRAINIAN
from tickets.models import Priority

OLEKSANDR = Person("Олександр Ткаченко", "o.tkachenko@poshta-lviv.example")
MARIIA = Person("Марія Коваленко", "maria.kovalenko@kyivmail.example")
ANDRII = Person("Андрій Мельник", "a.melnyk@karpaty.example")
NATALIIA = Person("Наталія Шевчук", "n.shevchuk@dniprolyst.example")
VIKTOR = Person("Віктор Бойко", "v.boiko@kharkivnet.example")
OKSANA = Person("Оксана Гнатюк", "oksana.hnatiuk@frankivsk.example")
SERHII = Person("Сергій Лисенко", "s.lysenko@odesa-mail.example")
YULIIA = Person("Юлія Романюк", "y.romaniuk@ternopil.example")
TARAS = Person("Тарас Юрʼєв", "taras@hory-club.example")
INNA = Person("Інна Дорошенко", "inna.doroshenko@poltavalyst.example")
PETRO = Person("Петро Савчук", "p.savchuk@volynmail.example")
KATERYNA = Person("Катерина Левченко", "k.levchenko@chernihiv.example")

UKRAINIAN_STORIES: tuple[Story, ...] = (
    Story(UKRAINIAN, OLEKSANDR, (
        Mail("21m", "Добрий день!\n\nТрекінг не оновлюється вже три дні, номер 20450812345678. Замовлення 48231. "
             "Підкажіть, будь ласка, коли її чекати: це подарунок на день народження в суботу.\n\nДякую,\nОлександр",
             subject="Де моя посилка?"),
        Change("18m", "katrin", assignee="marta", tags=("courier",)),
    )),
    Story(UKRAINIAN, MARIIA, (
        Mail("1 11:05", "Вітаю! Куртка «Сніговий пас» чудова, але розмір M завеликий. Чи можна обміняти на S того "
             "самого "
             "кольору? Бирки на місці. Дякую!", subject="Обмін куртки на інший розмір"),
        Change("1 11:20", "olena", assignee="olena", tags=("exchange",)),
        Reply("1 11:32", "olena", "Вітаю, Маріє!\n\nТак, S у кольорі «мох» є у Львові. Надсилаю накладну на "
              "повернення; щойно ви "
              "здасте посилку, ми відправимо S.\n\nОлена", then="pending"),
        Mail("55m", "Дякую, Олено! Здала сьогодні, номер 20450899001122.\n\nМарія", quotes=True),
    )),
    Story(UKRAINIAN, ANDRII, (
        Mail("4 18:20", "Доброго вечора!\n\nЧи підійде спальник Polar 600 на −15 °C? Плануємо Чорногору в січні.\n"
             "\nАндрій",
             subject="Спальник на −15 °C"),
        Change("4 18:40", "olena", assignee="olena", tags=("pre-sale",)),
        Reply("3 09:15", "olena", "Доброго ранку, Андрію!\n\nКомфорт Polar 600 до −9 °C, межа −16 °C. Для −15 °C "
              "радимо Polar 800 "
              "або вкладку з мериносу.\n\nОлена", then="pending"),
        Mail("3 10:02", "А яка вага у Polar 800 і чи влізе він у 15-літровий компресійник?", quotes=True),
        Reply("3 10:30", "olena", "Polar 800 важить 1340 г, стискається до 11 літрів, тож влізе із запасом.",
              then="pending"),
        Mail("3 12:11", "Супер. Останнє питання: чи можна забрати в магазині у Львові в суботу?", quotes=True),
        Reply("3 12:20", "olena", "Так, відклали для вас до неділі, вул. Городоцька, 10:00-20:00. Назвіть номер "
              "звернення.",
              then="pending"),
        Mail("2 14:15", "Забрав, дуже дякую! Лишу відгук після походу.", quotes=True),
        Change("2 14:30", "olena", status="solved"),
    )),
    Story(UKRAINIAN, NATALIIA, (
        Mail("6 12:45", "Добрий день! Оплата пройшла, але замовлення 48160 досі «очікує оплати».",
             subject="Оплата не зарахована"),
        Change("6 12:58", "marta", assignee="marta", tags=("payment",), priority=Priority.HIGH),
        Reply("6 13:10", "marta", "Добрий день, Наталіє!\n\nПлатіж знайшли, замовлення вже пакують. Перепрошую за "
              "хвилювання."
              "\n\nМарта", then="solved"),
    )),
    Story(UKRAINIAN, VIKTOR, (
        Mail("38m", "Добрий день. Прошу рахунок-фактуру на замовлення 48226 для ТОВ «Вершина», ЄДРПОУ 41234567.\n\n"
             "Віктор Бойко",
             subject="Рахунок-фактура"),
    )),
    Story(UKRAINIAN, OKSANA, (
        Mail("2 19:30", "Вечір добрий. Чоботи Fjellrev натирають праву пʼяту навіть після двох тижнів. Це брак чи "
             "мій розмір?"
             "\n\nОксана", subject="Чоботи натирають"),
        Change("2 19:44", "olena", assignee="olena", tags=("product",)),
        Reply("1 09:20", "olena", "Доброго ранку, Оксано!\n\nЧи можете надіслати фото устілки та пʼяти зсередини? "
              "Якщо шов лежить "
              "нерівно, замінимо пару.\n\nОлена", then="pending"),
    )),
    Story(UKRAINIAN, SERHII, (
        Mail("5 08:10", "Доброго дня! Замовив килимок, а прийшов зелений замість синього. Лишу собі, якщо зробите "
             "знижку 10 %.",
             subject="Не той колір килимка"),
        Change("5 08:30", "marta", assignee="marta", tags=("exchange",)),
        Reply("5 08:41", "marta", "Доброго дня, Сергію!\n\nЗгода: 10 % повернули на картку сьогодні. Дякую за "
              "розуміння!\n\nМарта",
              then="solved"),
    )),
    Story(UKRAINIAN, YULIIA, (
        Mail("4h", "Добрий день!\n\nЧому не можу увійти в кабінет? Пише «забагато спроб», хоча я пробувала двічі.\n"
             "\nЮлія",
             subject="Не можу увійти в кабінет"),
        Change("3.8h", "marta", assignee="marta", tags=("account",)),
        Reply("3.7h", "marta", "Добрий день, Юліє!\n\nОбмеження діє 15 хвилин, я його зняла. Спробуйте ще раз і "
              "напишіть, якщо не "
              "вийде.\n\nМарта", unclear="The worker stopped while sending."),
    )),
    Story(UKRAINIAN, TARAS, (
        Mail("1 15:00", "Вітаю!\n\nГірський клуб «Гори» хоче 15 каремата зі знижкою. З ким говорити?\n\nТарас Юрʼєв",
             subject="Знижка для клубу"),
        Change("1 15:10", "katrin", assignee="dmytro", team="Wholesale", tags=("b2b",)),
        Note("1 15:25", "dmytro", "Давній клуб, минулого року брали на 40 тисяч. Даю 12 %."),
        Reply("1 15:40", "dmytro", "Вітаю, Тарасе!\n\nДля клубу 12 % і безкоштовна доставка. На яку адресу "
              "рахунок?\n\nДмитро",
              then="pending"),
    )),
    Story(UKRAINIAN, INNA, (
        Mail("24 10:00", "Добрий день! Чи буде у вас намет Vidda 4 (чотиримісний)?\n\nІнна", subject="Намет Vidda 4"),
        Change("24 10:20", "olena", assignee="olena", tags=("pre-sale",)),
        Reply("24 10:35", "olena", "Добрий день, Інно!\n\nПлануємо на березень. Хочете, напишемо першій?\n\nОлена",
              then="solved"),
    )),
    Story(UKRAINIAN, PETRO, (
        Mail("8 13:00", "Доброго дня, коли повернете кошти за замовлення 48133? Пальник здав 12-го.\n\nПетро",
             subject="Повернення коштів 48133"),
        Change("8 13:15", "katrin", assignee="marta", tags=("refund",)),
        Reply("8 13:40", "marta", "Доброго дня, Петре!\n\nПовернення 2 340 грн пішло до банку. Перевірю в "
              "понеділок.\n\nМарта"),
        Change("8 13:41", "marta", status="on_hold", snooze=timedelta(days=10)),
    )),
    Story(UKRAINIAN, KATERYNA, (
        Mail("6m", "Добрий день! Чи можна змінити відділення для замовлення 48240 на Чернігів, №7? Ще не відправили, "
             "сподіваюся.\n\n"
             "Катерина", subject="Змінити відділення доставки"),
    )),
)  # fmt: skip
