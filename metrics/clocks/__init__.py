"""The clocks of a ticket: what its history makes of them, pure; what rows and screens show of that; who watches."""
