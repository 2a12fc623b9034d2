"""Users, roles, access keys and sessions off AWS: what `ragstone iam` keeps, and what a signature is checked with."""
