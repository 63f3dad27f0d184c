"""The bot: it answers from the help centre and from orders, and hands over to people. No language model."""
