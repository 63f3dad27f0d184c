"""Public comments on a page's and an Instagram account's posts."""
