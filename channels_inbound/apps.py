from django.apps import AppConfig


class ChannelsInboundConfig(AppConfig):
    name = "channels_inbound"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models are loaded only now: the spine learns what each kind can do, the house what calls and reports do.
        from channels_inbound.alarms import teach_notices
        from channels_inbound.hooks import greetings, invitations  # noqa: F401
        from channels_inbound.hooks.registry import register_kinds
        from channels_inbound.mail_services import reports  # noqa: F401
        from channels_inbound.phone import calls  # noqa: F401

        register_kinds()
        teach_notices()
