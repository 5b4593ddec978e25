"""Holds what arrived against what was produced and names every record that was lost, repeated or out of order."""
