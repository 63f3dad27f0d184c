from django.apps import AppConfig


class CommerceConfig(AppConfig):
    name = "commerce"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import conditions, placeholders, suggesting  # the models of other apps are ready only now

        placeholders.teach()
        conditions.teach()
        suggesting.teach()
