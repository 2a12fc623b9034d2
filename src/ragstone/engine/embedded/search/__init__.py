"""The two phases of a search over snapshots: rank (`query_phase`), then bring the documents (`fetch_phase`)."""
