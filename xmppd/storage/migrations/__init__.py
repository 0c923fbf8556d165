"""Migrations of the SQL schema. Each is one transaction and adds before it removes."""
