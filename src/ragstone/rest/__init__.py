"""HTTP in, HTTP out: router, request, response, and `routes/`, one file per group of paths."""
