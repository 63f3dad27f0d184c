"""Pages about channels: the frame of a mail, its source, quarantine, health, the demo mailbox."""
