"""Agents: named lists of tools that are run one after the other."""
