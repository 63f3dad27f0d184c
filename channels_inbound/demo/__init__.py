"""The demo shop: weeks of mail and answers, played through the doors that real ones take."""

from .load import Along, Loaded, load_demo_shop, shop_is_empty

__all__ = ["Along", "Loaded", "load_demo_shop", "shop_is_empty"]
