from django.apps import AppConfig


class ChannelsInboundConfig(AppConfig):
    name = "channels_inbound"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models are loaded only now; the spine learns what each kind of channel can do.
        from channels_inbound.hooks.registry import register_kinds

        register_kinds()
