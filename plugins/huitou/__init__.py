"""Huitou (回头): a shop's nights, from files as sent to messages accepted once."""

__version__ = "0.1.0"
