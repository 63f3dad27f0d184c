"""What came to returns@."""

from __future__ import annotations

from datetime import timedelta

from channels_inbound.demo.script import Change, Mail, Note, Person, Reply, Story
from channels_inbound.demo.shop import RETURNS
from tickets.models import Priority

ALICE = Person("Alice Moreau", "alice.moreau@courrier.example")
KARL = Person("Karl Brandt", "karl.brandt@nordseepost.example")
SARA = Person("Sara Lund", "sara.lund@fjordpost.example")
PETER = Person("Peter Kowalski", "peter.kowalski@baltykmail.example")
MIA = Person("Mia Johansson", "mia.johansson@skogsmail.example")
JAMES = Person("James Fletcher", "j.fletcher@borders.example")
CHLOE = Person("Chloé Dubois", "chloe.dubois@savoie.example")
DANIEL = Person("Daniel Horvat", "daniel.horvat@kvarner.example")
RUTH = Person("Ruth Meyer", "ruth.meyer@rheinpost.example")

_CALENDAR_QUOTE = (
    "<div><p>Hello,</p><p>the seam of the left shoulder opened after three weeks, see the picture. I use the "
    "backpack for "
    "commuting, never more than 8 kg.</p><ul><li>Order: 48091</li><li>Bought: 30 October</li></ul><p>Mia</p></div>"
)

RETURNS_STORIES: tuple[Story, ...] = (
    Story(RETURNS, ALICE, (
        Mail("3h", "Bonjour,\n\nI would like to return the Hytte stove, unused. Order 48220. How do I get the "
             "label?\n\nAlice",
             subject="Return of an unused stove"),
        Change("2.7h", "dmytro", assignee="dmytro", tags=("return",)),
        Reply("2.4h", "dmytro", "Bonjour Alice,\n\nyour label: https://nordvik.example/returns/48220. Drop it at any "
              "Relais point "
              "within 14 days; the refund follows two days after it arrives.\n\nDmytro", then="pending"),
    )),
    Story(RETURNS, KARL, (
        Mail("7 09:30", "Moin,\n\nthe return label for 48151 cannot be scanned. The lady at the counter tried three "
             "times.\n\nKarl",
             subject="Label cannot be scanned"),
        Change("7 09:41", "marta", assignee="marta", tags=("return",)),
        Reply("7 09:50", "marta", "Moin Karl,\n\na new label is attached to your account, this time as a QR code.\n"
              "\nMarta",
              then="pending"),
        Mail("6 18:00", "Worked. Thanks!", quotes=True),
        Change("6 18:20", "marta", status="solved"),
    )),
    Story(RETURNS, SARA, (
        Mail("52m", "Hello,\n\nI returned two jackets but was refunded for one (€179 of €358). Return number "
             "R-20811.\n\nSara",
             subject="Only one of two jackets refunded"),
        Change("45m", "katrin", assignee="dmytro", tags=("refund", "return"), priority=Priority.HIGH),
        Note("30m", "dmytro", "Warehouse found the second jacket: it was booked under 48155 by mistake."),
    )),
    Story(RETURNS, PETER, (
        Mail("10 14:10", "Good day,\n\nI want to exchange the Fjellrev from 44 to 45. May I send them without the "
             "box?\n\nPeter",
             subject="Exchange 44 to 45 without box"),
        Change("10 14:25", "dmytro", assignee="dmytro", tags=("exchange",)),
        Reply("10 14:40", "dmytro", "Good day Peter,\n\nyes, any box will do. The 45 is reserved for you.\n\n"
              "Dmytro", then="solved"),
    )),
    Story(RETURNS, MIA, (
        Mail("1 13:15", "Hello, the seam of the left shoulder opened after three weeks, see the picture. Order "
             "48091. Mia",
             subject="Open seam after three weeks", html=_CALENDAR_QUOTE, pictures=("seam",)),
        Change("1 13:30", "marta", assignee="marta", tags=("warranty",)),
        Reply("1 13:52", "marta", "Hello Mia,\n\nthat is a fault of ours. Would you like a new one or the money "
              "back? Either way you "
              "need not send it in.\n\nMarta", then="pending"),
        Mail("11m", "Hello Marta,\n\na new one please, in the same blue. Thank you, that is generous.\n\nMia",
              quotes=True),
    )),
    Story(RETURNS, JAMES, (
        Mail("19 10:10", "Hi, can worn socks be returned? They shrank at 30 degrees.\n\nJames", subject="Shrunken "
             "socks"),
        Change("19 10:30", "dmytro", assignee="dmytro", tags=("warranty",)),
        Reply("19 10:44", "dmytro", "Hi James,\n\nmerino should not do that. New ones are on their way, keep the "
              "small ones for a "
              "small friend.\n\nDmytro", then="solved"),
    )),
    Story(RETURNS, CHLOE, (
        Mail("2 10:30", "Bonjour,\n\nI sent the tent back on Monday (R-20798) and then saw that the pegs are still "
             "here. Shall I send "
             "them too?\n\nChloé", subject="Forgotten tent pegs"),
        Change("2 10:48", "marta", assignee="marta", tags=("return",)),
        Reply("2 11:00", "marta", "Bonjour Chloé,\n\nkeep them, we pack new ones. The refund leaves on Friday.\n\n"
              "Marta"),
        Change("2 11:01", "marta", snooze=timedelta(days=4)),
    )),
    Story(RETURNS, DANIEL, (
        Mail("17m", "Good afternoon,\n\nthe courier refuses to collect the kayak bag because it is longer than 120 "
             "cm. What now? "
             "Return R-20822.\n\nDaniel Horvat", subject="Courier will not take the parcel"),
    )),
    Story(RETURNS, RUTH, (
        Mail("3 16:05", "Hallo,\n\nbitte stornieren Sie die Retoure R-20775, ich behalte die Jacke doch.\n\nRuth Meyer",
             subject="Retoure stornieren"),
        Change("3 16:20", "dmytro", assignee="dmytro", tags=("return",)),
        Reply("3 16:26", "dmytro", "Hallo Frau Meyer,\n\nstorniert. Viel Freude mit der Jacke!\n\nDmytro Lys", then=
             "solved"),
    )),
)  # fmt: skip
