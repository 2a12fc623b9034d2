"""The engine that is a cluster: OpenSearch 2.19 or later over its REST API. Stateless."""
