"""The long thread, the follow-up of a closed ticket, a newsletter, a stranger who quotes a number, and everyday "
"ones."""

from __future__ import annotations

from channels_inbound.demo.script import Change, Mail, Note, Person, Reply, Story
from channels_inbound.demo.shop import SUPPORT, UKRAINIAN
from channels_inbound.demo.stories_support import JONAS
from tickets.models import Priority

ELIN = Person("Elin Strand", "elin.strand@tromsomail.example")
SAM = Person("Sam Whitaker", "sam.whitaker@dales.example")
ROSA = Person("Rosa Delgado", "rosa.delgado@pirineo.example")
FELIX = Person("Felix Hartmann", "felix.hartmann@harzpost.example")
LIAM = Person("Liam Byrne", "liam.byrne@wicklow.example")
TRADE = Person("Outdoor Trade Weekly", "news@outdoortrade.example")
CLARA = Person("Clara Hoffmann", "clara.hoffmann@bodensee.example")
IVAN = Person("Іван Кравець", "i.kravets@zakarpattia.example")
OLGA = Person("Ольга Мороз", "olha.moroz@sumylyst.example")
HUGO = Person("Hugo Martins", "hugo.martins@serra.example")
FREYA = Person("Freya Nilsen", "freya.nilsen@lofotpost.example")

_LONG_THREAD = (
    Mail("14 09:12", "Hello Nordvik,\n\nI am planning eleven days on the Padjelanta trail in February and want to "
         "buy everything from "
         "one shop. Can somebody help me choose? Tent, bag, mat, stove.\n\nElin", subject="Kit for a winter crossing"),
    Change("14 09:30", "marta", assignee="marta", tags=("advice", "vip")),
    Reply("14 09:58", "marta", "Hello Elin,\n\nwith pleasure. Alone or in company, and how cold do you sleep?\n\nMarta",
          then="pending"),
    Mail("14 11:20", "Alone, pulling a sled. I sleep cold.\n\nElin", quotes=True),
    Reply("14 12:05", "marta", "Then I would take:\n\n- Vidda 2 with snow flaps\n- Polar 1000\n- Mose Winter mat, R "
          "6.9\n- Hytte "
          "multi-fuel\n\nMarta", then="pending"),
    Mail("13 08:40", "Is the Vidda 2 not too heavy? 3.1 kg.", quotes=True),
    Reply("13 09:02", "marta", "On a sled the weight matters less than a door you can open with mittens. I would "
          "keep it.\n\nMarta",
          then="pending"),
    Mail("12 19:15", "Convinced. What about the stove at −30?", quotes=True),
    Note("12 20:00", "olena", "Tromsø uses the multi-fuel on Svalbard, with white gas it starts at −35."),
    Reply("11 08:55", "marta", "With white gas it starts at −35; our people on Svalbard use nothing else. Take a "
          "spare pump.\n\nMarta",
          then="pending"),
    Mail("11 10:31", "Good. Could you hold everything until the 25th? My salary comes on the 24th.", quotes=True),
    Reply("11 10:45", "marta", "Held until the 27th, so that there is no hurry.\n\nMarta", then="pending"),
    Mail("24m", "Good morning Marta,\n\nthe 24th is here! Please send the payment link. And one more thing: does the "
         "bag come with a "
         "storage sack, or should I order one?\n\nElin", quotes=True),
)  # fmt: skip

