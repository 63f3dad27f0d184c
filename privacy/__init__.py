"""What is kept of people, for whom, and the end of it: holds, exports, erasures, the inventory of data."""
