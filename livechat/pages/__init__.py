"""What agents and managers see of live chat."""
