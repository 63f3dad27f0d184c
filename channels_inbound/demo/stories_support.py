"""What came to support@ in English."""

from __future__ import annotations

from datetime import timedelta

from channels_inbound.demo.script import Bounce, Change, Mail, Note, Person, Reply, Story
from channels_inbound.demo.shop import RETURNS, SUPPORT
from tickets.models import Priority

IRYNA = Person("Iryna Bondar", "iryna.bondar@lviv-trails.example")
JONAS = Person("Jonas Weber", "jonas.weber@bergpost.example")
PRIYA = Person("Priya Nair", "priya.nair@highlandmail.example")
TOM = Person("Tom Hargreaves", "tom@avonscouts.example")
ANNA = Person("Anna Hargreaves", "anna@avonscouts.example")
CAMILLE = Person("Camille Laurent", "camille.laurent@courrier.example")
SOFIE = Person("Sofie Dahl", "sofie.dahl@fjordpost.example")
MARCO = Person("Marco Bianchi", "marco.bianchi@dolomiti.example")
HELEN = Person("Helen O’Brien", "helen.obrien@galwaymail.example")
DAVID = Person("David Okafor", "david.okafor@harbour.example")
EMMA = Person("Emma Lindqvist", "emma.lindqvist@skogsmail.example")
LUKAS = Person("Lukas Novák", "lukas.novak@tatry.example")
PAUL = Person("Paul Schneider", "paul.schneider@alpenverein-muster.example")
GRACE = Person("Grace Whitfield", "grace.whitfield@peakdistrict.example")
YUKI = Person("Yuki Tanaka", "yuki.tanaka@yamatrail.example")
NINA = Person("Nina Petrov", "nina.petrov@rilapost.example")
OSCAR = Person("Oscar Jensen", "oscar@jensen-guiding.example")
LENA = Person("Lena Fischer", "lena.fischer@seepost.example")
BEN = Person("Ben Carter", "ben.carter@lakeland.example")

STUCK_SENDER = Person("Hanna Virtanen", "hanna.virtanen@lappimail.example")
STUCK_MAIL = """Hello,

we took your Vidda 2 through Lapland for nine days and it held in every storm. I would love to send you the photos:
which address takes large files?

And the question: is the footprint of the Vidda 3 the same size? I would buy only one.

Hanna"""

_NEWSLETTER = """<div style="font-family:Georgia,serif"><p>Hello Nordvik team,</p>
<p>the jacket you sent looks nothing like the picture in your spring mailing:</p>
<p><img src="https://images.nordvik.example/spring/snowbelt-moss.jpg" alt="Snowbelt jacket, moss green" width="320"></p>
<p>Mine is clearly <b style="color:#7a5c2e">brown</b>. Is this the same colour, or was the wrong one packed?</p>
<p>Kind regards,<br>Emma Lindqvist</p>
<img src="https://open.tracker.example/p.gif?id=48177" width="1" height="1" alt=""></div>"""

_INLINE = """<div><p>Good evening,</p><p>here is our camp above the lake. The small tear in the fly sheet is at the
second loop from the left. Is there a repair patch in the same orange?</p>
<p><img src="cid:picture-1" alt="Our camp"></p><p>Yuki</p></div>"""

