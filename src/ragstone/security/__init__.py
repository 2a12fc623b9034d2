"""Who may what: users, roles, mappings, action groups; permissions; the audit log.

Services ask through `core.caller`; nothing below `rest` needs to know whether security is on.
"""
