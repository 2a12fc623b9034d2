"""Templates that new indices follow: composable ones with their components, and legacy ones."""
