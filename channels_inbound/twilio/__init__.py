"""Twilio: SMS, WhatsApp by Twilio, and calls."""
