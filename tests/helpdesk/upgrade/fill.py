"""Run by `manage.py shell` of the version whose data is kept here, on its demo shop: what the demo does not do by itself,
and less of what only takes room."""

from datetime import timedelta

from django.db import connection
from django.test import Client
from django.utils import timezone

from events.delivery import drain
from events.seals import seal_all
from people.models import Agent, Customer
from people.roles import save_role
from people.tokens import create_token
from privacy.consents import note_consent
from privacy.erasing import hold, start_erasure, work_erasures
from tickets import actions
from tickets.models import Ticket

admin = Agent.objects.filter(role="admin").order_by("pk").first()
agent = Agent.objects.filter(role="agent").order_by("pk").first()
tickets = list(Ticket.objects.visible_to(agent).order_by("pk"))
browser = Client(SERVER_NAME="localhost")
browser.force_login(agent)
for ticket in tickets[:8]:
    browser.get(f"/tickets/{ticket.pk}/", follow=True)
browser.get("/search/?q=parcel")
actions.add_note(tickets[0].pk, by=agent, text="Kept from an earlier version.")
save_role(None, by=admin, name="Night shift", permissions=["reply"], channels=[])
create_token(agent, "till", ("read",), 30)
customers = list(Customer.objects.filter(merged_into=None).order_by("pk"))
note_consent(customers[1], purpose="Newsletter", given=True, how="mail", proof="Order 7", by=admin)
hold(customers[2], reason="Chargeback 77", by=admin)
start_erasure(customers[-1], by=admin)
drain()
for _ in range(40):
    work_erasures(at=timezone.now() + timedelta(minutes=5))
drain()
with connection.cursor() as cursor:
    cursor.execute(
        "DELETE FROM channels_inbound_demomail WHERE id NOT IN (SELECT min(id) FROM channels_inbound_demomail)"
    )
    cursor.execute("DELETE FROM commerce_order WHERE id % 4 <> 0")
for _ in range(3):
    print("sealed", seal_all(at=timezone.now() + timedelta(minutes=1)))
