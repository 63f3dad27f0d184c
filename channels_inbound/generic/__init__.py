"""Any system that speaks our own small signed contract (docs/http-channel.md)."""
