from django.apps import AppConfig


class ChannelsInboundConfig(AppConfig):
    name = "channels_inbound"
    default_auto_field = "django.db.models.BigAutoField"
