"""`make demo`: a demonstration. The simulators run beside a helpdesk with the demo shop; none of it is a real provider."""