SUPPORT_STORIES: tuple[Story, ...] = (
    Story(SUPPORT, IRYNA, (
        Mail("72m", "Hi!\n\nI ordered the Fjellrev boots in 42 but the box says 40, and we leave for the mountains on "
             "Friday. Can I swap them in time? Order 48213.\n\nIryna",
             subject="Wrong size delivered, trip on Friday", pictures=("box-label",)),
        Change("66m", "katrin", assignee="marta", tags=("exchange",), priority=Priority.HIGH),
        Note("41m", "dmytro", "@Marta the Lviv store has two pairs of 42. Courier can bring them tomorrow, no need to "
             "wait for the return."),
        Mail("2m", "I can bring the wrong pair anywhere in Lviv if it helps.\n\nIryna"),
    )),
    Story(SUPPORT, JONAS, (
        Mail("5 10:12", "Hello,\n\nI sent the tent back on the 9th, order 48190. When will I get my money?\n\n"
             "Best regards\nJonas Weber\n\n-- \nJonas Weber\nHauptstraße 12, 80331 München",
             subject="Refund for order 48190"),
        Change("5 10:40", "marta", assignee="marta", tags=("refund",)),
        Reply("5 10:55", "marta", "Hello Jonas,\n\nyour parcel reached our warehouse yesterday and we have released "
              "the "
              "refund of €219.00 today. Banks take two to four working days.\n\nKind regards\nMarta", then="pending"),
        Mail("9m", "Hello Marta,\n\nyou confirmed the return on the 19th. My bank shows nothing yet. Could you check "
             "where "
             "the money is?\n\nBest regards\nJonas Weber", quotes=True),
    )),
    Story(SUPPORT, PRIYA, (
        Mail("3h", "Good morning,\n\nthe second section of the Vidda 2 pole snapped while we were pitching the tent, "
             "no wind "
             "at all. Photo attached. Happy with a replacement section only.\n\nThanks,\nPriya",
             subject="Tent pole snapped on first use", pictures=("pole",)),
        Change("2.6h", "olena", assignee="olena", tags=("warranty",)),
        Reply("2.5h", "olena", "Good morning Priya,\n\nI am sorry, that should not happen. A new section is on its "
              "way to you "
              "today; it comes with a splint for the next trip. You can keep the broken one.\n\nOlena", then="pending"),
    )),
    Story(SUPPORT, TOM, (
        Mail("4 09:05", "Hello,\n\nwe are looking at 24 sleeping mats and 12 two-person tents for our summer camp. "
             "Do you "
             "offer group prices, and could you send a proforma invoice?\n\nMany thanks\nTom Hargreaves\n3rd Avon "
             "Sea Scouts",
             subject="Bulk order for scout group"),
        Change("4 09:30", "katrin", assignee="sofia", team="Wholesale", tags=("b2b",)),
        Reply("4 11:10", "sofia", "Hello Tom,\n\nfor 12 Vidda 2 and 24 Mose mats we can offer 18 % off and free "
              "delivery: "
              "€3,412.80 in all. Shall I prepare the proforma in the name of the group?\n\nSofia", then="pending"),
        Mail("3 15:44", "Hello Sofia,\n\nthat is very kind. Yes please, in the name of the group. Our treasurer will "
             "want to "
             "see it before the 28th.\n\nTom", quotes=True),
        Reply("3 16:20", "sofia", "Dear Tom,\n\nthe proforma goes out tomorrow morning. I have reserved the mats for "
              "two weeks."
              "\n\nSofia", then="pending"),
        Mail("1h", "Hello Sofia,\n\nI am Tom’s colleague and look after the money. Could the invoice be split over two "
             "months?\n\nAnna Hargreaves, treasurer", sender=ANNA, quotes=True),
    )),
    Story(SUPPORT, CAMILLE, (
        Mail("14m", "Hi,\n\nis the moss green Snowbelt coming back in medium? I have been checking every morning.\n"
             "\nCamille",
             subject="Snowbelt in moss green"),
    )),
    Story(SUPPORT, SOFIE, (
        Mail("1 17:35", "Hi there,\n\nthe code WINTER15 says it has expired, but your mail says it is good until "
             "Sunday.\n\n"
             "Sofie", subject="Discount code not accepted"),
        Change("1 17:50", "marta", assignee="marta", tags=("checkout",)),
        Reply("1 17:58", "marta", "Hi Sofie,\n\nyou are right, the code was switched off a day early. It works "
              "again, and I have "
              "added free delivery to your basket.\n\nMarta", then="solved"),
    )),
    Story(SUPPORT, MARCO, (
        Mail("22 11:20", "Hello, which of your stoves may I take on a plane? The listing does not say.\n\nMarco",
             subject="Stove on a plane"),
        Change("22 11:45", "sofia", assignee="sofia", tags=("pre-sale",)),
        Reply("22 12:02", "sofia", "Hello Marco,\n\nall three, as long as they are clean and empty; gas canisters "
              "never. The "
              "airline has the last word.\n\nSofia", then="solved"),
        Mail("26m", "Hello Sofia,\n\nit worked as you said. Now I am looking for a canister in Tromsø: does your "
             "shop there "
             "stock the 230 g ones?\n\nMarco", quotes=True),
    )),
    Story(SUPPORT, HELEN, (
        Mail("2 08:50", "Good morning,\n\nplease change the delivery address of order 48204 to my office: Unit 4, "
             "Dock Road, "
             "Galway. I will not be at home.\n\nHelen", subject="New delivery address for 48204"),
        Change("2 09:02", "marta", assignee="marta", tags=("delivery",)),
        Reply("2 09:06", "marta", "Good morning Helen,\n\nchanged: Unit 4, Dock Road, Galway. The courier comes on "
              "Wednesday "
              "between 9 and 12.\n\nMarta", then="solved"),
        Mail("2 09:15", "That was quick, thank you!\n\nHelen", quotes=True),
        Change("2 09:21", "marta", status="solved"),
    )),
    Story(SUPPORT, DAVID, (
        Mail("2 13:30", "Hello,\n\nI was charged twice for order 48199, €84.50 each time. Screenshots available. "
             "Please return "
             "one of them.\n\nDavid Okafor", subject="Charged twice"),
        Change("2 13:41", "katrin", assignee="marta", tags=("refund", "payment"), priority=Priority.URGENT),
        Reply("2 13:58", "marta", "Hello David,\n\nsorry about that. The second payment was only a reservation; it "
              "has been "
              "released and disappears within three days. I will look again on Thursday.\n\nMarta",
              refused="550 5.1.1 <david.okafor@harbour.example>: Recipient address rejected: mailbox full"),
    )),
    Story(SUPPORT, EMMA, (
        Mail("48m", "Hello Nordvik team, the jacket you sent looks nothing like the picture in your spring mailing. "
             "Mine is "
             "clearly brown. Is this the same colour, or was the wrong one packed? Kind regards, Emma Lindqvist",
             subject="Is this moss green?", html=_NEWSLETTER),
        Change("40m", "olena", assignee="olena", tags=("exchange",)),
    )),
    Story(SUPPORT, LUKAS, (
        Mail("6 14:02", "Hi, my parcel 48166 has been “in transit” for eight days. Can you find out where it is?\n"
             "\nLukas",
             subject="Parcel stuck in transit"),
        Change("6 14:20", "olena", assignee="olena", tags=("courier",)),
        Reply("6 14:44", "olena", "Hi Lukas,\n\nI have asked the courier to search for it; they answer within three "
              "working days. "
              "I will write as soon as I know.\n\nOlena"),
        Change("6 14:45", "olena", status="on_hold"),
        Note("3 10:10", "olena", "Courier: parcel scanned in Brno on the 14th, then nothing. Search runs until "
             "Friday, case "
             "C-77120."),
        Change("3 10:12", "olena", snooze=timedelta(days=5)),
    )),
    Story(SUPPORT, PAUL, (
        Mail("7 16:40", "Guten Tag,\n\nour club would like to order the Fjellrev boots for eleven guides. May we try "
             "two pairs "
             "first?\n\nPaul Schneider", subject="Boots for eleven mountain guides"),
        Change("7 17:05", "katrin", assignee="dmytro", team="Wholesale", tags=("b2b",)),
        Reply("7 17:30", "dmytro", "Guten Tag Herr Schneider,\n\ngladly. Tell me the two sizes and they leave "
              "tomorrow, free of "
              "charge for 30 days.\n\nDmytro Lys", then="pending"),
        Mail("7 17:32", "Thank you for your message. I am in the mountains until 1 December without network and will "
             "answer "
             "afterwards.", subject="Automatic reply: Boots for eleven mountain guides",
             headers=(("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All"))),
    )),
    Story(SUPPORT, GRACE, (
        Mail("3 12:00", "Hello, do you repair zips? My old Snowbelt is from 2016 and otherwise perfect.\n\nGrace",
             subject="Zip repair"),
        Change("3 12:20", "sofia", assignee="sofia", tags=("repair",)),
        Reply("3 12:31", "sofia", "Hello Grace,\n\nwe do: €18 including the way back. Shall I send a label?\n\nSofia",
              then="pending"),
        Bounce("3 12:33", "550 5.1.1 The email account that you tried to reach does not exist"),
    )),
    Story(SUPPORT, YUKI, (
        Mail("20h", "Good evening, here is our camp above the lake. The small tear in the fly sheet is at the second "
             "loop from "
             "the left. Is there a repair patch in the same orange? Yuki", subject="Repair patch in orange",
             html=_INLINE, inline_picture="camp"),
        Change("19h", "marta", assignee="marta", tags=("repair",)),
    )),
    Story(SUPPORT, NINA, (
        Mail("33m", "Hello!\n\nOne mail to both of your addresses, because I do not know who is responsible: the "
             "Mose mat loses "
             "air overnight. Bought on 2 November, order 48118. Repair or return?\n\nNina",
             subject="Sleeping mat loses air", also_to=(RETURNS,)),
    )),
    Story(SUPPORT, OSCAR, (
        Mail("9 10:00", "Hi,\n\ncan the invoice for 48102 carry my company’s name and VAT number? Jensen Guiding, "
             "DK12345674."
             "\n\nOscar", subject="Invoice with company name"),
        Change("9 10:12", "sofia", assignee="sofia", tags=("invoice",)),
        Reply("9 10:30", "sofia", "Hi Oscar,\n\nthe corrected invoice is in your account and on its way by mail.\n"
              "\nSofia",
              then="solved"),
    )),
    Story(SUPPORT, LENA, (
        Mail("2h", "Hello, is the Hytte stove safe inside the vestibule of the Vidda 3? The manual and your video "
             "say different "
             "things.\n\nLena", subject="Stove in the vestibule"),
        Change("1.8h", "marta", assignee="marta", tags=("product",), priority=Priority.HIGH),
        Note("1.7h", "marta", "Asked Tromsø which of the two is right. The video is from 2023."),
    )),
    Story(SUPPORT, BEN, (
        Mail("12 09:40", "Morning, could you send me the care instructions for merino once more? I lost the "
             "leaflet.\n\nBen",
             subject="Care instructions for merino"),
        Change("12 09:55", "olena", assignee="olena", tags=("product",), priority=Priority.LOW),
        Reply("12 10:01", "olena", "Good morning Ben,\n\n30 degrees, inside out, no softener, dry flat. The whole "
              "leaflet: "
              "https://nordvik.example/help/merino\n\nOlena", then="solved"),
    )),
)  # fmt: skip
