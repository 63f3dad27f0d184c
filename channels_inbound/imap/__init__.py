"""Mail from IMAP mailboxes: `fetcher` keeps threads at work, `visit` is one of them, `cursor` is what they commit."""
