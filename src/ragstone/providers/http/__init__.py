"""Outbound HTTP. `addresses` says who may be called, `transport` calls; `session` alone knows aiohttp."""
