"""The inbox pages: views, list, conversation. Reads and shows; every write is an action of `tickets.actions`."""
