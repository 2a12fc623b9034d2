"""The tantivy schema of a layout."""

from __future__ import annotations

import tantivy

from ragstone.engine.embedded.text.layout import Layout

ROW = "_row"
"""The log's row number: the key shared by log, text and vectors."""
ID = "_id"
ROUTING = "_routing"
PRESENT = "_present"
"""Names of the fields a document has a value of, as far as no column tells it: text and vectors."""
METADATA_COLUMNS = {"_id": ID, "_routing": ROUTING, "_seq_no": ROW}
"""Where the values of metadata fields are; rows are sequence numbers plus one."""
EVERY = ""
"""The name in PRESENT that every document has."""


def hollow(path: str) -> str:
    """The name in PRESENT of documents that have a text field without any term in it."""
    return path + "\0"


BALLAST = "\0"
"""The name in PRESENT that entries have which are no documents (see ballast.py)."""


def filling(slot: str, terms: int) -> str:
    """The name in PRESENT that tells how many filler terms an entry has in a slot."""
    return f"{BALLAST}{slot}:{terms}"


def several(column: str) -> str:
    """The name in PRESENT that tells of more than one value in a column."""
    return column + "*"


WHITESPACE = "spaced"
"""Text slots get terms joined by spaces (or pre-tokenized texts): all analysis happens before tantivy."""


def build_schema(layout: Layout) -> tantivy.Schema:
    """Metadata fields, and every slot of the layout."""
    builder = tantivy.SchemaBuilder()
    # signed: deleting by the term of an unsigned field silently deletes nothing in this binding
    builder.add_integer_field(ROW, indexed=True, fast=True)
    builder.add_text_field(ID, fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field(ROUTING, fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field(PRESENT, tokenizer_name="raw", index_option="basic")
    for number in range(layout.capacity["text"]):
        builder.add_text_field(f"text-{number}", tokenizer_name=WHITESPACE, index_option="position")
    for number in range(layout.capacity["keyword"]):
        builder.add_text_field(f"keyword-{number}", fast=True, tokenizer_name="raw", index_option="basic")
    for number in range(layout.capacity["i64"]):
        builder.add_integer_field(f"i64-{number}", indexed=True, fast=True)
    for number in range(layout.capacity["f64"]):
        builder.add_float_field(f"f64-{number}", indexed=True, fast=True)
    for number in range(layout.capacity["bool"]):
        builder.add_boolean_field(f"bool-{number}", indexed=True, fast=True)
    return builder.build()


def register_tokenizers(index: tantivy.Index) -> None:
    """Must be done each time an index is opened; tantivy keeps only names."""
    index.register_tokenizer(WHITESPACE, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
