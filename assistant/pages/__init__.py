"""The bot's pages for agents."""
