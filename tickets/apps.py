from django.apps import AppConfig


class TicketsConfig(AppConfig):
    name = "tickets"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from people.channel_names import teach_channels  # here, since models are not there before
        from tickets.audit.alarm import teach
        from tickets.models import Channel

        teach()
        teach_channels(lambda: list(Channel.objects.order_by("name").values_list("pk", "name")))
