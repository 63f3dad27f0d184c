"""The contact form of a mail channel: a page of its own, also in a frame of other pages; no third party guards it."""
