"""Dates as Ukrainians write them: no leading zero, months in the genitive. What is not said here Django says."""

DATE_FORMAT = "j E Y р."
DATETIME_FORMAT = "j E Y р., H:i"
MONTH_DAY_FORMAT = "j E"
