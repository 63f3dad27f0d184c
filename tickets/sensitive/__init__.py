"""What nobody should read by the way: cards, documents, passwords, keys. Found, masked, shown on purpose, gone."""
