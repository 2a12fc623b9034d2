"""Cluster settings and health: what holds for the whole node."""
