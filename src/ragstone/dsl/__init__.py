"""The request languages: JSON → frozen node → `to_json()`. No engine, no I/O."""
