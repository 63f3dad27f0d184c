"""Live chat: a widget on the shop's pages, the same tickets, the same door."""
