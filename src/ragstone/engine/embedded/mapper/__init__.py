"""Mappings: what fields an index has, and what becomes of a document's values.

`service.Mapper` is the whole: parse, merge, show, parse documents. One file per family of field types; each registers
its types in `field_type.field_types`. `document_parser` walks a document, `dynamic` invents fields, `settings` reads
index settings.
"""
