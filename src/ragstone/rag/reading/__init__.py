"""Answering a question from a few passages, by rules: no model, no network, the same answer every time.

`conversation` finds passages and question in chat messages; `answer` decides what kind of question it is. Questions
about figures are answered from `statements` (a quantity, of what, when), all others by quoting a sentence
(`passages`). English only.
"""
