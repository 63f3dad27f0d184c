"""Dates by the 24-hour clock, as times stand everywhere else on the page. What is not said here Django says."""

DATE_FORMAT = "j E Y"
DATETIME_FORMAT = "j E Y, H:i"
MONTH_DAY_FORMAT = "j E"
