"""Checks that `manage.py check --deploy` and every start run."""