MORE_STORIES: tuple[Story, ...] = (
    Story(SUPPORT, ELIN, _LONG_THREAD),
    Story(SUPPORT, SAM, (
        Mail("27 10:00", "Hello, the buckle of my Rygg 45 backpack broke. Where can I buy a new one?\n\nSam",
             subject="Buckle for the Rygg 45"),
        Change("27 10:15", "sofia", assignee="sofia", tags=("repair",)),
        Reply("27 10:24", "sofia", "Hello Sam,\n\nwe have put two into an envelope for you, free of charge.\n\n"
              "Sofia", then="solved"),
        # Closed by the timer after two weeks, so this opens a follow-up that is linked to it.
        Mail("2 17:25", "Hello Sofia,\n\nthe buckles came, thank you. Now the hip belt has gone too. Same "
             "procedure?\n\nSam",
             quotes=True),
        Change("1 09:05", "sofia", assignee="sofia", tags=("repair",)),
    )),
    Story(SUPPORT, ROSA, (
        Mail("5 11:30", "Hola,\n\nthe gift card I bought never arrived (order 48172). It was for a birthday "
             "yesterday...\n\nRosa",
             subject="Gift card never arrived"),
        Change("5 11:36", "katrin", assignee="marta", tags=("gift card",), priority=Priority.URGENT),
        Reply("5 11:48", "marta", "Hola Rosa,\n\nI am sorry. The card is in your mail now, with €10 more on it than "
              "you paid for.\n\n"
              "Marta", then="solved"),
    )),
    Story(SUPPORT, FELIX, (
        Mail("44m", "Hello,\n\nmy friend Jonas got his refund question answered under [#?]. I have the same "
             "problem with 48187, can "
             "you look into both?\n\nFelix", subject="Refund like [#?]", about=JONAS),
    )),
    Story(SUPPORT, LIAM, (
        Mail("1 10:10", "Hi, does the rain cover fit the 65 litre pack?\n\nLiam", subject="Rain cover for 65 litres"),
        Change("1 10:22", "olena", assignee="olena", tags=("pre-sale",)),
        Reply("1 10:30", "olena", "Hi Liam,\n\nthe L does, up to 75 litres.\n\nOlena", then="solved"),
    )),
    Story(SUPPORT, TRADE, (
        Mail("1 07:00", "This week: wool prices, two new fairs, and why tents get lighter.\n\nYou receive this "
             "because you subscribed.",
             subject="Outdoor Trade Weekly, no 47",
             headers=(("List-Id", "Outdoor Trade Weekly <weekly.outdoortrade.example>"),
                      ("List-Unsubscribe", "<mailto:leave@outdoortrade.example>"), ("Precedence", "list"))),
        Change("1 09:10", "olena", status="solved", priority=Priority.LOW),
    )),
    Story(SUPPORT, CLARA, (
        Mail("3 09:20", "Guten Morgen,\n\ncan I pay by invoice as a private customer?\n\nClara Hoffmann", subject=
             "Payment by invoice"),
        Change("3 09:33", "sofia", assignee="sofia", tags=("payment",)),
        Reply("3 09:41", "sofia", "Guten Morgen Frau Hoffmann,\n\nyes, up to €250, within 14 days.\n\nSofia", then=
             "solved"),
    )),
    Story(SUPPORT, HUGO, (
        Mail("19h", "Hello,\n\nordered by mistake: please cancel 48233 before it ships.\n\nHugo", subject=
             "Please cancel 48233"),
        Change("18.7h", "marta", assignee="marta", tags=("cancellation",), priority=Priority.HIGH),
        Reply("18.5h", "marta", "Hello Hugo,\n\ncancelled, the money goes back today.\n\nMarta", then="solved"),
    )),
    Story(SUPPORT, FREYA, (
        Mail("1 19:45", "Hei!\n\nThank you for the boots, they survived Lofoten. One lace did not: can I buy a "
             "pair?\n\nFreya",
             subject="Laces for the Fjellrev"),
        Change("1 19:58", "marta", assignee="marta", tags=("product",), priority=Priority.LOW),
        Reply("1 20:10", "marta", "Hei Freya,\n\nwhat a nice mail. Laces are on the house, which colour?\n\nMarta",
              then=
             "pending"),
    )),
    Story(UKRAINIAN, IVAN, (
        Mail("9 16:00", "Вітаю! Чи відправляєте на Закарпаття курʼєром до дверей?\n\nІван", subject="Доставка на "
             "Закарпаття"),
        Change("9 16:12", "olena", assignee="olena", tags=("delivery",)),
        Reply("9 16:20", "olena", "Вітаю, Іване! Так, два-три дні, 95 грн.\n\nОлена", then="solved"),
    )),
    Story(UKRAINIAN, OLGA, (
        Mail("1.5h", "Добрий день.\n\nКупила термос 12-го, він не тримає тепло: за три години чай холодний. Що "
             "робити?\n\nОльга",
             subject="Термос не тримає тепло"),
        Change("1.4h", "olena", assignee="olena", tags=("warranty",)),
    )),
    Story(SUPPORT, Person("Growth Team", "hello@rank-boost.example"), (
        Mail("6 03:12", "Dear owner,\n\nwe can bring your shop to page one of every search engine in 48 hours. Reply "
             "YES for our price list.\n\nGrowth Team",
             subject="Page one in 48 hours, guaranteed"),
        Change("6 08:40", "olena", spam=True),
    )),
)  # fmt: skip
