"""Preference training whose right answer may be indifference."""
