"""Conversation memory: what was asked and answered, in documents of two system indices."""
