"""Joins customer conversations with Creatio cases, both ways."""
