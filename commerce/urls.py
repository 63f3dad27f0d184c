from django.urls import path

from commerce.hooks import shop_hook

from .pages import orders, shops

urlpatterns = [
    path("shops/", shops.shops, name="shops"),
    path("shops/new/", shops.edit_shop, name="shop_new"),
    path("shops/<int:shop_id>/", shops.edit_shop, name="shop_edit"),
    path("shops/<int:shop_id>/remove/", shops.remove_shop, name="shop_remove"),
    path("shops/<int:shop_id>/orders/", shops.upload_orders, name="orders_upload"),
    path("shops/imports/<int:import_id>/", shops.order_import, name="order_import"),
    path("shops/imports/<int:import_id>/progress/", shops.import_progress, name="import_progress"),
    path("shops/hooks/<slug:key>/", shop_hook, name="shop_hook"),
    path("tickets/<int:ticket_id>/orders/", orders.ticket_orders, name="ticket_orders"),
    path("customers/<int:customer_id>/orders/", orders.customer_orders, name="customer_orders"),
]
