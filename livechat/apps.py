from django.apps import AppConfig


class LivechatConfig(AppConfig):
    name = "livechat"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The registry stands below: it learns here that there is one more provider, and of what kind.
        from channels_inbound.hooks.registry import register_provider

        register_provider("chat", "livechat.provider.LiveChat")

        from livechat.telling import teach  # the models of other apps are ready only now

        teach()
