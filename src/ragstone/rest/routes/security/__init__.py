"""`/_plugins/_security`, and the same under its older name `/_opendistro/_security`; there where security is on."""
