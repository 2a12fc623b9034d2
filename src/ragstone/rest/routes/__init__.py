"""The API, path by path. Each module has `routes`; `all_routes` is the visible list of them."""
