"""What Messenger, Instagram, WhatsApp and page comments share: one signature, one handshake, one kind of error."""
