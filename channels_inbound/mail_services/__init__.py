"""Mail providers: mail they took for us goes the way of every mail, what they say of ours is put on the message."""
