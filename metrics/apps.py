from django.apps import AppConfig


class MetricsConfig(AppConfig):
    name = "metrics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from .telling import teach  # the models of other apps are ready only now

        teach()

        from .surveys.vouchers import teach as teach_vouchers

        teach_vouchers()

        from .brands import teach as teach_brands

        teach_brands()
